package availability_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/availability"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

type given = map[string]any

func kit(t *testing.T, m *providertest.Memory) *providertest.Kit {
	t.Helper()
	return providertest.New(t, providertest.Native(availability.Types()), m)
}

// args are arguments with what the schemas fill in.
func args(t *testing.T, typ string, g given) string {
	t.Helper()
	all := given{"timeout": "10m", "condition": "needed"}
	if typ == "wait_for" {
		all = given{"gone": false, "timeout": "5m", "interval": "1s"}
	}
	maps.Copy(all, g)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWaitFor(t *testing.T) {
	tests := []struct {
		name string
		give given
		want op.Wait
	}{
		{"a port", given{"port": 80}, op.Wait{Port: 80, Address: "127.0.0.1", TimeoutMS: 300_000, IntervalMS: 1000}},
		{"a port elsewhere", given{"port": 80, "address": "db", "gone": true, "timeout": "1m30s"}, op.Wait{Port: 80, Address: "db", Gone: true, TimeoutMS: 90_000, IntervalMS: 1000}},
		{"a text", given{"path": "/x", "contains": "y", "interval": "100ms"}, op.Wait{Path: "/x", Contains: "y", TimeoutMS: 300_000, IntervalMS: 100}},
		{"a service", given{"service": "nginx"}, op.Wait{Unit: "nginx.service", TimeoutMS: 300_000, IntervalMS: 1000}},
		{"a timer", given{"service": "x.timer", "gone": true}, op.Wait{Unit: "x.timer", Gone: true, TimeoutMS: 300_000, IntervalMS: 1000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Listeners: map[string]func(op.Op) op.Result{
				op.Op{Wait: &tt.want}.Subject(): func(op.Op) op.Result { return op.Result{Wait: &op.WaitResult{ElapsedMS: 7}} },
			}}
			k := kit(t, m)
			u := providertest.Unit{Type: "wait_for", Args: args(t, "wait_for", tt.give)}
			c, err := k.Plan(u)
			if err != nil || c.Action != abi.Probe || len(c.Effects) != 1 {
				t.Fatalf("planned %+v, %v", c, err)
			}
			if diff := cmp.Diff(&tt.want, c.Effects[0].Op.Wait); diff != "" {
				t.Error(diff)
			}
			if o, err := k.Apply(u); err != nil || o.Changed || !strings.Contains(string(o.Outputs), `"elapsed":7`) {
				t.Errorf("outcome %+v, %v", o, err)
			}
		})
	}
}

func TestWaitForRefused(t *testing.T) {
	for _, tt := range []struct {
		give       given
		want, hint string
		follow     given
	}{
		{given{}, "it is not said what to wait for", `give port = 8080, path = "/run/app.sock" or service = "nginx"`, given{"port": 8080}},
		{given{"path": "/x", "address": "db"}, "address is where a port is", "give port, or leave address out", given{"path": "/x"}},
		{given{"path": "/x", "contains": "y", "gone": true}, "contains is for a file", "give path, without gone; or leave contains out", given{"path": "/x", "contains": "y"}},
		{given{"port": 1, "timeout": "25h"}, "is no time of at most a day", `write "10s", "1m30s" or "2h"`, given{"port": 1, "timeout": "2h"}},
	} {
		k := kit(t, &providertest.Memory{})
		_, e := k.Plan(providertest.Unit{Type: "wait_for", Args: args(t, "wait_for", tt.give)})
		if e == nil || !strings.Contains(e.Message, tt.want) || e.Hint != tt.hint {
			t.Errorf("%v: got %+v, want %q with the hint %q", tt.give, e, tt.want, tt.hint)
		}
		if _, e := k.Plan(providertest.Unit{Type: "wait_for", Args: args(t, "wait_for", tt.follow)}); e != nil {
			t.Errorf("%v: %v", tt.follow, e)
		}
	}
}

func node(text string) *providertest.Node {
	return &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(text))}
}

// host is one with a kernel, and what tells of the next.
func host(running string, installed []string, link string) *providertest.Memory {
	m := &providertest.Memory{Files: map[string]*providertest.Node{}, Programs: map[string]func(*op.Exec) op.Result{}}
	m.Files["/proc/sys/kernel/osrelease"] = node(running + "\n")
	for _, kernel := range installed {
		m.Files["/usr/lib/modules"] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
		m.Files["/usr/lib/modules/"+kernel] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	if link != "" {
		m.Files["/vmlinuz"] = &providertest.Node{Type: op.TypeLink, Mode: 0o777, Target: "boot/vmlinuz-" + link}
	}
	return m
}

func TestReboot(t *testing.T) {
	exits := func(command string, rc int) func(m *providertest.Memory) {
		return func(m *providertest.Memory) { m.Programs[command] = providertest.Exits(rc, "") }
	}
	file := func(path, text string) func(m *providertest.Memory) {
		return func(m *providertest.Memory) { m.Files[path] = node(text) }
	}
	tests := []struct {
		name   string
		host   *providertest.Memory
		and    []func(m *providertest.Memory)
		give   given
		reason string
		acts   bool
		needs  string
	}{
		{"not needed", host("6.1", []string{"6.1", "6.2"}, "6.1"), nil, nil, "the host does not need it", false, ""},
		{"nothing known of kernels", host("6.1", nil, ""), nil, nil, "the host does not need it", false, ""},
		{"marked", host("6.1", nil, ""), []func(*providertest.Memory){file("/run/reboot-required", "")}, nil, "/run/reboot-required is there", true, ""},
		{
			"marked by packages", host("6.1", nil, ""),
			[]func(*providertest.Memory){file("/run/reboot-required", ""), file("/run/reboot-required.pkgs", "a\nb\na\nc\nd\ne\nf\n")},
			nil,
			"/run/reboot-required is there, for a, b, c, d, e and others", true, "",
		},
		{"another kernel is next", host("6.1", []string{"6.1"}, "6.2"), nil, nil, "the kernel 6.1 runs, and 6.2 is the next", true, ""},
		{"the kernel is gone", host("6.1", []string{"6.2"}, ""), nil, nil, "the kernel 6.1 runs and is no longer installed", true, ""},
		{"in a container", host("6.1", []string{"6.2"}, "6.2"), []func(*providertest.Memory){file("/run/systemd/container", "x")}, nil, "the host does not need it", false, ""},
		{"dnf: needed", host("6.1", nil, ""), []func(*providertest.Memory){file("/usr/bin/dnf", ""), exits("needs-restarting -r", 1)}, nil, "needs-restarting -r says so", true, ""},
		{"dnf: not needed", host("6.1", nil, ""), []func(*providertest.Memory){file("/usr/bin/dnf", ""), exits("needs-restarting -r", 0)}, nil, "the host does not need it", false, ""},
		{"dnf: cannot tell", host("6.1", nil, ""), []func(*providertest.Memory){file("/usr/bin/dnf", "")}, nil, "whether the host needs it is not known yet", true, "needs-restarting"},
		{"zypper: needed", host("6.1", nil, ""), []func(*providertest.Memory){exits("zypper --non-interactive needs-rebooting", 102)}, nil, "zypper needs-rebooting says so", true, ""},
		{"always", host("6.1", nil, ""), nil, given{"condition": "always"}, "condition is always", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range tt.and {
				f(tt.host)
			}
			c, err := kit(t, tt.host).Plan(providertest.Unit{Type: "reboot", Args: args(t, "reboot", tt.give)})
			if err != nil {
				t.Fatal(err)
			}
			if c.Reason != tt.reason {
				t.Errorf("reason %q, want %q", c.Reason, tt.reason)
			}
			acts := slices.ContainsFunc(c.Effects, func(e abi.Effect) bool { return e.Op.Restart != nil && e.Op.Restart.TimeoutMS == 600_000 })
			if acts != tt.acts || acts != (c.Action == abi.Run) {
				t.Errorf("it restarts: %v, action %s, want %v", acts, c.Action, tt.acts)
			}
			const hint = `without it dnf cannot tell whether the host needs a restart; what brings it has to be declared before, such as pkg("dnf-utils")`
			if tt.needs != "" && c.Needs[0].Hint != hint { // a program that is there is the case above
				t.Errorf("hint %q", c.Needs[0].Hint)
			}
			if needs := len(c.Needs) > 0 && c.Needs[0].Name == tt.needs; needs != (tt.needs != "") {
				t.Errorf("needs %+v, want %q", c.Needs, tt.needs)
			}
		})
	}
}

// TestRebootCannotTell has the program answer what it never should.
func TestRebootCannotTell(t *testing.T) {
	m := host("6.1", nil, "")
	m.Files["/usr/bin/dnf"] = node("")
	m.Programs["needs-restarting -r"] = providertest.Exits(3, "")
	_, e := kit(t, m).Plan(providertest.Unit{Type: "reboot", Args: args(t, "reboot", nil)})
	if e == nil || e.Message != "needs-restarting -r ended with 3" || e.Hint != "run it on the host to see why" {
		t.Errorf("got %+v", e)
	}
}
