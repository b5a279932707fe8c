package statetest

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/audit"
	"github.com/openfroyo/froyo/engine/state"
)

// testMachines has machines replaced under a name: what was protected and
// pending on one is carried over or forgotten, and never lost otherwise.
func testMachines(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.see(t, "m1", began)
	protect := func(host, machine, unit string) {
		t.Helper()
		must(t, f.Protect(t.Context(), state.Protection{Workspace: workspace, Host: host, MachineID: machine, Unit: unit, Run: "r1", Since: began}))
	}
	call := func(machine, handler string, called time.Time) {
		t.Helper()
		c := change("r1")
		c.MachineID, c.Notify, c.Time = machine, []string{handler}, called
		must(t, f.RecordChange(t.Context(), c))
	}
	machines := func(host string) []state.Machine {
		t.Helper()
		all, err := f.Machines(t.Context(), workspace, host)
		must(t, err)
		return all
	}
	current := state.Machine{Host: "h1", ID: "m1", Current: true, Since: began}
	same(t, []state.Machine{current}, machines(""))

	protect("h1", "m1", "file[/a]")
	protect("h1", "m1", "file[/b]")
	protect("h1", "", "file[/c]") // when its machine-id was not known
	protect("h2", "m1", "file[/a]")
	call("m1", "reload", began.Add(time.Hour))
	later := began.Add(2 * time.Hour)
	f.see(t, "m2", later)
	protect("h1", "m2", "file[/b]")
	call("m2", "reload", began)
	f.reopen(t)
	h2 := state.Machine{Host: "h2", ID: "m1", Protected: 1}
	all := []state.Machine{
		{Host: "h1", ID: "m2", Current: true, Since: later, Protected: 1, Pending: 1},
		{Host: "h1", ID: "", Protected: 1},
		{Host: "h1", ID: "m1", Protected: 2, Pending: 1},
	}
	same(t, all, machines("h1"))
	same(t, append(all, h2), machines(""))

	must(t, f.CarryOver(t.Context(), workspace, "h1", "m2"))
	f.reopen(t)
	same(t, []state.Machine{{Host: "h1", ID: "m2", Current: true, Since: later, Protected: 3, Pending: 1}, h2}, machines(""))
	if pending := f.pendingOn(t, "m2"); len(pending) != 1 || !pending[0].Called.Equal(began.Add(time.Hour)) {
		t.Errorf("pending are %v, want one, called as the latest was", pending)
	}

	f.see(t, "m3", later)
	must(t, f.Forget(t.Context(), "/other", "h1", "m3"))
	must(t, f.Forget(t.Context(), workspace, "h3", "m3"))
	same(t, 3, len(f.protectedOn(t, "m2")))
	must(t, f.Forget(t.Context(), workspace, "h1", "m3"))
	f.reopen(t)
	same(t, []state.Machine{{Host: "h1", ID: "m3", Current: true, Since: later}, h2}, machines(""))
}

func testTargets(t *testing.T, f *fixture) {
	same(t, nil, targetsOf(t, f))
	web := state.Target{
		Workspace: workspace, Name: "web", Address: "192.0.2.7", Port: 2222, User: "froyo", Login: "root", Key: "default-ed25519", KeyFile: "/k", KeyLine: "ssh-ed25519 A", KeyPrint: "SHA256:a",
		HostKey: "ssh-ed25519 SHA256:b", Labels: map[string]string{"env": "dev"}, Sudo: "NOPASSWD: ALL", LockDown: []string{"x"}, Rollback: true, Since: began,
	}
	db := state.Target{Workspace: workspace, Name: "db", Address: "db", User: "ops", Since: began}
	other := db
	other.Workspace = "/other"
	by := state.Audit{Time: began, Action: "onboard", Outcome: audit.Done}
	for _, one := range []state.Target{web, db, other} {
		must(t, f.Register(t.Context(), one, by))
	}
	f.reopen(t)
	same(t, []state.Target{db, web}, targetsOf(t, f))
	db.User, db.Since = "froyo", began.Add(time.Hour)
	must(t, f.Register(t.Context(), db, by))
	same(t, []state.Target{db, web}, targetsOf(t, f))
	for _, want := range []bool{true, false} {
		found, err := f.Unregister(t.Context(), workspace, "web", by)
		must(t, err)
		if found != want {
			t.Errorf("found is %t, want %t", found, want)
		}
	}
	f.reopen(t)
	same(t, []state.Target{db}, targetsOf(t, f))
	log, err := f.AuditLog(t.Context(), -1)
	must(t, err)
	same(t, 5, len(log.Rows)) // of what was not there, none

	// Without a row nothing is changed.
	broken := errors.New("no key")
	f.Author(audit.Author{Key: func() (ed25519.PrivateKey, error) { return nil, broken }})
	if err := f.Register(t.Context(), web, by); !errors.Is(err, broken) {
		t.Errorf("registered without a row: %v", err)
	}
	if found, err := f.Unregister(t.Context(), workspace, "db", by); found || !errors.Is(err, broken) {
		t.Errorf("dropped without a row: %t %v", found, err)
	}
	f.reopen(t)
	same(t, []state.Target{db}, targetsOf(t, f))
}

func targetsOf(t *testing.T, f *fixture) []state.Target {
	t.Helper()
	all, err := f.Targets(t.Context(), workspace)
	must(t, err)
	return all
}
