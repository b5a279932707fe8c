package languages_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/languages"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type given = map[string]any

func args(t *testing.T, all ...given) string {
	t.Helper()
	joined := given{}
	for _, g := range all {
		maps.Copy(joined, g)
	}
	data, err := codec.Marshal(joined)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func kit(t *testing.T, m *providertest.Memory) *providertest.Kit {
	t.Helper()
	return providertest.New(t, providertest.Native(languages.Types()), m)
}

// dirs makes directories of a user.
func dirs(m *providertest.Memory, owner string, paths ...string) {
	for _, path := range paths {
		m.Files[path] = &providertest.Node{Type: op.TypeDir, Mode: 0o755, Owner: owner}
	}
}

const (
	venv = "/srv/app/venv"
	pip  = venv + "/bin/python"
	no   = " --no-input --disable-pip-version-check"
)

// snake is a host with Python 3, whose index has flask 2.0 and 3.0.
func snake(there bool, installed given) *providertest.Memory {
	m := &providertest.Memory{Files: map[string]*providertest.Node{}, Users: map[string]uint32{"bob": 7}}
	dirs(m, "", "/srv", "/srv/app")
	make := func() {
		dirs(m, "", venv, venv+"/bin")
		m.Files[pip] = &providertest.Node{Type: op.TypeFile, Mode: 0o755}
	}
	if there {
		make()
	}
	ok := op.Result{Exec: &op.ExecResult{}}
	install := func(version string) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result { installed["Flask"] = version; return ok }
	}
	list := func(*op.Exec) op.Result {
		var text strings.Builder
		for _, name := range slices.Sorted(maps.Keys(installed)) {
			text.WriteString(name + "==" + installed[name].(string) + "\n")
		}
		return op.Result{Exec: &op.ExecResult{Stdout: text.String()}}
	}
	m.Programs = map[string]func(*op.Exec) op.Result{
		"python3 -B -c import ensurepip, venv":                                                          providertest.Exits(0, ""),
		"python3 -B -c import pip":                                                                      providertest.Exits(0, ""),
		"python3 -m venv " + venv:                                                                       func(*op.Exec) op.Result { make(); return ok },
		"python3 -m venv --system-site-packages " + venv:                                                func(*op.Exec) op.Result { make(); return ok },
		pip + " -B -m pip list --format=freeze" + no:                                                    list,
		"python3 -B -m pip list --format=freeze" + no:                                                   list,
		pip + " -m pip install" + no + " flask":                                                         install("3.0"),
		pip + " -m pip install" + no + " flask==2.0":                                                    install("2.0"),
		pip + " -m pip install" + no + " flask==2.*":                                                    install("2.0.5"),
		pip + " -m pip install" + no + " --upgrade flask":                                               install("3.0"),
		pip + " -m pip install" + no + " flask[async]":                                                  install("3.0"),
		pip + " -m pip uninstall --yes" + no + " flask":                                                 func(*op.Exec) op.Result { delete(installed, "Flask"); return ok },
		"python3 -m pip install" + no + " --find-links=/srv/w --no-index --break-system-packages flask": install("3.0"),
		pip + " -B -m pip list --outdated --format=columns" + no: func(*op.Exec) op.Result {
			text := "Package Version Latest Type\n------- ------- ------ -----\n"
			if v := installed["Flask"]; v != "3.0" {
				text += "Flask " + v.(string) + " 3.0 wheel\n"
			}
			return op.Result{Exec: &op.ExecResult{Stdout: text}}
		},
	}
	return m
}

func TestPip(t *testing.T) {
	base := given{"name": "flask", "state": "present", "python": "python3", "venv": venv}
	tests := []struct {
		name      string
		args      given
		there     bool
		installed given
		want      string // the version
		action    abi.Action
	}{
		{"new, with its environment", nil, false, given{}, "3.0", abi.Create},
		{"an environment with the system's packages", given{"site_packages": true}, false, given{}, "3.0", abi.Create},
		{"new", nil, true, given{"other": "1"}, "3.0", abi.Create},
		{"there", nil, true, given{"Flask": "1.0"}, "1.0", abi.None},
		{"a version", given{"version": "2.0"}, true, given{"Flask": "3.0"}, "2.0", abi.Update},
		{"the version", given{"version": "2.0"}, true, given{"Flask": "2"}, "2", abi.None},
		{"zeros", given{"version": "2.0"}, true, given{"Flask": "2.0.0"}, "2.0.0", abi.None},
		{"the beginning of a version", given{"version": "2.*"}, true, given{"Flask": "3.0"}, "2.0.5", abi.Update},
		{"it begins so", given{"version": "2.*"}, true, given{"Flask": "2.1"}, "2.1", abi.None},
		{"it only looks so", given{"version": "2.*"}, true, given{"Flask": "20.1"}, "2.0.5", abi.Update},
		{"the latest", given{"state": "latest"}, true, given{"Flask": "2.0"}, "3.0", abi.Update},
		{"the latest is there", given{"state": "latest"}, true, given{"Flask": "3.0"}, "3.0", abi.None},
		{"the latest of none", given{"state": "latest"}, true, given{}, "3.0", abi.Create},
		{"extras", given{"name": "flask[async]"}, true, given{}, "3.0", abi.Create},
		{"gone", given{"state": "absent"}, true, given{"Flask": "2.0"}, "", abi.Delete},
		{"gone already", given{"state": "absent"}, true, given{}, "", abi.None},
		{"no environment to take it from", given{"state": "absent"}, false, given{}, "", abi.None},
		{"among the system's", given{"venv": "", "find_links": "/srv/w", "no_index": true, "break_system_packages": true}, false, given{}, "3.0", abi.Create},
		{"hostile list", nil, true, given{"Flask": "$(reboot)", "flask": "1.0\x1b[2J"}, "3.0", abi.Create},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := snake(tt.there, tt.installed)
			if tt.name == "hostile list" {
				delete(tt.installed, "Flask")
			}
			change, _ := kit(t, m).Converge(providertest.Unit{Type: "pip", Args: args(t, base, tt.args)})
			if got, _ := tt.installed["Flask"].(string); change.Action != tt.action || got != tt.want {
				t.Errorf("planned %s, and %q is there, expected %s and %q: %+v", change.Action, got, tt.action, tt.want, change.Diffs)
			}
		})
	}
}

// TestPipNeeds holds that what is not there is a need, and that nobody else's directory is trusted.
func TestPipNeeds(t *testing.T) {
	unit := providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})}
	plain := providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3"})}
	for _, tt := range []struct {
		name   string
		unit   providertest.Unit
		change func(m *providertest.Memory)
		need   string
		fails  string
	}{
		{"no python", unit, func(m *providertest.Memory) { m.Lacks = []string{"python3"} }, "program python3", ""},
		{"no venv", unit, func(m *providertest.Memory) {
			m.Programs["python3 -B -c import ensurepip, venv"] = providertest.Exits(1, "")
		}, "venv and ensurepip of python3", ""},
		{"no pip", plain, func(m *providertest.Memory) { m.Programs["python3 -B -c import pip"] = providertest.Exits(1, "") }, "pip of python3", ""},
		{"another user's directory", unit, func(m *providertest.Memory) { dirs(m, "bob", "/srv/app") }, "", "/srv/app belongs to bob"},
		{"another user's environment", unit, func(m *providertest.Memory) { dirs(m, "bob", venv, venv+"/bin") }, "", venv + " belongs to bob"},
		{"anyone's directory", unit, func(m *providertest.Memory) { m.Files["/srv/app"].Mode = 0o777 }, "", "anyone may write into /srv/app"},
		{"a sticky one", unit, func(m *providertest.Memory) { m.Files["/srv/app"].Mode = 0o1777 }, "", ""},
		{"bob's own", unit, func(m *providertest.Memory) { dirs(m, "bob", "/srv/app", "/proc/self") }, "", ""},
		{"it fails", unit, func(m *providertest.Memory) {
			dirs(m, "", venv, venv+"/bin")
			m.Files[pip] = &providertest.Node{Type: op.TypeFile}
			m.Programs[pip+" -B -m pip list --format=freeze"+no] = providertest.Exits(1, "No module named pip")
		}, "", "exit code 1 (expected 0)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := snake(false, given{})
			tt.change(m)
			change, err := kit(t, m).Plan(tt.unit)
			switch {
			case tt.fails != "":
				if err == nil || !strings.Contains(err.Message, tt.fails) {
					t.Errorf("got %v, expected %q", err, tt.fails)
				}
			case err != nil:
				t.Error(err)
			case tt.need == "" && len(change.Needs) > 0, tt.need != "" && (len(change.Needs) != 1 || change.Needs[0].What != tt.need):
				t.Errorf("needs %+v, expected %q", change.Needs, tt.need)
			}
		})
	}
}

func TestPipRequirements(t *testing.T) {
	const (
		file    = "/srv/app/requirements.txt"
		dry     = pip + " -B -m pip install --dry-run" + no + " --requirement " + file
		upgrade = pip + " -B -m pip install --dry-run" + no + " --upgrade --requirement " + file
	)
	base := given{"path": file, "state": "present", "python": "python3", "venv": venv}
	fixture := func(there bool, missing string) *providertest.Memory {
		m := snake(there, given{})
		m.Files[file] = &providertest.Node{Type: op.TypeFile, Content: op.NewBlob([]byte("flask\n"))}
		ok := op.Result{Exec: &op.ExecResult{}}
		says := func(*op.Exec) op.Result {
			if missing == "" {
				return op.Result{Exec: &op.ExecResult{Stdout: "Requirement already satisfied: flask\n"}}
			}
			return op.Result{Exec: &op.ExecResult{Stdout: "Collecting flask\nWould install " + missing + "\n"}}
		}
		m.Programs[dry], m.Programs[upgrade] = says, says
		m.Programs[pip+" -m pip install"+no+" --requirement "+file] = func(*op.Exec) op.Result { missing = ""; return ok }
		m.Programs[pip+" -m pip install"+no+" --upgrade --requirement "+file] = func(*op.Exec) op.Result { missing = ""; return ok }
		return m
	}
	for _, tt := range []struct {
		name    string
		args    given
		there   bool
		missing string
		action  abi.Action
	}{
		{"new", nil, false, "flask-3.0 jinja2-3.1", abi.Create},
		{"some", nil, true, "jinja2-3.1", abi.Update},
		{"none", nil, true, "", abi.None},
		{"newer ones", given{"state": "latest"}, true, "flask-3.0", abi.Update},
	} {
		t.Run(tt.name, func(t *testing.T) {
			change, _ := kit(t, fixture(tt.there, tt.missing)).Converge(providertest.Unit{Type: "pip_requirements", Args: args(t, base, tt.args)})
			if change.Action != tt.action {
				t.Errorf("planned %s, expected %s: %+v", change.Action, tt.action, change.Diffs)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		m := fixture(true, "")
		delete(m.Files, file)
		change, err := kit(t, m).Plan(providertest.Unit{Type: "pip_requirements", Args: args(t, base)})
		if err != nil || len(change.Needs) != 1 || change.Needs[0].What != "file "+file {
			t.Errorf("%v: %+v", err, change)
		}
	})
}

// TestHints does what each hint says.
func TestHints(t *testing.T) {
	unit := func(venv string) providertest.Unit {
		return providertest.Unit{Type: "pip_requirements", Args: args(t, given{"path": "/srv/r.txt", "state": "present", "python": "python3", "venv": venv})}
	}
	for _, path := range []string{"", venv} {
		m := snake(true, given{"pip": "20.0"})
		m.Files["/srv/r.txt"] = &providertest.Node{Type: op.TypeFile}
		program, python, own := "python3", "python3", `pip("pip", state = "latest")`
		if path != "" {
			program, own = pip, `pip("pip", venv = "`+venv+`", state = "latest")`
		}
		old := true
		m.Programs[program+" -B -m pip install --dry-run"+no+" --requirement /srv/r.txt"] = func(*op.Exec) op.Result {
			if old {
				return op.Result{Exec: &op.ExecResult{RC: 2, Stderr: "no such option: --dry-run\n"}}
			}
			return op.Result{Exec: &op.ExecResult{}}
		}
		m.Programs[program+" -B -m pip list --outdated --format=columns"+no] = providertest.Exits(0, "pip 20.0 23.0 wheel\n")
		m.Programs[program+" -m pip install"+no+" --upgrade pip"] = func(*op.Exec) op.Result { old = false; return op.Result{Exec: &op.ExecResult{}} }
		_, err := kit(t, m).Plan(unit(path))
		if err == nil || err.Hint != "pip 22.2 is the first that can tell; upgrade it before: "+own {
			t.Fatalf("got %v", err)
		}
		if _, err := kit(t, m).Apply(providertest.Unit{Type: "pip", Args: args(t, given{"name": "pip", "state": "latest", "python": python, "venv": path})}); err != nil {
			t.Fatal(err)
		}
		if _, err := kit(t, m).Plan(unit(path)); err != nil {
			t.Error(err)
		}
	}

	m := snake(false, given{})
	dirs(m, "bob", "/srv/app")
	_, err := kit(t, m).Plan(providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})})
	if err == nil || err.Hint != `run the unit as that user: run_as = "bob", or choose a directory that is root's` {
		t.Errorf("got %v", err)
	}
	dirs(m, "bob", "/proc/self")
	kit(t, m).Converge(providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})})

	m = snake(false, given{})
	m.Files["/srv/app"].Mode = 0o777
	_, err = kit(t, m).Plan(providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})})
	if err == nil || err.Hint != `take that right away: file("/srv/app", state = "directory", mode = "0755")` {
		t.Errorf("got %v", err)
	}
	m.Files["/srv/app"].Mode = 0o755
	kit(t, m).Converge(providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})})
}

// TestNeedHints declares what the hints of needs name, which is there then.
func TestNeedHints(t *testing.T) {
	const file = "/srv/app/requirements.txt"
	inVenv := providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3", "venv": venv})}
	plain := providertest.Unit{Type: "pip", Args: args(t, given{"name": "flask", "state": "present", "python": "python3"})}
	listed := providertest.Unit{Type: "pip_requirements", Args: args(t, given{"path": file, "state": "present", "python": "python3"})}
	for _, tt := range []struct {
		unit  providertest.Unit
		hint  string
		lacks func(m *providertest.Memory)
	}{
		{plain, `what brings it has to be declared before, such as pkg("python3")`, func(m *providertest.Memory) { m.Lacks = []string{"python3"} }},
		{plain, `what brings it has to be declared before, such as pkg("python3-pip")`, func(m *providertest.Memory) { m.Programs["python3 -B -c import pip"] = providertest.Exits(1, "") }},
		{inVenv, `what brings them has to be declared before, such as pkg("python3-venv")`, func(m *providertest.Memory) {
			m.Programs["python3 -B -c import ensurepip, venv"] = providertest.Exits(1, "")
		}},
		{listed, `declare it before: file("/srv/app/requirements.txt", source = "requirements.txt")`, func(m *providertest.Memory) { delete(m.Files, file) }},
	} {
		host := func() *providertest.Memory {
			m := snake(false, given{})
			m.Files[file] = &providertest.Node{Type: op.TypeFile}
			m.Programs["python3 -B -m pip install --dry-run"+no+" --requirement "+file] = providertest.Exits(0, "")
			return m
		}
		m := host()
		tt.lacks(m)
		if change, err := kit(t, m).Plan(tt.unit); err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != tt.hint {
			t.Errorf("%v: %+v, expected %q", err, change.Needs, tt.hint)
		}
		if change, err := kit(t, host()).Plan(tt.unit); err != nil || len(change.Needs) > 0 {
			t.Errorf("%v: %+v", err, change.Needs)
		}
	}
}
