package program

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

func TestScript(t *testing.T) {
	m := newMachine(t)
	for _, tt := range []struct {
		name, script string
		args         []string
		want         op.ExecResult
	}{
		{"arguments", "#!/bin/sh\nprintf '%s|' \"$@\"\n", []string{"a b", "-x", "$HOME"}, op.ExecResult{Stdout: "a b|-x|$HOME|"}},
		{"an argument of what runs it", "#! /bin/sh -e \nfalse\necho no\n", nil, op.ExecResult{RC: 1}},
		{"the words behind are one", "#!/usr/bin/printf %s 1\n", nil, op.ExecResult{Stdout: "/proc/self/fd/3 1"}},
		{"one line", "#!/bin/cat", nil, op.ExecResult{Stdout: "#!/bin/cat"}},
		{"no input", "#!/bin/sh\ncat; readlink /proc/self/fd/0; exit 7\n", nil, op.ExecResult{RC: 7, Stdout: "/dev/null\n"}},
		{"nothing on a disk", "#!/bin/sh\nreadlink /proc/self/fd/3\n", nil, op.ExecResult{Stdout: "/memfd:script (deleted)\n"}},
		{"a long one", "#!/bin/sh\n#" + strings.Repeat("x", 200_000) + "\necho end\n", nil, op.ExecResult{Stdout: "end\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := performtest.Do(t, m, op.Op{Exec: &op.Exec{Script: op.NewBlob([]byte(tt.script)), Argv: tt.args}}).Exec
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestScriptRefuses: a script that does not say what runs it is not run, and does as its hint says.
func TestScriptRefuses(t *testing.T) {
	m := newMachine(t)
	for _, tt := range []struct{ name, script, code, want, better string }{
		{"none", "", op.CodeScript, "does not say what runs it", "#!/bin/sh\n"},
		{"no first line", "echo x\n", op.CodeScript, "does not say what runs it", "#!/bin/sh\necho x\n"},
		{"no path", "#!sh\n", op.CodeScript, "does not say what runs it", "#!/bin/sh\n"},
		{"Windows", "#!/bin/sh\r\necho x\r\n", op.CodeScript, `carriage return, as on Windows: there is no program "/bin/sh\r"`, "#!/bin/sh\necho x\n"},
		{"too long", "#!/bin/sh" + strings.Repeat(" ", 300) + "\n", op.CodeScript, "does not say what runs it", "#!/bin/sh\n"},
		{"another's", "#!/nothing/python\n", "enoent", "/nothing/python", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := func(script string) op.Op { return op.Op{Exec: &op.Exec{Script: op.NewBlob([]byte(script))}} }
			e := performtest.Refused(t, m, run(tt.script), tt.code)
			if !strings.Contains(e.Message, tt.want) || (e.Hint() == `begin it with a line such as #!/bin/sh, and end its lines as on Linux: sed -i 's/\r$//' FILE`) != (tt.code == op.CodeScript) {
				t.Errorf("got %q with %q, expected %q", e.Message, e.Hint(), tt.want)
			}
			if tt.better != "" {
				performtest.Do(t, m, run(tt.better))
			}
		})
	}
}
