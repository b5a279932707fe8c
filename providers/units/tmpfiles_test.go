package units_test

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
	"github.com/openfroyo/froyo/runner/op"
)

const tmpfilesCheck = "systemd-tmpfiles --create %s"

func TestTmpfiles(t *testing.T) {
	const path = "/etc/tmpfiles.d/x.conf"
	write, remove := []string{"file.write " + path}, []string{"file.remove " + path}
	boot := "d! /run/app 0755\n"
	converge(t, path, []fixture{
		{"new", "tmpfiles", given{"rules": []string{"d! /run/app 0755", "R /tmp/x"}}, "", mark + boot + "R /tmp/x\n", write},
		{"one rule", "tmpfiles", given{"rules": "d! /run/app 0755"}, "", mark + boot, write},
		{"as it should be", "tmpfiles", given{"rules": []string{"d! /run/app 0755"}}, mark + boot, mark + boot, nil},
		{"another rule", "tmpfiles", given{"rules": []string{"d! /run/app 0700"}}, mark + boot, mark + "d! /run/app 0700\n", write},
		{"specifiers, quotes and blanks", "tmpfiles", given{"content": "# c\n\n\td %t/app\nd \"/run/a b\"\nf+ '/run/c'\n"}, "", "# c\n\n\td %t/app\nd \"/run/a b\"\nf+ '/run/c'\n", write},
		{"removed", "tmpfiles", given{"state": "absent"}, "old\n", "", remove},
		{"removed already", "tmpfiles", given{"state": "absent"}, "", "", nil},
	})
}

// TestTmpfilesStrays: what rules make is made again, and gets its mode and owner.
func TestTmpfilesStrays(t *testing.T) {
	const create = "systemd-tmpfiles --create /etc/tmpfiles.d/x.conf"
	dir := func(mode uint32, owner string) *providertest.Node {
		return &providertest.Node{Type: op.TypeDir, Mode: mode, Owner: owner, Group: "root"}
	}
	for _, tt := range []struct {
		name  string
		rules string
		at    *providertest.Node // at /run/app
		diff  string             // before and after, "" for none
	}{
		{"gone", "d /run/app 0755 app root", nil, `null "0755 app root"`},
		{"gone, and nothing told", "L /run/app - - - - /srv", nil, `null "present"`},
		{"right", "d /run/app 0755 app root", dir(0o755, "app"), ""},
		{"another mode", "d /run/app 755 app", dir(0o700, "app"), `"0700 app" "0755 app"`},
		{"another owner", "d /run/app - app -", dir(0o700, "root"), `"root" "app"`},
		{"an owner by number", "d /run/app - 7 -", dir(0o700, "root"), ""},
		{"a mode for new ones", "d /run/app :0755 :app", dir(0o700, "root"), ""},
		{"a link's mode", "L /run/app 0755 app", dir(0o700, "root"), ""},
		{"set by another rule", "d /run/app 0755\nz /run/app 0700", dir(0o700, "root"), ""},
		{"at boot", "d! /run/app 0755", nil, ""},
		{"may fail", "d- /run/app 0755", nil, ""},
		{"a rule that makes nothing", "r /run/app", nil, ""},
		{"up", "d /run/../app", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := host("/etc/tmpfiles.d/x.conf", tt.rules+"\n")
			m.Files["/run"] = dir(0o755, "root")
			if tt.at != nil {
				m.Files["/run/app"] = tt.at
			}
			m.Programs[create] = func(*op.Exec) op.Result {
				m.Files["/run/app"] = dir(0o755, "app")
				return op.Result{Exec: &op.ExecResult{}}
			}
			change, _ := providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "tmpfiles", given{"content": tt.rules + "\n"}))
			if tt.diff == "" {
				if change.Action != abi.None {
					t.Errorf("planned %+v", change)
				}
				return
			}
			if len(change.Diffs) != 1 || len(m.Done) != 1 {
				t.Fatalf("planned %+v, done %v", change, m.Done)
			}
			before := string(change.Diffs[0].Before)
			if before == "" {
				before = "null"
			}
			if got := before + " " + string(change.Diffs[0].After); got != tt.diff || change.Diffs[0].Field != "/run/app" {
				t.Errorf("%s: %s, want %s", change.Diffs[0].Field, got, tt.diff)
			}
		})
	}
}

// TestTmpfilesFails: rules that cannot be carried out fail the unit, and a file of such rules does not count.
func TestTmpfilesFails(t *testing.T) {
	fails := providertest.Exits(73, "")
	for _, before := range []string{"", "d /run/app\n"} {
		m := host("/etc/tmpfiles.d/x.conf", before)
		m.Programs[tmpfilesCheck], m.Programs["systemd-tmpfiles --create /etc/tmpfiles.d/x.conf"] = fails, fails
		if _, err := providertest.New(t, providertest.Native(units.Types()), m).Apply(unit(t, "tmpfiles", given{"content": "d /run/app\n"})); err == nil {
			t.Errorf("with %q: it did not fail", before)
		}
		if got := holds(t, m, "/etc/tmpfiles.d/x.conf"); got != before {
			t.Errorf("it says %q", got)
		}
	}
}

func TestTmpfilesRefused(t *testing.T) {
	const fields = `a rule is type, path, mode, user, group, age, argument: "d /run/app 0755 app app -"; see tmpfiles.d(5)`
	right := given{"rules": []string{"d /run/app 0755 app app -"}}
	refused(t, []refusal{
		{"no rules", "tmpfiles", given{}, "it has no rules", `give rules = ["d /run/app 0755 app app -"]; or content, the whole file`, right},
		{"no type", "tmpfiles", given{"rules": []string{"/run/app 0755"}}, `there is no type "/run/app"`, fields, right},
		{"another type", "tmpfiles", given{"rules": []string{"k /run/app"}}, `there is no type "k"`, fields, right},
		{"a word for a type", "tmpfiles", given{"rules": []string{"dir /run/app"}}, `there is no type "dir"`, fields, right},
		{"no path", "tmpfiles", given{"content": "d\n"}, "it has no absolute path", fields, right},
		{"a relative path", "tmpfiles", given{"rules": []string{"d run/app"}}, "it has no absolute path", fields, right},
	})
}

// TestTmpfilesNames: systemd-tmpfiles leaves out rules that name users or groups who are not there.
func TestTmpfilesNames(t *testing.T) {
	change, err := providertest.New(t, providertest.Native(units.Types()), host("", "")).
		Plan(unit(t, "tmpfiles", given{"rules": []string{"d /run/a 0755 ghost ghosts", "d /run/b - app -", "d /run/c - 7 root"}}))
	var names []string
	if err == nil {
		for _, n := range change.Needs {
			names = append(names, n.Name)
		}
	}
	if !slices.Equal(names, []string{"ghost", "ghosts"}) {
		t.Errorf("planned %+v, %v", change, err)
	}
}
