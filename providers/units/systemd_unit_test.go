package units_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
	"github.com/openfroyo/froyo/runner/op"
)

// unitKinds are those whose files systemd reads before they count.
var unitKinds = []string{"service", "timer", "socket", "path", "mount"}

// unitCheck is the check of a new file of a kind of unit.
func unitCheck(kind string) string {
	return strings.ReplaceAll(`command -v systemd-analyze >/dev/null || exit 0; d=$(mktemp -d) || exit; trap 'rm -r "$d"' EXIT; `+
		`cp %s "$d/x.KIND" && ! systemd-analyze verify --man=no "$d/x.KIND" 2>&1 | sed -n "s/^.*x[.]KIND:\([0-9]*: \)/line \1/p" | grep .`, "KIND", kind)
}

// TestChecksAreGranted: the manifest grants each check as the guest spells it.
func TestChecksAreGranted(t *testing.T) {
	files, err := providers.Package("units")
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(files, manifest.File)
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(manifest.File, data)
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]string{logrotateCheck: "/etc/logrotate.d/x", tmpfilesCheck: "/etc/tmpfiles.d/x.conf"}
	for _, kind := range unitKinds {
		checks[unitCheck(kind)] = "/etc/systemd/system/x." + kind
	}
	granted := func(path, check string) bool {
		return m.AllowsFor(abi.Effect{Op: op.Op{Write: &op.Write{Path: path, Content: &op.Blob{}, Check: check}}}, nil) == nil
	}
	for check, path := range checks {
		if !granted(path, check) {
			t.Errorf("not granted: %s", check)
		}
		if granted("/etc/passwd", check) {
			t.Error("granted for /etc/passwd")
		}
	}
}

// unitFixture is a unit of systemd's, what is on the host, and what is done.
type unitFixture struct {
	name    string
	args    given
	file    string // of x.service, "" where there is none
	service *providertest.MemoryService
	ops     []string
	diffs   []string // the fields
}

func TestSystemdUnit(t *testing.T) {
	const path, write, remove, reload = "/etc/systemd/system/x.service", "file.write /etc/systemd/system/x.service", "file.remove /etc/systemd/system/x.service", "exec systemctl"
	const text, ensure = "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n", "svc.ensure x.service"
	up := func() *providertest.MemoryService {
		return &providertest.MemoryService{Active: "active", File: "enabled"}
	}
	fresh := []string{"content", "mode", "owner", "group"}
	for _, tt := range []unitFixture{
		{"as it should be", given{"content": text, "state": "running", "enabled": true}, text, up(), nil, nil},
		{"new", given{"content": text}, "", nil, []string{write, reload}, fresh},
		{"another text", given{"content": text}, "x", up(), []string{write, reload}, []string{"content"}},
		{"another text of one that is to run", given{"content": text, "state": "running"}, "x", up(), []string{write, reload, ensure}, []string{"content"}},
		{"not read yet", given{"content": text}, text, &providertest.MemoryService{Outdated: true}, []string{reload}, []string{"definition"}},
		{"down", given{"content": text, "state": "running"}, text, &providertest.MemoryService{File: "enabled"}, []string{ensure}, []string{"state"}},
		{"up", given{"content": text, "state": "stopped"}, text, up(), []string{ensure}, []string{"state"}},
		{"stopped", given{"content": text, "state": "stopped"}, text, &providertest.MemoryService{File: "enabled"}, nil, nil},
		{"not enabled", given{"content": text, "enabled": true}, text, &providertest.MemoryService{File: "disabled"}, []string{ensure}, []string{"enabled"}},
		{"to be disabled", given{"content": text, "enabled": false}, text, up(), []string{ensure}, []string{"enabled"}},
		{"removed", given{"state": "absent"}, text, up(), []string{ensure, remove, reload}, []string{"state", "type", "content"}},
		{"removed while it is down", given{"state": "absent"}, text, &providertest.MemoryService{File: "disabled"}, []string{remove, reload}, []string{"type", "content"}},
		{"removed already", given{"state": "absent"}, "", nil, nil, nil},
		{"not ours", given{"state": "absent"}, "", up(), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := host(path, tt.file)
			if tt.service != nil {
				m.Services["x.service"] = tt.service
			}
			systemd(m)
			tt.args["name"] = "x.service"
			change, _ := providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "systemd_unit", tt.args))
			compare(t, m, change, tt.ops, tt.diffs)
		})
	}
}

// systemd has a target answer as systemd does: a file brings a unit, once its files are read.
func systemd(m *providertest.Memory) {
	m.Programs["systemctl daemon-reload"] = func(*op.Exec) op.Result {
		for _, name := range []string{"x.service", "x.timer"} {
			switch file, s := m.Files["/etc/systemd/system/"+name], m.Services[name]; {
			case s != nil:
				s.Outdated = false
			case file != nil:
				m.Services[name] = &providertest.MemoryService{File: "disabled"}
			}
		}
		return op.Result{Exec: &op.ExecResult{}}
	}
}

// compare compares what was done and planned.
func compare(t *testing.T, m *providertest.Memory, change abi.Change, ops, diffs []string) {
	t.Helper()
	var done, fields []string
	for _, o := range m.Done {
		done = append(done, o.String())
	}
	for _, d := range change.Diffs {
		fields = append(fields, d.Field)
	}
	if !slices.Equal(done, ops) || !slices.Equal(fields, diffs) {
		t.Errorf("done %q, want %q; differences %q, want %q", done, ops, fields, diffs)
	}
}

// TestSystemdUnitOfAPackage: what a package brings goes on when the file that stands before it is removed.
func TestSystemdUnitOfAPackage(t *testing.T) {
	m := host("/etc/systemd/system/x.service", "x")
	m.Files["/usr/lib/systemd/system/x.service"] = &providertest.Node{Type: op.TypeFile}
	m.Services["x.service"] = &providertest.MemoryService{Active: "active", File: "enabled"}
	systemd(m)
	providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "systemd_unit", given{"name": "x.service", "state": "absent"}))
	if s := m.Services["x.service"]; s.Active != "active" || s.File != "enabled" || m.Files["/etc/systemd/system/x.service"] != nil {
		t.Errorf("it is %+v", s)
	}
}

func TestSystemdDropin(t *testing.T) {
	const path = "/etc/systemd/system/x.service.d/limits.conf"
	m := host("", "")
	m.Services["x.service"] = &providertest.MemoryService{Active: "active"}
	systemd(m)
	kit := providertest.New(t, providertest.Native(units.Types()), m)
	change, _ := kit.Converge(unit(t, "systemd_unit", given{"name": "x.service", "dropin": "limits", "sections": given{"Service": given{"Nice": 5}}}))
	compare(t, m, change, []string{"file.mkdir /etc/systemd/system/x.service.d", "file.write " + path, "exec systemctl"}, []string{"content", "mode", "owner", "group"})
	if got := holds(t, m, path); got != mark+"[Service]\nNice=5\n" {
		t.Errorf("it says %q", got)
	}
	m.Done = nil
	change, _ = kit.Converge(unit(t, "systemd_unit", given{"name": "x.service", "dropin": "limits", "state": "absent"}))
	compare(t, m, change, []string{"file.remove " + path, "exec systemctl"}, []string{"type", "content"})
	if m.Services["x.service"].Active != "active" {
		t.Error("it was stopped")
	}
	change, err := kit.Plan(unit(t, "systemd_unit", given{"name": "lost.service", "dropin": "limits", "content": "[Service]\nNice=5\n"}))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Name != "lost" || change.Needs[0].Hint != "is the name right? what brings it, its package or its file, has to be declared before" {
		t.Errorf("planned %+v, %v", change, err)
	}
}

func TestSystemdTemplate(t *testing.T) {
	m := host("", "")
	m.Services = nil // systemd refuses questions about templates
	systemd(m)
	change, _ := providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "systemd_unit", given{"name": "x@.service", "content": "[Service]\nExecStart=/bin/x %i\n"}))
	compare(t, m, change, []string{"file.write /etc/systemd/system/x@.service", "exec systemctl"}, []string{"content", "mode", "owner", "group"})
}

// TestSections: Unit stands first and Install last, a list is one line for each.
func TestSections(t *testing.T) {
	m := host("", "")
	systemd(m)
	providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "systemd_unit", given{"name": "x.service", "sections": given{
		"Install": given{"WantedBy": "a.target"}, "X-Mine": given{}, "Unit": given{"After": []string{"b", "c"}},
		"Service": given{"ExecStart": []string{"", "/bin/x %i"}, "PrivateTmp": true, "DynamicUser": false, "Nice": -5},
	}}))
	want := mark + "[Unit]\nAfter=b\nAfter=c\n\n[Service]\nDynamicUser=no\nExecStart=\nExecStart=/bin/x %i\nNice=-5\nPrivateTmp=yes\n\n[X-Mine]\n\n[Install]\nWantedBy=a.target\n"
	if got := holds(t, m, "/etc/systemd/system/x.service"); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestSystemdUnitKnownLater(t *testing.T) {
	m := host("", "")
	systemd(m)
	planned := unit(t, "systemd_unit", given{"name": "x.service", "state": "running"})
	planned.Unknown = []string{"content"}
	kit := providertest.New(t, providertest.Native(units.Types()), m)
	if _, err := kit.Learn(planned, unit(t, "systemd_unit", given{"name": "x.service", "state": "running", "content": "[Service]\n"}).Args); err != nil {
		t.Fatal(err)
	}
	if s := m.Services["x.service"]; s == nil || s.Active != "active" {
		t.Errorf("it is %+v", s)
	}
}

func TestSystemdUnitRefused(t *testing.T) {
	const oneshot = "[Service]\nType = oneshot\nExecStart=/bin/x\n"
	x := func(a given) given { a["name"] = "x.service"; return a }
	sections := func(section, key, value string) given { return x(given{"sections": given{section: given{key: value}}}) }
	refused(t, []refusal{
		{"no text", "systemd_unit", x(given{}), "it is not said what the file says", `give sections = {"Service": {"ExecStart": "/srv/app/run"}}; or content, the whole file`, sections("Service", "ExecStart", "/srv/app/run")},
		{"no [Install]", "systemd_unit", x(given{"content": "[Service]\n", "enabled": true}), "has no [Install] section", `add one: sections = {..., "Install": {"WantedBy": "multi-user.target"}}`, x(given{"sections": given{"Install": given{"WantedBy": "multi-user.target"}}, "enabled": true})},
		{"never running", "systemd_unit", x(given{"content": oneshot, "state": "running"}), "so it is never running", `set RemainAfterExit=yes in its text; or leave state out, and run it by a handler with service(name, state = "restarted")`, x(given{"content": oneshot + "RemainAfterExit=yes\n", "state": "running"})},
		{"a template that runs", "systemd_unit", given{"name": "x@.service", "content": "[Service]\n", "state": "running"}, "is a template", `name the instance in a unit of its own: service("x@one.service", state = "running", enabled = True)`, given{"name": "x@.service", "content": "[Service]\n"}},
		{"a section that ends", "systemd_unit", sections("Ser]\n[Unit", "A", "b"), "is no name of a section", `names are as in {"Unit": ..., "Service": ..., "Install": ...}`, sections("Unit", "A", "b")},
		{"two settings in a name", "systemd_unit", sections("Service", "A=1\nB", "b"), "is no name of a setting", `names are as in {"Service": {"ExecStart": ...}}`, sections("Service", "ExecStart", "b")},
		{"two settings in a value", "systemd_unit", sections("Service", "A", "1\nUser=root"), "is no text in one line", "a setting of several lines is a list, one text for each line", x(given{"sections": given{"Service": given{"A": []string{"1", "2"}}}})},
		{"a value that goes on", "systemd_unit", sections("Service", "A", `1 \`), "is no text in one line", "a setting of several lines is a list", nil},
	})
}
