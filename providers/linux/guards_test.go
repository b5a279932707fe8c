package linux_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// TestGuards: the questions that let a command run are announced, and the program that one of them could not start. What only runs
// if a program says so needs that program; that it is missing is no answer.
func TestGuards(t *testing.T) {
	ends := func(rc int, stderr string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result { return op.Result{Exec: &op.ExecResult{RC: rc, Stderr: stderr}} }
	}
	for _, tt := range []struct {
		name, args     string
		guards, needs  string
		reason, action string
	}{
		{"files", `"creates":"/etc/made","removes":"/etc/here"`, "creates /etc/made, removes /etc/here", "", "", "run"},
		{"commands", `"unless":"no","onlyif":"yes"`, "unless no, onlyif yes", "", "", "run"},
		{"kept", `"unless":"yes"`, "", "", `unless "yes" ended with 0`, "none"},
		{"unless without its program", `"unless":"composer --version"`, "unless composer --version: program composer", "", "unless: composer not found", "run"},
		{"onlyif without its program", `"onlyif":"composer --version"`, "onlyif composer --version: program composer", "program composer", "", "run"},
		{"a program within", `"onlyif":"cd /x && wp core"`, "onlyif cd /x && wp core: program wp", "program wp", "", "run"},
		{"a program that env does not find", `"onlyif":"env lost"`, "onlyif env lost: program lost", "program lost", "", "run"},
		{"what cannot be executed", `"onlyif":"/etc/motd x"`, "onlyif /etc/motd x: program /etc/motd", "program /etc/motd", "", "run"},
		{"a shell that does not say what", `"onlyif":"lost x"`, "onlyif lost x: program lost", "program lost", "", "run"},
		{"its output is dropped", `"onlyif":"lost >/dev/null 2>&1"`, "onlyif lost >/dev/null 2>&1: program lost", "program lost", "", "run"},
		{"it asks whether a program is there", `"onlyif":"command -v lost"`, "", "", `onlyif "command -v lost" ended with 127`, "none"},
		{"it ends so by itself", `"onlyif":"(exit 127)"`, "", "", `onlyif "(exit 127)" ended with 127`, "none"},
		{"no answer is not another one", `"onlyif":"composer --version","unless":"yes"`, "", "", `unless "yes" ended with 0`, "none"},
		{"it has changed nothing", `"onlyif":"composer --version","changed_when":false`, "onlyif composer --version: program composer", "program composer", "", "probe"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := cmdHost()
			m.Programs["composer --version"] = ends(127, "/bin/sh: 1: composer: not found\n")
			m.Programs["cd /x && wp core"] = ends(127, "sh: line 1: wp: command not found\n")
			m.Programs["env lost"] = ends(127, "env: \u2018lost\u2019: No such file or directory\n")
			m.Programs["/etc/motd x"] = ends(126, "/bin/sh: 1: /etc/motd: Permission denied\n")
			for _, silent := range []string{"lost >/dev/null 2>&1", "command -v lost", "(exit 127)"} {
				m.Programs[silent] = ends(127, "")
			}
			m.Programs["lost x"] = ends(127, "")
			got, err := kit(t, m).Plan(providertest.Unit{Type: "cmd", Args: cmdArgs(tt.args)})
			if err != nil {
				t.Fatal(err)
			}
			var guards []string
			for _, g := range got.Guards {
				text := g.Name + " " + g.Command + g.Path
				if g.Lacks != nil {
					text += ": " + g.Lacks.What
				}
				guards = append(guards, text)
			}
			if all := strings.Join(guards, ", "); all != tt.guards || missing(got) != tt.needs && !strings.HasPrefix(missing(got), tt.needs+" in ") || got.Reason != tt.reason || got.Action != abi.Action(tt.action) {
				t.Errorf("%s: guards %q, needs %q, reason %q", got.Action, all, missing(got), got.Reason)
			}
		})
	}
}
