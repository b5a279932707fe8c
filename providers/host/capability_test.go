package host_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
)

// TestBoundToArguments: where the manifest says so, what changes a host is about
// what the unit's arguments name, and programs are the author's.
func TestBoundToArguments(t *testing.T) {
	m := loadPackage(t, host.Options{CacheDir: cacheDir}, pack(`
name: hostile
version: 0.1.0
abi: 1
types: {unit: "#Unit"}
capabilities:
  ops:
    - {kind: file.remove, paths: ["/**"], arguments: [path]}
    - {kind: svc.ensure, arguments: [service]}
    - {kind: file.fetch, paths: ["/**"], arguments: [path, url]}
    - {kind: exec, programs: ["*"], runs: [{from: {shell: command, dir: cwd}}]}
`, guests["hostile"]))
	for _, tt := range []struct {
		name, args, effect string
		want               string // "" is allowed
	}{
		{"its own path", `"path":"/srv/x"`, `{"file.remove":{"path":"/srv/x"}}`, ""},
		{"another path", `"path":"/srv/x"`, `{"file.remove":{"path":"/etc/passwd"}}`, "is not what the unit's arguments say"},
		{"no argument", `"other":"/srv/x"`, `{"file.remove":{"path":"/srv/x"}}`, "is not what the unit's arguments say"},
		{"its own service", `"service":"nginx"`, `{"svc.ensure":{"name":"nginx.service","state":"stopped"}}`, ""},
		{"its own timer", `"service":"backup"`, `{"svc.ensure":{"name":"backup.timer","state":"running"}}`, ""},
		{"its own socket, which it does not name", `"service":"backup"`, `{"svc.ensure":{"name":"backup.socket","state":"running"}}`, "is not what the unit's arguments say"},
		{"another service", `"service":"nginx"`, `{"svc.ensure":{"name":"sshd.service","state":"stopped"}}`, "is not what the unit's arguments say"},
		{"its own url", `"path":"/srv/x","url":"https://a/x"`, `{"file.fetch":{"path":"/srv/x","url":"https://a/x"}}`, ""},
		{"another url", `"path":"/srv/x","url":"https://a/x"`, `{"file.fetch":{"path":"/srv/x","url":"http://127.0.0.1/x"}}`, "is not what the unit's arguments say"},
		{"its own url to another path", `"path":"/srv/x","url":"https://a/x"`, `{"file.fetch":{"path":"/etc/passwd","url":"https://a/x"}}`, "is not what the unit's arguments say"},
		{"its own command", `"command":"ls","cwd":"/srv"`, `{"exec":{"shell":"ls","dir":"/srv"}}`, ""},
		{"its own command elsewhere", `"command":"ls"`, `{"exec":{"shell":"ls","dir":"/srv"}}`, "is not what the unit's arguments say"},
		{"another command", `"command":"ls"`, `{"exec":{"shell":"evil"}}`, "is not what the unit's arguments say"},
		{"its own command with input", `"command":"ls"`, `{"exec":{"shell":"ls","env":["A=b"]}}`, "is not what the unit's arguments say"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reply := `{"change":{"action":"run","effects":[{"op":` + tt.effect + `}]}}`
			unit := fmt.Appendf(nil, `{"do":"raw","reply":%s,%s}`, quoted(reply), tt.args)
			replies, err := m.Call(t.Context(), []abi.Request{{Type: "unit", Verb: abi.Plan, Unit: unit}})
			if err != nil {
				t.Fatal(err)
			}
			if tt.want != "" {
				wantError(t, replies[0], tt.want)
			} else if replies[0].Error != nil {
				t.Error(replies[0].Error)
			}
		})
	}
}

// TestCallEscapesChanges: nothing that a guest says of a change reaches a terminal as it is.
func TestCallEscapesChanges(t *testing.T) {
	m := load(t, host.Options{})
	reply := `{"change":{"action":"run","reason":"a\u001b[2Jb","decides":["d\u202ey"],"edits":["/e\u202ey"],"notes":["n\u202ey"],"needs":[{"what":"x\u202ey","refusal":{"class":"conflict","message":"m\u202ey","detail":"a\r\nb\u202ey","hint":"h\u202ey"},"where":"w\u202ey","hint":"h\u202ey"}],"diffs":[{"field":"m\u001b[31mode","after":1}],"effects":[{"op":{"exec":{"argv":["id"]}}}]}}`
	replies, err := m.Call(t.Context(), []abi.Request{raw(abi.Plan, reply)})
	if err != nil {
		t.Fatal(err)
	}
	if replies[0].Error != nil {
		t.Fatal(replies[0].Error)
	}
	c := replies[0].Change
	if c.Reason != `a\x1b[2Jb` || c.Needs[0].What != `x\u202ey` || c.Needs[0].Where != `w\u202ey` || c.Needs[0].Hint != `h\u202ey` || c.Diffs[0].Field != `m\x1b[31mode` {
		t.Errorf("%q, %+v, %q", c.Reason, c.Needs, c.Diffs[0].Field)
	}
	if r := c.Needs[0].Refusal; c.Decides[0] != `d\u202ey` || c.Edits[0] != `/e\u202ey` || c.Notes[0] != `n\u202ey` || r.Message != `m\u202ey` || r.Detail != "a\nb\\u202ey" || r.Hint != `h\u202ey` {
		t.Errorf("%q %q %q %+v", c.Decides, c.Edits, c.Notes, r)
	}
}

// TestCallRefusesRemarks: what a change says of others is bounded, and is of absolute paths; how it would fail is a whole error.
func TestCallRefusesRemarks(t *testing.T) {
	m := load(t, host.Options{})
	for remarks, want := range map[string]string{
		`"edits":["etc"]`: `named "etc" as a path that it edits, want an absolute path`,
		`"notes":["` + strings.Repeat(`x","`, 256) + `x"]`:      "told 257 remarks of a kind, more than 256",
		`"needs":[{"what":"x","refusal":{"class":"conflict"}}]`: "gave an error without a message",
		`"needs":[{"what":"x","refusal":{"message":"x"}}]`:      "gave an error of class",
	} {
		replies, err := m.Call(t.Context(), []abi.Request{raw(abi.Plan, `{"change":{"action":"run",`+remarks+`,"effects":[{"op":{"exec":{"argv":["id"]}}}]}}`)})
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, replies[0], want)
	}
}

// TestCallRefusesNeeds: what is missing has a name, and is brought at absolute paths.
func TestCallRefusesNeeds(t *testing.T) {
	m := load(t, host.Options{})
	for needs, want := range map[string]string{
		`{"hint":"x"}`:                                       "did not say what is missing",
		`{"what":"x","paths":["etc"]}`:                       `named "etc" as a path that brings what is missing`,
		`{"what":"x","directory":true}`:                      "named 0 paths that bring what is missing",
		strings.Repeat(`{"what":"x"},`, 32) + `{"what":"x"}`: "named 33 things that are missing",
	} {
		replies, err := m.Call(t.Context(), []abi.Request{raw(abi.Plan, `{"change":{"action":"run","needs":[`+needs+`],"effects":[{"op":{"exec":{"argv":["id"]}}}]}}`)})
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, replies[0], want)
	}
}

func TestLoadWithoutManifest(t *testing.T) {
	rt, err := host.New(t.Context(), host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close(t.Context())
	if _, err := rt.Load(t.Context(), fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "manifest.yaml, cannot be read: file does not exist") {
		t.Errorf("err = %v", err)
	}
}
