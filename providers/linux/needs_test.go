package linux_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// TestNeeds: what a unit needs and the host does not have is announced, and a command of
// which a shell decides what it starts needs no program.
func TestNeeds(t *testing.T) {
	const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, tt := range []struct{ name, typ, args, want string }{
		{"owner and group", "file", `"owner":"nosuch","group":"nogroup"`, "user nosuch, group nogroup"},
		{"owner and group that are known", "file", `"owner":"app","group":"root"`, ""},
		{"numbers", "file", `"owner":"12345","group":"0"`, ""},
		{"owner of what goes", "file", `"state":"absent","owner":"nosuch"`, ""},
		{"validate", "file", `"validate":"lost -c %s"`, "program lost in " + path},
		{"validate by a path", "file", `"validate":"/opt/lost -c %s"`, "program /opt/lost"},
		{"validate by a shell's means", "file", `"validate":"lost %s || true"`, ""},
		{"validate that is there", "file", `"validate":"visudo -cf %s"`, ""},
		{"program", "cmd", `"command":["lost","x y","$z"]`, "program lost in " + path},
		{"program and directory", "cmd", `"command":["/opt/lost"],"cwd":"/gone"`, "directory /gone, program /opt/lost"},
		{"program in a PATH", "cmd", `"command":["lost"],"env":{"PATH":"/a:/b"}`, "program lost in /a:/b"},
		{"program at a relative path", "cmd", `"command":["./lost"]`, ""},
		{"program that is there", "cmd", `"command":["ls"]`, ""},
		{"words", "cmd", `"command":"lost --to=x a/b"`, "program lost in " + path},
		{"words with an assignment", "cmd", `"command":"A=b lost"`, ""},
		{"words with an alternative", "cmd", `"command":"lost || true"`, ""},
		{"words in quotes", "cmd", `"command":"'lost' x"`, ""},
		{"words where the code of a program that is not there is right", "cmd", `"command":"lost x","ok_exit_codes":[0,127]`, ""},
		{"the shell's own word", "cmd", `"command":"cd /gone"`, ""},
		{"another script", "cmd", `"command":"./lost x"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := host(nil)
			m.Lacks = []string{"lost", "/opt/lost", "/gone"}
			args := tt.args
			if tt.typ == "file" {
				args = `{"path":"/etc/x","recurse":false,"backup":false,` + args
				if !strings.Contains(args, `"state"`) {
					args += `,"state":"present"`
				}
				args += "}"
			} else {
				args = cmdArgs(args)
			}
			got, err := kit(t, m).Plan(providertest.Unit{Type: tt.typ, Args: args})
			if err != nil {
				t.Fatal(err)
			}
			if missing(got) != tt.want {
				t.Errorf("needs %q, want %q", missing(got), tt.want)
			}
		})
	}
}

// TestNeedsUnknown: what is known only at apply is not asked for, nor what a guard keeps from running.
func TestNeedsUnknown(t *testing.T) {
	m := host(nil)
	m.Lacks = []string{"lost", "/gone"}
	for _, u := range []providertest.Unit{
		{Type: "cmd", Args: cmdArgs(`"command":"","cwd":""`), Unknown: []string{"command", "cwd"}},
		{Type: "cmd", Args: cmdArgs(`"command":"lost"`), Unknown: []string{"env"}},
		{Type: "cmd", Args: cmdArgs(`"command":"lost","removes":"/nothing"`)},
	} {
		change, err := kit(t, m).Plan(u)
		if err != nil {
			t.Fatal(err)
		}
		if len(change.Needs) > 0 {
			t.Errorf("%s needs %q", u.Args, missing(change))
		}
	}
}

// TestNeedsHint: each says what to do, and where files may bring it.
func TestNeedsHint(t *testing.T) {
	m := host(nil)
	m.Lacks = []string{"lost"}
	change, err := kit(t, m).Plan(providertest.Unit{Type: "cmd", Args: cmdArgs(`"command":["lost"],"env":{"PATH":"/a/:rel:/b"}`)})
	if err != nil {
		t.Fatal(err)
	}
	n := change.Needs[0]
	if n.Hint == "" || len(n.Paths) != 2 || n.Paths[0] != "/a/lost" || n.Paths[1] != "/b/lost" {
		t.Errorf("%+v", n)
	}
	if change.Effects[0].Op.Kind() != op.KindExec {
		t.Errorf("announces %s", change.Effects[0].Op)
	}
}
