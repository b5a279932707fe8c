package systemd_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/labtest"
)

// labUnit is a service that tells its journal what happens to it.
const labUnit = `[Unit]
Description=Test of froyo
[Service]
Type=exec
ExecStart=/bin/sh -c 'echo started; trap "echo reloaded" HUP; while :; do sleep 0.1; done'
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy=multi-user.target
`

// lab is a host that a test works on as a user.
type lab struct {
	host    labtest.Host
	session *dial.Session
}

func newLab(t *testing.T, user string) *lab {
	t.Helper()
	h := labtest.Hosts(t, 1)[0]
	d := ssh.NewDialer(ssh.Options{KnownHosts: []string{h.KnownHosts}})
	client, err := d.Dial(t.Context(), ssh.Host{Name: h.Name, Address: h.Addr, User: user, Keys: []string{h.KeyFile}})
	if err != nil {
		t.Fatal(err)
	}
	s := dial.Open(client, dial.Options{Host: h.Name, Binary: dialtest.Binary(t)})
	t.Cleanup(func() { _ = s.Close(context.Background()); _ = d.Close() })
	return &lab{h, s}
}

// install puts a unit's file on the host until the test ends.
func (l *lab) install(t *testing.T, name, text string) {
	t.Helper()
	path := "/etc/systemd/system/" + name
	l.host.Undo(t, "systemctl -q unmask "+name+"; systemctl -q --no-block kill -s KILL "+name+" 2>/dev/null; systemctl -q stop "+name+
		" 2>/dev/null; systemctl -q disable "+name+" 2>/dev/null; rm -f "+path+"; systemctl daemon-reload; systemctl reset-failed "+name+" 2>/dev/null; true")
	l.host.SSH(t, "cat >"+path+" <<'END'\n"+text+"END\nsystemctl daemon-reload")
}

// fresh is a name that no unit had before, so that its journal is empty.
func fresh(stem string) string {
	return "froyo-" + stem + strconv.FormatInt(time.Now().UnixNano(), 36) + ".service"
}

func (l *lab) do(t *testing.T, o op.Op) op.Result {
	t.Helper()
	r, err := l.session.Do(t.Context(), []target.Step{{Op: o}})
	if err != nil {
		t.Fatal(err)
	}
	return r[0]
}

// ensure performs an op that must succeed, and reports whether it changed anything.
func (l *lab) ensure(t *testing.T, e op.SvcEnsure) bool {
	t.Helper()
	r := l.do(t, op.Op{SvcEnsure: &e})
	if r.Error != nil {
		t.Fatalf("%+v: %s", e, r.Error.Message)
	}
	return r.Done.Changed
}

func (l *lab) query(t *testing.T, names ...string) []op.Service {
	t.Helper()
	r := l.do(t, op.Op{SvcQuery: &op.SvcQuery{Names: names}})
	if r.Error != nil {
		t.Fatal(r.Error.Message)
	}
	return r.SvcQuery.Units
}

// shown are the states of units by systemctl.
func (l *lab) shown(t *testing.T, names ...string) []op.Service {
	t.Helper()
	script := "for u in '" + strings.Join(names, "' '") + "'; do " +
		`systemctl show -p LoadState -p ActiveState -p SubState -p NeedDaemonReload --value -- "$u" | tr '\n' ' '; systemctl is-enabled -- "$u" 2>/dev/null || echo; done`
	var units []op.Service
	for i, line := range strings.Split(strings.TrimSpace(strings.ReplaceAll(l.host.SSH(t, script), "\n\n", "\n")), "\n") {
		f := append(strings.Fields(line), "")
		s := op.Service{Name: names[i], Load: f[0], Active: f[1], Sub: f[2], Outdated: f[3] == "yes", File: f[4]}
		units = append(units, s)
	}
	return units
}

func TestLabQuery(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		t.Run(user, func(t *testing.T) {
			l := newLab(t, user)
			l.install(t, "froyo-off.service", labUnit)
			l.install(t, "froyo-tmpl@.service", labUnit)
			l.install(t, "froyo-changed.service", labUnit)
			l.host.SSH(t, "rm /etc/systemd/system/froyo-off.service; systemctl -q mask froyo-off; systemctl -q enable --now froyo-tmpl@a-b.service; systemctl start froyo-changed.service")
			l.host.Undo(t, "systemctl -q disable --now froyo-tmpl@a-b.service")
			l.host.SSH(t, "sleep 0.01; echo '# changed' >>/etc/systemd/system/froyo-changed.service; rm -f /etc/systemd/system/multi-user.target.wants/froyo-changed.service")
			names := []string{
				"ssh.service", "froyo-none.service", "froyo-off.service", "froyo-tmpl@a-b.service", "froyo-tmpl@other.service",
				"froyo-changed.service", "dbus.socket", "multi-user.target", `dev-disk-by\x2dlabel-x.device`, "apt-daily.timer",
			}
			want := l.shown(t, names...)
			got := l.query(t, names...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("systemctl and D-Bus differ (-systemctl +D-Bus):\n%s", diff)
			}
			for _, i := range []int{1, 2, 5} {
				if wanted := map[int]op.Service{
					1: {Name: names[1], Load: "not-found", Active: "inactive", Sub: "dead"},
					2: {Name: names[2], Load: "masked", Active: "inactive", Sub: "dead", File: "masked"},
					5: {Name: names[5], Load: "loaded", Active: "active", Sub: "running", File: "disabled", Outdated: true},
				}[i]; got[i] != wanted {
					t.Errorf("got %+v, want %+v", got[i], wanted)
				}
			}
			// sshd.service is another name of ssh.service.
			alias := l.query(t, "sshd.service")[0]
			if alias.ID != "ssh.service" {
				t.Errorf("the alias is of %q", alias.ID)
			}
			alias.Name, alias.ID = "ssh.service", ""
			if alias != got[0] {
				t.Errorf("the alias is %+v, its unit %+v", alias, got[0])
			}
			r := l.do(t, op.Op{SvcQuery: &op.SvcQuery{Names: []string{"froyo-tmpl@.service"}}})
			if r.Error == nil || r.Error.Code != "einval" {
				t.Errorf("a template gave %+v", r)
			}
		})
	}
}

// TestLabLinkedByHand changes what is enabled behind systemd's back.
func TestLabLinkedByHand(t *testing.T) {
	l := newLab(t, "ops")
	name := fresh("hand")
	l.install(t, name, labUnit)
	link := "/etc/systemd/system/multi-user.target.wants/" + name
	for _, step := range []struct{ script, want string }{
		{"true", "disabled"},
		{"ln -s ../" + name + " " + link, "enabled"},
		{"rm " + link, "disabled"},
		{"systemctl -q enable " + name, "enabled"},
		{"rm " + link, "disabled"},
		{"systemctl daemon-reload", "disabled"},
		{"sed -i /WantedBy/d /etc/systemd/system/" + name, "static"},
	} {
		l.host.SSH(t, step.script)
		for range 2 {
			if got := l.query(t, name)[0].File; got != step.want {
				t.Errorf("after %q the file is %s, want %s", step.script, got, step.want)
			}
		}
	}
}

// TestLabQueryWithoutBus stops the system's bus: root goes on by systemd's own
// socket, and another user is told.
func TestLabQueryWithoutBus(t *testing.T) {
	root, ops := newLab(t, "root"), newLab(t, "ops")
	want := root.query(t, "ssh.service", "froyo-none.service")
	ops.query(t, "ssh.service")
	const socket = "/run/dbus/system_bus_socket"
	root.host.Undo(t, "[ ! -e "+socket+".away ] || mv "+socket+".away "+socket)
	root.host.SSH(t, "mv "+socket+" "+socket+".away")
	if diff := cmp.Diff(want, root.query(t, "ssh.service", "froyo-none.service")); diff != "" {
		t.Errorf("systemd's own socket and the bus differ (-bus +socket):\n%s", diff)
	}
	r := ops.do(t, op.Op{SvcQuery: &op.SvcQuery{Names: []string{"ssh.service"}}})
	if r.Error == nil || r.Error.Code != "nobus" || !strings.Contains(r.Error.Message, "systemctl show: ") {
		t.Errorf("got %+v, want what systemctl says", r)
	}
}

func TestLabEnsure(t *testing.T) {
	l := newLab(t, "root")
	name := fresh("lab")
	l.install(t, name, labUnit)
	state := func() string {
		u := l.query(t, name)[0]
		return u.Active + " " + u.File
	}
	said := func(word string) (n int) {
		for line := range strings.Lines(l.host.SSH(t, "journalctl --sync; journalctl -u "+name+" -o cat --no-pager")) {
			if strings.TrimSpace(line) == word {
				n++
			}
		}
		return n
	}
	steps := []struct {
		want    op.SvcEnsure
		changed bool
		state   string
	}{
		{op.SvcEnsure{State: op.SvcRunning, Enabled: new(true)}, true, "active enabled"},
		{op.SvcEnsure{State: op.SvcRunning, Enabled: new(true)}, false, "active enabled"},
		{op.SvcEnsure{State: op.SvcReloaded}, true, "active enabled"},
		{op.SvcEnsure{State: op.SvcRestarted}, true, "active enabled"},
		{op.SvcEnsure{State: op.SvcStopped, Enabled: new(false)}, true, "inactive disabled"},
		{op.SvcEnsure{State: op.SvcReloaded}, false, "inactive disabled"},
		{op.SvcEnsure{State: op.SvcRestarted}, true, "active disabled"},
		{op.SvcEnsure{State: op.SvcStopped}, true, "inactive disabled"},
		{op.SvcEnsure{State: op.SvcStopped}, false, "inactive disabled"},
	}
	for i, step := range steps {
		step.want.Name = name
		if got := l.ensure(t, step.want); got != step.changed {
			t.Errorf("step %d: changed is %v, want %v", i, got, step.changed)
		}
		l.host.SSH(t, "sleep 0.3") // until the unit has said what happened to it
		if got := state(); got != step.state {
			t.Errorf("step %d: the unit is %q, want %q", i, got, step.state)
		}
	}
	if got := said("reloaded"); got != 1 {
		t.Errorf("the unit was reloaded %d times, want 1", got)
	}
	if got := said("started"); got != 3 {
		t.Errorf("the unit was started %d times, want 3", got)
	}
}

func TestLabMask(t *testing.T) {
	l := newLab(t, "root")
	const name = "froyo-mask.service"
	l.host.Undo(t, "rm -f /run/systemd/system/"+name+" /etc/systemd/system/"+name+"; systemctl daemon-reload")
	if !l.ensure(t, op.SvcEnsure{Name: name, Masked: new(true)}) || l.ensure(t, op.SvcEnsure{Name: name, Masked: new(true)}) {
		t.Error("masking what is not there changes something once")
	}
	l.host.SSH(t, "cat >/run/systemd/system/"+name+" <<'END'\n"+labUnit+"END")
	r := l.do(t, op.Op{SvcEnsure: &op.SvcEnsure{Name: name, State: op.SvcRunning}})
	if r.Error == nil || !strings.Contains(r.Error.Message, name+" did not start: ") || !strings.Contains(r.Error.Message, "is masked") {
		t.Errorf("got %+v, want that it is masked", r)
	}
	if !l.ensure(t, op.SvcEnsure{Name: name, Masked: new(false), State: op.SvcRunning}) {
		t.Error("nothing changed")
	}
	if u := l.query(t, name)[0]; u.Active != "active" || u.File != "disabled" {
		t.Errorf("the unit is %+v", u)
	}
	if !l.ensure(t, op.SvcEnsure{Name: name, Masked: new(true), State: op.SvcStopped}) {
		t.Error("nothing changed")
	}
	if u := l.query(t, name)[0]; u.Active != "inactive" || u.File != "masked" {
		t.Errorf("the unit is %+v", u)
	}
}

// TestLabStaticUnits: enabling what cannot be enabled is no change, ever.
func TestLabStaticUnits(t *testing.T) {
	l := newLab(t, "root")
	l.install(t, "froyo-static.service", "[Service]\nExecStart=/bin/sleep 1d\n")
	l.install(t, "froyo-also.service", "[Service]\nExecStart=/bin/sleep 1d\n[Install]\nAlso=froyo-static.service\n")
	for _, name := range []string{"froyo-static.service", "froyo-also.service"} {
		for _, enabled := range []bool{true, true, false} {
			if l.ensure(t, op.SvcEnsure{Name: name, Enabled: &enabled}) {
				t.Errorf("%s: enabled = %v changed something", name, enabled)
			}
		}
	}
	// A file that is linked into place looks the same with [Install] and without.
	l.host.SSH(t, "printf '[Service]\\nExecStart=/bin/sleep 1d\\n' >/root/froyo-linked.service; systemctl -q link /root/froyo-linked.service")
	l.host.Undo(t, "systemctl -q disable froyo-linked.service; rm /root/froyo-linked.service; systemctl daemon-reload")
	r := l.do(t, op.Op{SvcEnsure: &op.SvcEnsure{Name: "froyo-linked.service", Enabled: new(true)}})
	if r.Error == nil || !strings.Contains(r.Error.Message, "no [Install] section") {
		t.Errorf("a linked unit that cannot be enabled gave %+v", r)
	}
}

func TestLabOutdated(t *testing.T) {
	l := newLab(t, "root")
	name := fresh("lab")
	l.install(t, name, labUnit)
	l.ensure(t, op.SvcEnsure{Name: name, State: op.SvcRunning})
	l.host.SSH(t, "sleep 0.01; sed -i s/started/changed/ /etc/systemd/system/"+name)
	if !l.query(t, name)[0].Outdated {
		t.Error("the unit is not outdated")
	}
	if !l.ensure(t, op.SvcEnsure{Name: name, State: op.SvcRestarted, Reload: true}) {
		t.Error("nothing changed")
	}
	if l.query(t, name)[0].Outdated {
		t.Error("the unit is still outdated")
	}
	if out := l.host.SSH(t, "sleep 0.3; journalctl --sync; journalctl -u "+name+" -o cat --no-pager"); !strings.Contains(out, "\nchanged\n") {
		t.Errorf("the old file was started:\n%s", out)
	}
}

func TestLabFailures(t *testing.T) {
	l := newLab(t, "root")
	bad := func(body string) string { return "[Unit]\nStartLimitIntervalSec=0\n[Service]\n" + body + "\n" }
	// What a program says is told if it lives until the journal has seen whose it is.
	tests := []struct {
		name, file string
		class      op.Class
		parts      []string
	}{
		{"exits", bad("ExecStart=/bin/sh -c 'exit 3'"), op.Permanent, []string{"did not start: exit code 3 (result 'exit-code')\n"}},
		{"notifies", bad("Type=notify\nExecStart=/bin/sh -c 'echo no luck; sleep 2; exit 4'"), op.Permanent, []string{"did not start: exit code 4 (result '", "no luck"}},
		{"check", bad("ExecStartPre=/bin/sh -c 'echo bad syntax; sleep 2; exit 2'\nExecStart=/bin/true"), op.Permanent, []string{"did not start: ExecStartPre=/bin/sh -c echo bad syntax; sleep 2; exit 2: exit code 2", "\nbad syntax"}},
		{"oneshot", bad("Type=oneshot\nExecStart=/bin/false"), op.Permanent, []string{"did not start: exit code 1 (result 'exit-code')"}},
		{"killed", bad("Type=oneshot\nExecStart=/bin/sh -c 'kill -SEGV $$$$'"), op.Permanent, []string{"ended by signal 11"}},
		{"no program", bad("ExecStart=/no/such/program"), op.Permanent, []string{"did not start: exit code 203"}},
		{"slow", bad("Type=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 60"), op.Transient, []string{"it took too long (result 'timeout')"}},
		{"condition", "[Unit]\nConditionPathExists=/no/such/path\n[Service]\nExecStart=/bin/sleep 1d\n", op.Permanent, []string{"a condition in its file does not hold"}},
		{"garbage", "[Service]\nRestart=always\n", op.Permanent, []string{"did not start: ", "bad unit file setting"}},
		{"restarts for ever", bad("Restart=always\nRestartSec=10\nExecStart=/bin/sh -c 'exit 5'"), op.Permanent, []string{"did not start: exit code 5", "Failed with result"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := fresh("bad")
			l.install(t, name, tt.file)
			start := func() op.Result {
				r := l.do(t, op.Op{SvcEnsure: &op.SvcEnsure{Name: name, State: op.SvcRunning}})
				if r.Error == nil {
					t.Fatalf("got %+v", r)
				}
				t.Log(r.Error.Message)
				return r
			}
			r := start()
			// The journal of a busy machine may take what a program said after that has gone, and not know whose it is.
			for range 4 {
				if !slices.ContainsFunc(tt.parts, func(part string) bool { return !strings.Contains(r.Error.Message, part) }) {
					break
				}
				r = start()
			}
			if r.Error.Class != tt.class {
				t.Errorf("class %s, want %s", r.Error.Class, tt.class)
			}
			for _, part := range append(tt.parts, name+" did not start") {
				if !strings.Contains(r.Error.Message, part) {
					t.Errorf("%q is not in the message", part)
				}
			}
		})
	}
	r := l.do(t, op.Op{SvcEnsure: &op.SvcEnsure{Name: "froyo-none.service", State: op.SvcRunning}})
	if r.Error == nil || r.Error.Code != "enoent" || r.Error.Message != "there is no unit froyo-none.service" {
		t.Errorf("got %+v", r.Error)
	}
}

// TestLabOneshot: a unit that does its work and ends is no failure.
func TestLabOneshot(t *testing.T) {
	l := newLab(t, "root")
	l.install(t, "froyo-once.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
	if !l.ensure(t, op.SvcEnsure{Name: "froyo-once.service", State: op.SvcRestarted}) {
		t.Error("nothing changed")
	}
}

// TestLabTooOften starts a unit until systemd has enough.
func TestLabTooOften(t *testing.T) {
	l, name := newLab(t, "root"), fresh("often")
	l.install(t, name, "[Unit]\nStartLimitIntervalSec=100\nStartLimitBurst=2\n[Service]\nType=oneshot\nExecStart=/bin/false\n")
	var last *op.Error
	for range 3 {
		last = l.do(t, op.Op{SvcEnsure: &op.SvcEnsure{Name: name, State: op.SvcRunning}}).Error
	}
	if last == nil || last.Class != op.Throttled || last.Code != "startlimit" {
		t.Errorf("got %+v", last)
	}
}

// TestLabDenied: who may not change services is told what would permit it.
func TestLabDenied(t *testing.T) {
	l := newLab(t, "ops")
	l.install(t, "froyo-lab.service", labUnit)
	for _, e := range []op.SvcEnsure{{State: op.SvcRunning}, {Enabled: new(true)}, {Reload: true}, {Enabled: new(true), State: op.SvcRunning}} {
		e.Name = "froyo-lab.service"
		r := l.do(t, op.Op{SvcEnsure: &e})
		if r.Error == nil || r.Error.Code != "eacces" || !strings.Contains(r.Error.Message, `"ops ALL=(root) NOPASSWD: /usr/bin/systemctl"`) {
			t.Errorf("%+v gave %+v", e, r)
		}
	}
}

// TestLabQueryTime measures what the speed of a run without changes rests on.
func TestLabQueryTime(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		l := newLab(t, user)
		names := []string{"ssh.service", "dbus.service", "systemd-networkd.service"}
		best := func(o op.Op) time.Duration {
			least := time.Hour
			for range 30 {
				began := time.Now()
				if r := l.do(t, o); r.Error != nil {
					t.Fatal(r.Error.Message)
				}
				least = min(least, time.Since(began))
			}
			return least
		}
		l.host.SSH(t, "systemctl daemon-reload; sleep 0.5")
		nothing := best(op.Op{Stat: &op.Stat{Path: "/"}})
		bus := best(op.Op{SvcQuery: &op.SvcQuery{Names: names}}) - nothing
		program := best(op.Op{Exec: &op.Exec{ReadOnly: true, Argv: append([]string{
			"/usr/bin/systemctl", "show", "--no-pager", "--property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload", "--",
		}, names...)}}) - nothing
		t.Logf("%s: 3 units by D-Bus %v, by systemctl show %v, round trip %v", user, bus, program, nothing)
		if bus > program {
			t.Errorf("%s: D-Bus takes %v and systemctl %v", user, bus, program)
		}
	}
}

// TestLabUnits compares the facts svc.units with what systemctl lists.
func TestLabUnits(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		l := newLab(t, user)
		l.host.SSH(t, "systemctl start froyo-none.service 2>/dev/null; true")
		want := map[string]op.SvcUnit{}
		for line := range strings.Lines(l.host.SSH(t, "systemctl list-units --type=service --all --plain --no-legend --no-pager --full")) {
			f := strings.Fields(line)
			want[f[0]] = op.SvcUnit{Load: f[1], Active: f[2], Sub: f[3]}
		}
		r := l.do(t, op.Op{Facts: &op.Facts{Namespaces: []string{"svc.units"}}})
		if r.Error != nil {
			t.Fatal(r.Error.Message)
		}
		// Sessions come and go.
		for _, units := range []map[string]op.SvcUnit{want, r.Facts.SvcUnits.Units} {
			maps.DeleteFunc(units, func(name string, _ op.SvcUnit) bool { return strings.HasPrefix(name, "user") })
		}
		if diff := cmp.Diff(&op.SvcUnits{Manager: "systemd", Units: want}, r.Facts.SvcUnits); diff != "" {
			t.Errorf("%s: systemctl and D-Bus differ (-systemctl +D-Bus):\n%s", user, diff)
		}
	}
}

// TestLabIfaces compares the facts net.ifaces and hw.cpu with what ip and nproc say.
func TestLabIfaces(t *testing.T) {
	l := newLab(t, "ops")
	r := l.do(t, op.Op{Facts: &op.Facts{Namespaces: []string{"net.ifaces", "hw.cpu"}}})
	if r.Error != nil {
		t.Fatal(r.Error.Message)
	}
	var links []struct {
		IfName, Address string
		LinkType        string `json:"link_type"`
		MTU             int
		Flags           []string
		AddrInfo        []struct {
			Local     string
			PrefixLen int
		} `json:"addr_info"`
	}
	if err := json.Unmarshal([]byte(l.host.SSH(t, "ip -j addr")), &links); err != nil {
		t.Fatal(err)
	}
	want := &op.NetIfaces{}
	for _, i := range links {
		iface := op.Iface{
			Name: i.IfName, MTU: i.MTU, Up: slices.Contains(i.Flags, "UP"), Loopback: slices.Contains(i.Flags, "LOOPBACK"), Addresses: []string{},
		}
		if i.LinkType == "ether" {
			iface.MAC = i.Address
		}
		for _, a := range i.AddrInfo {
			iface.Addresses = append(iface.Addresses, a.Local+"/"+strconv.Itoa(a.PrefixLen))
		}
		want.Ifaces = append(want.Ifaces, iface)
	}
	route := strings.Fields(l.host.SSH(t, "ip route show default"))
	want.Gateway, want.Default, want.Address = route[2], route[4], l.host.Addr
	if diff := cmp.Diff(want, r.Facts.NetIfaces); diff != "" {
		t.Errorf("ip and netlink differ (-ip +netlink):\n%s", diff)
	}
	if got := strings.TrimSpace(l.host.SSH(t, "nproc")); got != strconv.Itoa(r.Facts.HWCPU.Cores) || r.Facts.HWCPU.Sockets < 1 {
		t.Errorf("nproc says %s, the facts %+v", got, r.Facts.HWCPU)
	}
	t.Logf("%+v", r.Facts.HWCPU)
}

// TestLabSysV enables a script of System V, for which systemd itself says "generated" always.
func TestLabSysV(t *testing.T) {
	l := newLab(t, "root")
	l.host.Undo(t, "systemctl -q disable froyo-old 2>/dev/null; rm -f /etc/init.d/froyo-old; systemctl daemon-reload")
	l.host.SSH(t, `cat >/etc/init.d/froyo-old <<'END'
#!/bin/sh
### BEGIN INIT INFO
# Provides: froyo-old
# Required-Start: $remote_fs
# Required-Stop:
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: x
### END INIT INFO
exit 0
END
chmod +x /etc/init.d/froyo-old; systemctl daemon-reload`)
	name := "froyo-old.service"
	for _, enabled := range []bool{true, false} {
		if got, is := l.query(t, name)[0].File, map[bool]string{true: "disabled", false: "enabled"}[enabled]; got != is {
			t.Errorf("before enabled = %v it is %s, want %s", enabled, got, is)
		}
		if !l.ensure(t, op.SvcEnsure{Name: name, Enabled: &enabled}) || l.ensure(t, op.SvcEnsure{Name: name, Enabled: &enabled}) {
			t.Errorf("enabled = %v is to change it once", enabled)
		}
		if links := l.host.SSH(t, "ls /etc/rc3.d | grep S..froyo-old || true"); (links != "") != enabled {
			t.Errorf("enabled = %v leaves the links %q", enabled, links)
		}
	}
}

// TestLabInstallChanged changes what [Install] asks for of a unit that is enabled.
func TestLabInstallChanged(t *testing.T) {
	l := newLab(t, "root")
	name, enabled := fresh("moved"), true
	l.install(t, name, labUnit)
	l.ensure(t, op.SvcEnsure{Name: name, Enabled: &enabled})
	for _, change := range []string{
		"sed -i s/multi-user/graphical/ /etc/systemd/system/" + name,
		"echo Alias=froyo-%p.service >>/etc/systemd/system/" + name,
		"mkdir /etc/systemd/system/" + name + ".d; printf '[Install]\\nRequiredBy=rescue.target\\n' >/etc/systemd/system/" + name + ".d/a.conf",
		"rm -r /etc/systemd/system/" + name + ".d",
		"sed -i 's/WantedBy=.*/WantedBy=%q.target/' /etc/systemd/system/" + name, // not known, so nothing is claimed
	} {
		l.host.SSH(t, change+"; systemctl daemon-reload")
		stale := !strings.HasPrefix(change, "rm ") && !strings.Contains(change, "%q")
		u := l.query(t, name)[0]
		if u.File != "enabled" || u.Stale != stale {
			t.Errorf("after %q the unit is %+v, want stale %v", change, u, stale)
		}
		if l.ensure(t, op.SvcEnsure{Name: name, Enabled: &enabled}) != stale {
			t.Errorf("after %q: it changed something: %v", change, !stale)
		}
		if u := l.query(t, name)[0]; u.Stale {
			t.Errorf("after %q and enabling it the unit is %+v", change, u)
		}
	}
	if links := l.host.SSH(t, "ls /etc/systemd/system/graphical.target.wants /etc/systemd/system/multi-user.target.wants | grep -c "+name+" || true"); strings.TrimSpace(links) != "1" {
		t.Errorf("%s links are left, want one", links)
	}
	l.host.SSH(t, "systemctl -q disable "+name)
}

// TestLabOnce tells a unit that never will be found running.
func TestLabOnce(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		l := newLab(t, user)
		l.install(t, "froyo-once.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
		l.install(t, "froyo-stays.service", "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
		units := l.query(t, "froyo-once.service", "froyo-stays.service", "ssh.service")
		if !units[0].Once || units[1].Once || units[2].Once {
			t.Errorf("%s: got %+v", user, units)
		}
	}
}

// TestLabRestartReads restarts a unit whose drop-in has changed: what starts is what the files say.
func TestLabRestartReads(t *testing.T) {
	l := newLab(t, "root")
	name := fresh("read")
	l.install(t, name, labUnit)
	l.ensure(t, op.SvcEnsure{Name: name, State: op.SvcRunning})
	drop := "/etc/systemd/system/" + name + ".d"
	l.host.Undo(t, "rm -r "+drop)
	l.host.SSH(t, "sleep 0.01; mkdir "+drop+"; printf '[Service]\\nEnvironment=A=new\\n' >"+drop+"/a.conf")
	l.ensure(t, op.SvcEnsure{Name: name, State: op.SvcRestarted})
	if out := l.host.SSH(t, "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value "+name+")/environ"); !strings.Contains(out, "A=new") {
		t.Errorf("the unit runs without its drop-in: %s", out)
	}
}
