package answers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/runtime/ui"
)

func TestShown(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    any
		want string
	}{
		{"none", nil, "(none)"},
		{"text", "a\r\nb\x1b[31m\n", "a\nb" + ui.Readable("\x1b[31m")},
		{"no text", "", "(empty)"},
		{"nothing", []any{}, "(none)"},
		{"names", []any{"a", "b"}, "a\nb"},
		{"object", map[string]any{"size": int64(3), "exists": true, "mode": "0644"}, "exists  yes\nmode    0644\nsize    3"},
		{"table", []any{map[string]any{"path": "/a", "size": int64(3)}, map[string]any{"path": "/bc", "size": int64(40)}}, "PATH  SIZE\n/a    3\n/bc   40"},
		{"by name", map[string]any{"x": map[string]any{"active": "yes"}}, "NAME  ACTIVE\nx     yes"},
		{"program", map[string]any{"rc": int64(2), "stdout": "a\n", "stderr": "b\n"}, "exit code 2\na\nstderr: b"},
		{"nothing in it", map[string]any{"type": "file", "target": ""}, "type  file"},
		{"silent program", map[string]any{"rc": int64(0), "stdout": "", "stderr": ""}, "(nothing printed)"},
	} {
		if diff := cmp.Diff(tt.want, Shown(tt.v)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestAnswers groups what is equal: what most hosts say first, those that failed left to their errors.
func TestAnswers(t *testing.T) {
	a := &Answers{of: map[string]map[string]answer{"cmd[x]": {}}, units: []string{"cmd[x]"}}
	say := func(host, stdout string, failed bool) {
		a.Order = append(a.Order, host)
		a.of["cmd[x]"][host] = answer{output: output.Output{Stdout: output.Stream{Text: stdout}}, failed: failed}
	}
	say("h1", "old\n", false)
	say("h2", "new\n", false)
	say("h3", "new\n", false)
	say("h4", "broken\n", true)
	say("h10", "", false)
	a.Order = append(a.Order, "h11")
	a.of["cmd[x]"]["h12"], a.Order = answer{output: output.Output{Sensitive: true}}, append(a.Order, "h12")
	want := "2 hosts: h[2-3]\n  new\nh1\n  old\nh10\n  (nothing printed)\nh12\n  (sensitive)\n"
	if diff := cmp.Diff(want, a.Text(ui.Style{})); diff != "" {
		t.Error(diff)
	}

	// Of several units each is named, but for those that print nothing.
	a.Named, a.units, a.Order = true, append(a.units, "cmd[quiet]", "cmd[y]"), []string{"h1", "h2"}
	a.of["cmd[quiet]"] = map[string]answer{"h1": {}}
	a.of["cmd[y]"] = map[string]answer{"h2": {output: output.Output{Stderr: output.Stream{Text: "no\n"}}}}
	want = "cmd[x]\n  h1\n    old\n  h2\n    new\ncmd[y]\n  h2\n    stderr: no\n"
	if diff := cmp.Diff(want, a.Text(ui.Style{})); diff != "" {
		t.Error(diff)
	}
}
