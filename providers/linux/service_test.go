package linux_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
)

// svcHost has units in each of the states that matter.
func svcHost() *providertest.Memory {
	m := host(nil)
	m.Services = map[string]*providertest.MemoryService{
		"up.service":      {Active: "active", File: "enabled"},
		"down.service":    {File: "disabled"},
		"failed.service":  {Active: "failed", File: "enabled"},
		"masked.service":  {Load: "masked", File: "masked"},
		"static.service":  {File: "static"},
		"changed.service": {Active: "active", File: "enabled", Outdated: true},
		"broken.service":  {File: "enabled", Fails: "exit code 1"},
		"a.timer":         {File: "disabled"},
	}
	return m
}

func svcArgs(name, more string) string {
	args := `{"name":"` + name + `"`
	if !strings.Contains(more, "daemon_reload") {
		args += `,"daemon_reload":false`
	}
	if more != "" {
		args += "," + more
	}
	return args + "}"
}

// missing names what a change needs and is not there.
func missing(c abi.Change) string {
	var names []string
	for _, n := range c.Needs {
		names = append(names, n.String())
	}
	return strings.Join(names, ", ")
}

func TestServicePlan(t *testing.T) {
	for _, tt := range []struct {
		name, svc, args string
		action          abi.Action
		diffs           []string
		missing         string
	}{
		{name: "runs", svc: "up", args: `"state":"running","enabled":true`, action: abi.None},
		{name: "does not run", svc: "down", args: `"state":"running","enabled":true`, action: abi.Update, diffs: []string{`enabled: false → true`, `state: "stopped" → "running"`}},
		{name: "failed", svc: "failed", args: `"state":"running"`, action: abi.Update, diffs: []string{`state: "failed" → "running"`}},
		{name: "to be stopped", svc: "up", args: `"state":"stopped","enabled":false`, action: abi.Update, diffs: []string{`enabled: true → false`, `state: "running" → "stopped"`}},
		{name: "stopped already", svc: "failed", args: `"state":"stopped"`, action: abi.None},
		{name: "another kind of unit", svc: "a.timer", args: `"enabled":true`, action: abi.Update, diffs: []string{`enabled: false → true`}},
		{name: "a static unit counts as enabled", svc: "static", args: `"enabled":true`, action: abi.None},
		{name: "reload", svc: "up", args: `"state":"reloaded"`, action: abi.Run},
		{name: "not there", svc: "none", args: `"state":"running","enabled":true`, action: abi.Update, diffs: []string{`enabled:  → true`, `state:  → "running"`}, missing: "unit none.service"},
		{name: "not there and not to run", svc: "none", args: `"state":"stopped","enabled":false`, action: abi.None},
		{name: "mask", svc: "none", args: `"masked":true`, action: abi.Update, diffs: []string{`masked: false → true`}},
		{name: "unmask", svc: "masked", args: `"masked":false`, action: abi.Update, diffs: []string{`masked: true → false`}},
		{name: "its file changed", svc: "changed", args: `"daemon_reload":true`, action: abi.Update, diffs: []string{`definition: "outdated" → "read again"`}},
		{name: "its file did not change", svc: "up", args: `"daemon_reload":true`, action: abi.None},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := kit(t, svcHost()).Plan(providertest.Unit{Type: "service", Args: svcArgs(tt.svc, tt.args)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Action != tt.action || missing(got) != tt.missing {
				t.Errorf("%s, missing %q; want %s, %q", got.Action, missing(got), tt.action, tt.missing)
			}
			if diff := cmp.Diff(tt.diffs, diffs(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, args := range map[string]string{"masked": `"state":"running"`, "up": `"state":"running","masked":true`} {
		if _, err := kit(t, svcHost()).Plan(providertest.Unit{Type: "service", Args: svcArgs(name, args)}); err == nil {
			t.Errorf("%s with %s was planned", name, args)
		}
	}
}

func TestServiceConverges(t *testing.T) {
	for _, tt := range []struct{ name, svc, args string }{
		{"start", "down", `"state":"running","enabled":true`},
		{"stop", "up", `"state":"stopped","enabled":false`},
		{"mask", "up", `"masked":true`},
		{"read its file again", "changed", `"daemon_reload":true`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := svcHost()
			if _, outcome := kit(t, m).Converge(providertest.Unit{Type: "service", Args: svcArgs(tt.svc, tt.args)}); !outcome.Changed {
				t.Error("it says that nothing changed")
			}
		})
	}
	m := svcHost()
	if _, err := kit(t, m).Apply(providertest.Unit{Type: "service", Args: svcArgs("up", `"state":"reloaded"`)}); err != nil || m.Services["up.service"].Reloads != 1 {
		t.Errorf("%v, reloads %d, want 1", err, m.Services["up.service"].Reloads)
	}
	if _, err := kit(t, svcHost()).Apply(providertest.Unit{Type: "service", Args: svcArgs("broken", `"state":"running"`)}); err == nil {
		t.Error("a unit that does not start was fine")
	}
}
