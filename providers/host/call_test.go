package host_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/runner/codec"
)

// ask makes a request of the hostile guest.
func ask(do string, n int) abi.Request {
	return abi.Request{Type: "unit", Verb: abi.Read, Unit: codec.Raw(fmt.Sprintf(`{"do":%q,"n":%d}`, do, n))}
}

// raw makes a request that the hostile guest answers with a text as it is.
func raw(verb abi.Verb, reply string) abi.Request {
	return abi.Request{Type: "unit", Verb: verb, Unit: fmt.Appendf(nil, `{"do":"raw","reply":%s}`, quoted(reply))}
}

func quoted(text string) []byte {
	out, err := codec.Marshal(text)
	if err != nil {
		panic(err)
	}
	return out
}

// wantFine checks that a reply is the good one to ask("fine", n).
func wantFine(t *testing.T, r abi.Reply, n int) {
	t.Helper()
	if want := fmt.Sprintf(`{"n":%d}`, n); r.Error != nil || string(r.Actual) != want {
		t.Errorf("neighbour %d: actual %s, error %v, want %s", n, r.Actual, r.Error, want)
	}
}

// wantError checks that a reply is an error whose message contains want.
func wantError(t *testing.T, r abi.Reply, want string) {
	t.Helper()
	switch {
	case r.Error == nil:
		t.Errorf("reply = %+v, want an error containing %q", r, want)
	case !strings.Contains(r.Error.Message, want):
		t.Errorf("message = %q, want it to contain %q", r.Error.Message, want)
	case !strings.HasPrefix(r.Error.Message, "provider hostile: "):
		t.Errorf("message = %q, want it to name the provider", r.Error.Message)
	case strings.ContainsFunc(r.Error.Message+r.Error.Hint, func(c rune) bool { return c < ' ' || c > '~' }):
		t.Errorf("message = %q, hint = %q: not escaped", r.Error.Message, r.Error.Hint)
	case strings.ContainsFunc(r.Error.Detail, func(c rune) bool { return c != '\n' && c < ' ' }):
		t.Errorf("detail = %q: not escaped", r.Error.Detail)
	}
}

func TestCallHostile(t *testing.T) {
	tests := []struct {
		name string
		do   string
		want string
	}{
		{"endless loop", "loop", "did not come to an end within 73400320 steps"},
		{"endless recursion", "recurse", "did not come to an end"},
		{"endless allocation", "allocate", "ran out of memory, of which it has 64 MiB"},
		{"panic", "panic", `crashed: panic: no \x1b[31mway`},
		{"deadlock", "deadlock", "all goroutines are asleep"},
		{"exit", "exit", "exited with code 7"},
		{"noise before an exit", "print", "exited with code 1"},
		{"panic between units", "unmarked", "panic: somewhere"},
		{"a neighbour marked", "liar", "panic: not me"},
		{"a mark that is none", "wild mark", "panic: nobody"},
		{"answer that is no JSON", "garbage", "answered what is no JSON of the abi"},
		{"too many replies", "count", "gave 3 replies to 1 requests"},
		{"answer outside memory", "outside memory", "gave an answer outside its memory"},
		{"answer too large", "endless", "answered 2147483648 bytes, more than 8388608"},
		{"empty answer", "nothing", "answered what is no JSON of the abi"},
	}
	m := load(t, host.Options{Instances: 1})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			requests := []abi.Request{ask("fine", 0), ask("fine", 1), ask(test.do, 0), ask("fine", 3)}
			replies, err := m.Call(t.Context(), requests)
			if err != nil {
				t.Fatal(err)
			}
			wantError(t, replies[2], test.want)
			if hint := replies[2].Error.Hint; hint != "this is a fault of the provider: tell its author" {
				t.Errorf("hint %q", hint)
			}
			for _, n := range []int{0, 1, 3} {
				wantFine(t, replies[n], n)
			}
		})
	}
}

func TestCallRefusesReplies(t *testing.T) {
	tests := []struct {
		name  string
		reply string
		want  string
	}{
		{"no field", `{}`, "gave a reply with 0 of its fields set"},
		{"two fields", `{"actual":1,"change":{"action":"none"}}`, "gave a reply with 2 of its fields set"},
		{"another verb's field", `{"outcome":{"changed":true}}`, "gave a reply that does not answer read"},
		{"a need of nothing", `{"need":[]}`, "asked for ops and named none"},
		{"an empty op", `{"need":[{}]}`, "an op must set exactly one kind"},
		{"a relative path", `{"need":[{"fs.stat":{"path":"relative"}}]}`, `path "relative" is not absolute`},
		{"a change while reading", `{"need":[{"file.write":{"path":"/srv/x","content":{"sum":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}}}]}`, "asked to change the target while reading: file.write /srv/x"},
		{"a probe while reading", `{"need":[{"probe.tcp":{"address":"db","port":1,"timeout_ms":1,"attempts":1}}]}`, "asked for a probe while reading: probe.tcp db:1"},
		{"a path outside the manifest", `{"need":[{"fs.stat":{"path":"/etc/shadow"}}]}`, "op fs.stat /etc/shadow is outside its manifest"},
		{"content that is no digest", `{"need":[{"exec":{"argv":["id"],"read_only":true,"stdin":{"sum":"zz","size":1}}}]}`, "content is no digest"},
		{"an unknown class", `{"error":{"class":"odd","message":"x"}}`, `gave an error of class "odd"`},
		{"an error without message", `{"error":{"class":"permanent","message":""}}`, "gave an error without a message"},
		{"a need that is no list", `{"need":"yes"}`, "gave a reply that does not fit the abi"},
		{"a change without a plan", `{"change":{"action":"none"}}`, "gave a reply that does not answer read"},
		{"no object", `"text"`, "gave a reply that does not fit the abi"},
		{"a kind outside the manifest", `{"need":[{"facts":{"namespaces":["os.basic"]}}]}`, "is outside its manifest"},
	}
	m := load(t, host.Options{Instances: 1})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0), raw(abi.Read, test.reply), ask("fine", 2)})
			if err != nil {
				t.Fatal(err)
			}
			wantFine(t, replies[0], 0)
			wantError(t, replies[1], test.want)
			wantFine(t, replies[2], 2)
		})
	}
}

func TestCallEscapesErrors(t *testing.T) {
	m := load(t, host.Options{})
	replies, err := m.Call(t.Context(), []abi.Request{raw(abi.Read, `{"error":{"class":"permanent","message":"red \u001b[31m\nalert","detail":"a\u0007b\nc","hint":"\u202ehint"}}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := &abi.Error{Class: "permanent", Message: `red \x1b[31m\nalert`, Detail: `a\ab` + "\nc", Hint: `\u202ehint`}
	if diff := cmp.Diff(want, replies[0].Error); diff != "" {
		t.Error(diff)
	}
}

// TestCallMany mixes bad units into more batches than there are instances.
func TestCallMany(t *testing.T) {
	m := load(t, host.Options{Instances: 2})
	bad := map[int]string{3: "panic", 4: "exit", 41: "garbage", 77: "unmarked", 119: "deadlock"}
	var requests []abi.Request
	for n := range 120 {
		if do, ok := bad[n]; ok {
			requests = append(requests, ask(do, n))
		} else {
			requests = append(requests, ask("fine", n))
		}
	}
	replies, err := m.Call(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range replies {
		if _, ok := bad[n]; ok {
			wantError(t, r, "")
		} else {
			wantFine(t, r, n)
		}
	}
}

// TestCallWorld shows what a guest sees of the world: nothing that differs
// from one machine or moment to another.
func TestCallWorld(t *testing.T) {
	m := load(t, host.Options{})
	replies, err := m.Call(t.Context(), []abi.Request{ask("clock", 0), ask("sleep", 3600)})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(replies[0].Actual); got != "0" {
		t.Errorf("clock = %s, want it to stand still at 0", got)
	}
	if got := string(replies[1].Actual); got != `"slept"` {
		t.Errorf("sleep = %s, error %v", got, replies[1].Error)
	}
	var random []string
	for range 2 {
		replies, err := load(t, host.Options{}).Call(t.Context(), []abi.Request{ask("random", 0)})
		if err != nil {
			t.Fatal(err)
		}
		random = append(random, string(replies[0].Actual))
	}
	if random[0] != random[1] || random[0] == "" {
		t.Errorf("random = %q, want the same twice", random)
	}
}

func TestCallTooLarge(t *testing.T) {
	m := load(t, host.Options{})
	large := ask("fine", 1)
	large.Actual = codec.Raw(`"` + strings.Repeat("x", abi.MaxCall) + `"`)
	replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0), large})
	if err != nil {
		t.Fatal(err)
	}
	wantFine(t, replies[0], 0)
	wantError(t, replies[1], "more than 8388608")
}

// TestCallLarge sends requests that do not fit into one call together.
func TestCallLarge(t *testing.T) {
	m := load(t, host.Options{Instances: 1})
	var requests []abi.Request
	for n := range 4 {
		r := ask("fine", n)
		r.Actual = codec.Raw(`"` + strings.Repeat("x", 3<<20) + `"`)
		requests = append(requests, r)
	}
	replies, err := m.Call(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range replies {
		wantFine(t, r, n)
	}
}

func TestCallVerify(t *testing.T) {
	m := load(t, host.Options{Verify: true, Instances: 1})
	for range 2 { // the first call comes first in every instance
		replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0), ask("state", 0)})
		if err != nil {
			t.Fatal(err)
		}
		wantFine(t, replies[0], 0)
		if string(replies[1].Actual) == "1" {
			continue
		}
		wantError(t, replies[1], "is not deterministic")
		return
	}
	t.Error("a guest that counts its calls passed")
}

func TestCallCancelled(t *testing.T) {
	m := load(t, host.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Call(ctx, []abi.Request{ask("fine", 0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want it cancelled", err)
	}
	replies, err := m.Call(t.Context(), []abi.Request{ask("fine", 0)})
	if err != nil {
		t.Fatal(err)
	}
	wantFine(t, replies[0], 0)
}
