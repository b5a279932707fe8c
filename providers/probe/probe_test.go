package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/probe"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// complete adds what the schemas of the types fill in.
func complete(typ, args string) string {
	if typ == "check" {
		return "{" + args + "}"
	}
	defaults := `"timeout":"10s","attempts":1,"interval":"1s"`
	if typ == "probe_http" {
		defaults += `,"status":200,"insecure":false,"follow":false`
	} else {
		defaults += `,"closed":false`
	}
	var all []string
	for d := range strings.SplitSeq(defaults, ",") {
		if name, _, _ := strings.Cut(d, ":"); !strings.Contains(args, name) {
			all = append(all, d)
		}
	}
	return "{" + strings.Join(append(all, args), ",") + "}"
}

const (
	site = "http://web/"
	get  = `"probe.http":{"url":"http://web/","status":[200],"timeout_ms":10000,"attempts":1,"interval_ms":1000}`
)

// network has a site and a database.
func network() *providertest.Memory {
	return &providertest.Memory{Listeners: map[string]func(op.Op) op.Result{
		site: func(o op.Op) op.Result {
			return op.Result{HTTP: &op.HTTPResult{Status: 200, Body: "hello " + o.HTTP.Body, Attempts: 3}}
		},
		"db:5432": func(op.Op) op.Result { return op.Result{TCP: &op.TCPResult{Received: "ok", Attempts: 1}} },
		"http://bad/": func(op.Op) op.Result {
			return op.Result{Error: &op.Error{Class: op.Transient, Code: "probe", Message: "status 502, expected 200 (3 attempts in 2s)\nHTTP/1.1 502 Bad Gateway\n\noh"}}
		},
	}}
}

func TestPlan(t *testing.T) {
	tests := []struct {
		name, typ, args string
		unknown         []string
		want            string // the effect
	}{
		{"http", "probe_http", `"url":"http://web/"`, nil, `{"op":{` + get + `}}`},
		{
			"http, all there is", "probe_http", `"url":"https://web/","name":"n","status":[200,404],"contains":"ok","headers":{"B":"2","A":"1"},"method":"POST","body":"x",` +
				`"timeout":"1m30s","attempts":5,"interval":"500ms","via":"h2","ca":"PEM","follow":true`, nil,
			`{"op":{"probe.http":{"url":"https://web/","method":"POST","headers":{"A":"1","B":"2"},"body":"x","status":[200,404],"contains":"ok","ca":"PEM","follow":true,` +
				`"via":"h2","timeout_ms":90000,"attempts":5,"interval_ms":500}}}`,
		},
		{
			"http, insecure", "probe_http", `"url":"http://web/","insecure":true,"interval":"0s"`, nil,
			`{"op":{"probe.http":{"url":"http://web/","status":[200],"insecure":true,"timeout_ms":10000,"attempts":1}}}`,
		},
		{
			"http, not known yet", "probe_http", `"name":"n"`,
			[]string{"url", "body", "headers", "contains"},
			`{"op":{"probe.http":{"url":"","status":[200],"timeout_ms":10000,"attempts":1,"interval_ms":1000}},"unknown":["url","contains","headers","body"]}`,
		},
		{"tcp", "probe_tcp", `"address":"db","port":5432`, nil, `{"op":{"probe.tcp":{"address":"db","port":5432,"timeout_ms":10000,"attempts":1,"interval_ms":1000}}}`},
		{
			"tcp, closed", "probe_tcp", `"address":"db","port":1,"closed":true,"via":"h1","timeout":"2h"`, nil,
			`{"op":{"probe.tcp":{"address":"db","port":1,"closed":true,"via":"h1","timeout_ms":7200000,"attempts":1,"interval_ms":1000}}}`,
		},
		{
			"tcp, not known yet", "probe_tcp", `"address":"db","port":1,"contains":"PONG"`,
			[]string{"send"},
			`{"op":{"probe.tcp":{"address":"db","port":1,"contains":"PONG","timeout_ms":10000,"attempts":1,"interval_ms":1000}},"unknown":["send"]}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := network()
			k := providertest.New(t, providertest.Native(probe.Types()), m)
			change, err := k.Plan(providertest.Unit{Type: tt.typ, Args: complete(tt.typ, tt.args), Unknown: tt.unknown})
			if err != nil {
				t.Fatal(err)
			}
			if change.Action != abi.Probe || len(change.Diffs) != 0 || len(change.Effects) != 1 {
				t.Fatalf("got %+v", change)
			}
			got, encErr := codec.Marshal(change.Effects[0])
			if encErr != nil {
				t.Fatal(encErr)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("effect (-want +got):\n%s", diff)
			}
			if k.Rounds != 0 || len(m.Probed) != 0 {
				t.Errorf("planning took %d rounds and made %v", k.Rounds, m.Probed)
			}
		})
	}
}

func TestApply(t *testing.T) {
	tests := []struct{ name, typ, args, want string }{
		{"http", "probe_http", `"url":"http://web/"`, `{"changed":false,"status":200,"body":"hello ","attempts":3}`},
		{"tcp", "probe_tcp", `"address":"db","port":5432`, `{"changed":false,"received":"ok","attempts":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := network()
			k := providertest.New(t, providertest.Native(probe.Types()), m)
			out, err := k.Apply(providertest.Unit{Type: tt.typ, Args: complete(tt.typ, tt.args)})
			if err != nil {
				t.Fatal(err)
			}
			if string(out.Outputs) != tt.want || len(m.Done) != 0 || len(m.Probed) != 1 {
				t.Errorf("got %s, %d probes", out.Outputs, len(m.Probed))
			}
		})
	}
	t.Run("a condition", func(t *testing.T) {
		k := providertest.New(t, providertest.Native(probe.Types()), network())
		out, err := k.Learn(providertest.Unit{Type: "check", Args: `{"message":"no"}`, Unknown: []string{"condition"}}, `{"message":"no","condition":true}`)
		if err != nil || string(out.Outputs) != `{"changed":false}` {
			t.Errorf("got %+v, %v", out, err)
		}
	})
	t.Run("known only now", func(t *testing.T) {
		k := providertest.New(t, providertest.Native(probe.Types()), network())
		u := providertest.Unit{Type: "probe_http", Args: complete("probe_http", `"name":"n"`), Unknown: []string{"url", "body"}}
		out, err := k.Learn(u, complete("probe_http", `"name":"n","url":"http://web/","body":"you"`))
		if err != nil || !strings.Contains(string(out.Outputs), "hello you") {
			t.Errorf("got %s, %v", out.Outputs, err)
		}
	})
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name, typ, args string
		want            abi.Error
	}{
		{"not as expected", "probe_http", `"url":"http://bad/"`, abi.Error{Class: op.Transient, Message: "status 502, expected 200 (3 attempts in 2s)", Detail: "HTTP/1.1 502 Bad Gateway\n\noh"}},
		{"nothing there", "probe_tcp", `"address":"db","port":1`, abi.Error{Class: op.Transient, Message: "connection refused (1 attempt in 0s)"}},
		{"a condition", "check", `"message":"it is not so","condition":false`, abi.Error{Class: op.Permanent, Message: "it is not so"}},
		{"no time", "probe_tcp", `"address":"db","port":1,"timeout":"1d"`, abi.Error{Class: op.Permanent, Message: "timeout 1d is no time", Hint: `write "10s", "1m30s" or "500ms"`}},
		{"no status", "probe_http", `"url":"http://bad/","status":["ok"]`, abi.Error{Class: op.Permanent, Message: "status is no number, or list of numbers"}},
		{"no port", "probe_tcp", `"address":"db","port":0`, abi.Error{Class: op.Permanent, Message: "effect is not valid: probe.tcp: address is empty, or port is not within 1 to 65535"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := providertest.New(t, providertest.Native(probe.Types()), network())
			_, err := k.Apply(providertest.Unit{Type: tt.typ, Args: complete(tt.typ, tt.args)})
			if diff := cmp.Diff(&tt.want, err); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// FuzzTime compares with the standard library's reader, on what both take.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"", "0s", "10s", "1m30s", "500ms", "1h1m1s1ms", "10", "s", "1.5s", "-1s", "1us", "999999999999999999999h", "200h", "1ms1", "168h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := network()
		k := providertest.New(t, providertest.Native(probe.Types()), m)
		text, encErr := codec.Marshal(strings.ToValidUTF8(s, "?"))
		if encErr != nil {
			t.Fatal(encErr)
		}
		change, err := k.Plan(providertest.Unit{Type: "probe_tcp", Args: complete("probe_tcp", `"address":"db","port":1,"interval":`+string(text))})
		want, wantErr := time.ParseDuration(s)
		plain := strings.Trim(s, "0123456789smh") == "" && s != "0" && s != ""
		if ok := plain && wantErr == nil && want <= 7*24*time.Hour; ok != (err == nil) {
			t.Fatalf("%q: got %v, want %v, %v", s, err, want, wantErr)
		}
		if err == nil && change.Effects[0].Op.TCP.IntervalMS != want.Milliseconds() {
			t.Fatalf("%q: got %d ms, want %v", s, change.Effects[0].Op.TCP.IntervalMS, want)
		}
	})
}
