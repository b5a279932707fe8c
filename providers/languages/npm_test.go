package languages_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
)

// node is a host whose npm has @fy/app in a version, or not.
func node(version *string) *providertest.Memory {
	const quiet = "--no-update-notifier --logs-max=0 "
	ok := op.Result{Exec: &op.ExecResult{}}
	list := func(*op.Exec) op.Result {
		if *version == "" {
			return op.Result{Exec: &op.ExecResult{RC: 1, Stdout: `{"problems":["missing: @fy/app"],"dependencies":{"@fy/app":{"required":"^1.0.0","missing":true}}}`}}
		}
		return op.Result{Exec: &op.ExecResult{Stdout: `{"name":"lib","dependencies":{"app":{"version":"9.9.9"},"@fy/app":{"version":"` + *version + `","invalid":"x","overridden":false}}}`}}
	}
	set := func(v string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result { *version = v; return ok }
	}
	m := &providertest.Memory{Files: map[string]*providertest.Node{}, Users: map[string]uint32{"bob": 7}}
	dirs(m, "", "/srv", "/srv/app", "/opt", "/opt/node")
	m.Programs = map[string]func(*op.Exec) op.Result{}
	for _, where := range []string{"--global ", "--prefix=/srv/app ", "--global --prefix=/opt/node "} {
		where := quiet + where
		m.Programs["npm ls --json --depth=0 "+strings.TrimSpace(where)] = list
		m.Programs["npm install "+where+"--no-audit --no-fund @fy/app"] = set("2.1.0")
		m.Programs["npm install "+where+"--no-audit --no-fund @fy/app@1.2.3"] = set("1.2.3")
		m.Programs["npm install "+where+"--no-audit --no-fund @fy/app@1.*"] = set("1.9.0")
		m.Programs["npm install "+where+"--no-audit --no-fund @fy/app@latest"] = set("2.1.0")
		m.Programs["npm install "+where+"--registry=https://npm.example --no-audit --no-fund --ignore-scripts @fy/app"] = set("2.1.0")
		m.Programs["npm uninstall "+where+"--no-audit --no-fund @fy/app"] = set("")
	}
	m.Programs["npm view --json --no-update-notifier --logs-max=0 @fy/app@latest version"] = providertest.Exits(0, "\"2.1.0\"\n")
	return m
}

func TestNpm(t *testing.T) {
	base := given{"name": "@fy/app", "state": "present", "npm": "npm"}
	for _, tt := range []struct {
		name   string
		args   given
		before string
		want   string
		action abi.Action
	}{
		{"new", nil, "", "2.1.0", abi.Create},
		{"in a project", given{"path": "/srv/app"}, "", "2.1.0", abi.Create},
		{"below a prefix", given{"prefix": "/opt/node"}, "", "2.1.0", abi.Create},
		{"of a registry", given{"registry": "https://npm.example", "ignore_scripts": true}, "", "2.1.0", abi.Create},
		{"there", nil, "1.0.0", "1.0.0", abi.None},
		{"a version", given{"version": "1.2.3"}, "2.0.0", "1.2.3", abi.Update},
		{"the version", given{"version": "1.2.3"}, "1.2.3", "1.2.3", abi.None},
		{"the beginning of a version", given{"version": "1.*"}, "2.0.0", "1.9.0", abi.Update},
		{"it begins so", given{"version": "1.*"}, "1.0.4", "1.0.4", abi.None},
		{"it only looks so", given{"version": "1.*"}, "10.0.0", "1.9.0", abi.Update},
		{"the latest", given{"state": "latest"}, "2.0.0", "2.1.0", abi.Update},
		{"the latest is there", given{"state": "latest"}, "2.1.0", "2.1.0", abi.None},
		{"the latest of none", given{"state": "latest"}, "", "2.1.0", abi.Create},
		{"gone", given{"state": "absent"}, "2.0.0", "", abi.Delete},
		{"gone already", given{"state": "absent"}, "", "", abi.None},
		{"hostile version", nil, "$(reboot)", "2.1.0", abi.Create},
	} {
		t.Run(tt.name, func(t *testing.T) {
			version := tt.before
			change, _ := kit(t, node(&version)).Converge(providertest.Unit{Type: "npm", Args: args(t, base, tt.args)})
			if change.Action != tt.action || version != tt.want {
				t.Errorf("planned %s, and %q is there, expected %s and %q: %+v", change.Action, version, tt.action, tt.want, change.Diffs)
			}
		})
	}
}

// TestNpmFails holds that nobody else's project is trusted, and that what npm says is told where it is no tree.
func TestNpmFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   given
		change func(m *providertest.Memory)
		need   string
		fails  string
	}{
		{"no npm", nil, func(m *providertest.Memory) { m.Lacks = []string{"npm"} }, `what brings it has to be declared before, such as pkg("npm")`, ""},
		{"another user's project", given{"path": "/srv/app"}, func(m *providertest.Memory) { dirs(m, "bob", "/srv/app") }, "", "/srv/app belongs to bob"},
		{"anyone's prefix", given{"prefix": "/opt/node"}, func(m *providertest.Memory) { m.Files["/opt/node"].Mode = 0o777 }, "", "anyone may write into /opt/node"},
		{"no tree", nil, func(m *providertest.Memory) {
			m.Programs["npm ls --json --depth=0 --no-update-notifier --logs-max=0 --global"] = providertest.Exits(1, "npm ERR! broken")
		}, "", "npm ls --json"},
		{"an error of npm", nil, func(m *providertest.Memory) {
			m.Programs["npm ls --json --depth=0 --no-update-notifier --logs-max=0 --global"] = providertest.Exits(1, `{"error":{"code":"EJSONPARSE"}}`)
		}, "", "npm ls --json"},
		{"not in the registry", given{"state": "latest"}, func(m *providertest.Memory) {
			m.Programs["npm view --json --no-update-notifier --logs-max=0 @fy/app@latest version"] = providertest.Exits(1, `{"error":{"code":"E404"}}`)
		}, "", "npm view --json --no-update-notifier --logs-max=0 @fy/app@latest version: exit code 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			version := ""
			m := node(&version)
			tt.change(m)
			change, err := kit(t, m).Plan(providertest.Unit{Type: "npm", Args: args(t, given{"name": "@fy/app", "state": "present", "npm": "npm"}, tt.args)})
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Message, tt.fails) {
					t.Errorf("got %v, expected %q", err, tt.fails)
				}
			case err != nil:
				t.Error(err)
			case len(change.Needs) != 1 || change.Needs[0].Hint != tt.need:
				t.Errorf("needs %+v, expected %q", change.Needs, tt.need)
			}
		})
	}
}
