package languages_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// ruby is a host whose gem lists versions of rack, to which an installation adds.
func ruby(list *string) *providertest.Memory {
	ok := op.Result{Exec: &op.ExecResult{}}
	says := func(text *string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result {
			if *text == "" {
				return ok
			}
			return op.Result{Exec: &op.ExecResult{Stdout: "rack-test (9.9)\nrack (" + *text + ")\n"}}
		}
	}
	newest := "3.1.0"
	add := func(version string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result {
			*list = strings.TrimSuffix(version+", "+*list, ", ")
			return ok
		}
	}
	remove := func(version string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result {
			items := slices.DeleteFunc(strings.Split(*list, ", "), func(v string) bool {
				return !strings.HasPrefix(v, "default") && strings.HasPrefix(v, version)
			})
			*list = strings.Join(items, ", ")
			return ok
		}
	}
	const un = "gem uninstall --all --executables --abort-on-dependent "
	m := &providertest.Memory{Files: map[string]*providertest.Node{}, Users: map[string]uint32{"bob": 7}}
	dirs(m, "", "/srv", "/srv/gems")
	m.Programs = map[string]func(*op.Exec) op.Result{
		"gem list --local --exact rack":                                           says(list),
		"env GEM_HOME=/srv/gems GEM_PATH=/srv/gems gem list --local --exact rack": says(list),
		"gem list --remote --exact rack":                                          says(&newest),
		"gem list --remote --exact --source=https://gems.example rack":            says(&newest),
		"gem install --no-document rack":                                          add(newest),
		"gem install --no-document --user-install rack":                           add(newest),
		"gem install --no-document --version=2.0 rack":                            add("2.0"),
		"gem install --no-document --version=~> 2.0 rack":                         add("2.2"),
		"gem install --no-document --version=~> 2.2.0 rack":                       add("2.2.9"),
		"gem install --no-document --install-dir=/srv/gems rack":                  add(newest),
		un + "rack":               remove(""),
		un + "--version=2.0 rack": remove("2.0"),
		"env GEM_HOME=/srv/gems GEM_PATH=/srv/gems " + un + "--version=2.0 rack":       remove("2.0"),
		"gem install --no-document --clear-sources --source=https://gems.example rack": add(newest),
	}
	return m
}

func TestGem(t *testing.T) {
	base := given{"name": "rack", "state": "present", "gem": "gem"}
	for _, tt := range []struct {
		name   string
		args   given
		before string
		want   string
		action abi.Action
	}{
		{"new", nil, "", "3.1.0", abi.Create},
		{"there", nil, "2.0", "2.0", abi.None},
		{"part of Ruby", nil, "default: 2.0", "default: 2.0", abi.None},
		{"a version", given{"version": "2.0"}, "3.0", "2.0, 3.0", abi.Update},
		{"the version", given{"version": "2.0"}, "3.0, 2.0 java", "3.0, 2.0 java", abi.None},
		{"zeros", given{"version": "2.0"}, "2.0.0", "2.0.0", abi.None},
		{"the beginning of a version", given{"version": "2.*"}, "3.0", "2.2, 3.0", abi.Update},
		{"a longer beginning", given{"version": "2.2.*"}, "2.1", "2.2.9, 2.1", abi.Update},
		{"it begins so", given{"version": "2.*"}, "2.1", "2.1", abi.None},
		{"the latest", given{"state": "latest"}, "2.0", "3.1.0, 2.0", abi.Update},
		{"the latest is there", given{"state": "latest"}, "3.1.0, 2.0", "3.1.0, 2.0", abi.None},
		{"the latest of a source", given{"state": "latest", "source": "https://gems.example"}, "", "3.1.0", abi.Create},
		{"a user's", given{"user_install": true}, "", "3.1.0", abi.Create},
		{"in a directory", given{"install_dir": "/srv/gems"}, "", "3.1.0", abi.Create},
		{"gone from a directory", given{"install_dir": "/srv/gems", "state": "absent", "version": "2.0"}, "2.1, 2.0", "2.1", abi.Delete},
		{"gone", given{"state": "absent"}, "3.1.0, 2.0", "", abi.Delete},
		{"one version gone", given{"state": "absent", "version": "2.0"}, "3.1.0, 2.0", "3.1.0", abi.Delete},
		{"gone already", given{"state": "absent"}, "", "", abi.None},
		{"Ruby's own stays", given{"state": "absent"}, "3.1.0, default: 2.0", "default: 2.0", abi.Delete},
		{"Ruby's own alone", given{"state": "absent"}, "default: 2.0", "default: 2.0", abi.None},
		{"hostile list", nil, "$(reboot), \x1b[2J", "3.1.0, $(reboot), \x1b[2J", abi.Create},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := tt.before
			change, _ := kit(t, ruby(&list)).Converge(providertest.Unit{Type: "gem", Args: args(t, base, tt.args)})
			if change.Action != tt.action || list != tt.want {
				t.Errorf("planned %s, and %q is there, expected %s and %q: %+v", change.Action, list, tt.action, tt.want, change.Diffs)
			}
		})
	}
}

// TestGemFails trusts nobody else's directory, and knows nothing of a gem that the source does not have.
func TestGemFails(t *testing.T) {
	unit := func(more given) providertest.Unit {
		return providertest.Unit{Type: "gem", Args: args(t, given{"name": "rack", "state": "present", "gem": "gem", "install_dir": "/srv/gems"}, more)}
	}
	list := ""
	m := ruby(&list)
	dirs(m, "bob", "/srv/gems")
	if _, err := kit(t, m).Plan(unit(nil)); err == nil || !strings.Contains(err.Message, "/srv/gems belongs to bob") {
		t.Errorf("got %v", err)
	}
	m = ruby(&list)
	m.Lacks = []string{"gem"}
	change, err := kit(t, m).Plan(unit(nil))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != `what brings it has to be declared before, such as pkg("ruby")` {
		t.Errorf("%v: %+v", err, change.Needs)
	}
	m = ruby(&list)
	m.Programs["gem list --remote --exact rack"] = providertest.Exits(0, "\n*** REMOTE GEMS ***\n")
	if _, err := kit(t, m).Plan(unit(given{"state": "latest"})); err == nil || !strings.Contains(err.Message, "there is no gem rack in the host's sources") {
		t.Errorf("a source without the gem: got %v", err)
	}
}
