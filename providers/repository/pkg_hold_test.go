package repository_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/runner/op"
)

// managed is a target of a package manager that is another than it says itself.
type managed struct {
	*providertest.Memory
	manager string
}

func (m managed) Do(o op.Op) op.Result {
	r := m.Memory.Do(o)
	if r.PkgQuery != nil {
		r.PkgQuery.Manager = m.manager
	}
	return r
}

func newManaged(manager string, held bool, fails string) managed {
	p := &providertest.MemoryPackage{Version: "1.0", Held: held}
	m := &providertest.Memory{Packages: providertest.MemoryPackages{"nginx": p}}
	set := func(held bool) func(*op.Exec) op.Result {
		return func(*op.Exec) op.Result {
			if fails != "" {
				return op.Result{Exec: &op.ExecResult{RC: 1, Stderr: fails}}
			}
			p.Held = held
			return op.Result{Exec: &op.ExecResult{}}
		}
	}
	m.Programs = map[string]func(*op.Exec) op.Result{
		"apt-mark hold nginx": set(true), "apt-mark unhold nginx": set(false),
		"dnf -q -y -C versionlock add nginx": set(true), "dnf -q -y -C versionlock delete nginx": set(false),
		"zypper --non-interactive addlock nginx": set(true), "zypper --non-interactive removelock nginx": set(false),
	}
	return managed{m, manager}
}

func hold(state string) providertest.Unit {
	return providertest.Unit{Type: "pkg_hold", Args: `{"name":"nginx","state":"` + state + `"}`}
}

func TestPkgHold(t *testing.T) {
	for _, manager := range []string{"apt", "dnf", "zypper"} {
		for _, tt := range []struct {
			state  string
			before bool
			action abi.Action
		}{
			{"held", false, abi.Update}, {"held", true, abi.None}, {"free", true, abi.Update}, {"free", false, abi.None},
		} {
			m := newManaged(manager, tt.before, "")
			change, _ := providertest.New(t, providertest.Native(repository.Types()), m).Converge(hold(tt.state))
			if change.Action != tt.action || m.Packages["nginx"].Held != (tt.state == "held") {
				t.Errorf("%s, %s: planned %s: %+v", manager, tt.state, change.Action, change.Diffs)
			}
		}
	}
}

// TestPkgHoldFails follows the hints: each says what would have to be done on the host.
func TestPkgHoldFails(t *testing.T) {
	kit := func(m managed) *providertest.Kit {
		return providertest.New(t, providertest.Native(repository.Types()), m)
	}
	_, err := kit(newManaged("pacman", false, "")).Plan(hold("held"))
	const write = `write that: ini("/etc/pacman.conf", section = "options", option = "IgnorePkg", value = "nginx")`
	if err == nil || err.Hint != write {
		t.Errorf("got %v", err)
	}
	if _, err := kit(newManaged("pacman", true, "")).Plan(hold("held")); err != nil { // as that line has it
		t.Error(err)
	}

	_, err = kit(newManaged("dnf", false, "No such command: versionlock. Please use /usr/bin/dnf --help\n")).Apply(hold("held"))
	if err == nil || err.Hint != `declare it before: pkg("python3-dnf-plugin-versionlock")` {
		t.Errorf("got %v", err)
	}
	kit(newManaged("dnf", false, "")).Converge(hold("held")) // with the plugin
	if _, err = kit(newManaged("zypper", false, "locked")).Apply(hold("held")); err == nil || !strings.Contains(err.Message, "exit code 1") {
		t.Errorf("got %v", err)
	}

	gone := newManaged("apt", false, "")
	gone.Packages["nginx"].Version = ""
	change, err := kit(gone).Plan(hold("held"))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Hint != `declare it before: pkg("nginx")` {
		t.Errorf("%v: %+v", err, change.Needs)
	}
	gone.Packages["nginx"].Version = "1.0" // as that unit brings it
	kit(gone).Converge(hold("held"))
	if change, err := kit(gone).Plan(hold("free")); err != nil || change.Action != abi.Update {
		t.Errorf("%v: %+v", err, change)
	}
}
