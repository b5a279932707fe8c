package statetest

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
)

func testProtections(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.see(t, "m1", began)
	protection := func(run, machine, unit string) state.Protection {
		return state.Protection{
			Workspace: workspace, Host: "h1", MachineID: machine, Unit: unit, Run: run, Since: began,
			Pos: diag.Pos{File: "a:b.star", Line: 3, Col: 5},
		}
	}
	a, b := protection("r1", "m1", "file[/a]"), protection("r1", "m1", "file[/b]")
	must(t, f.Protect(t.Context(), b, a))
	f.reopen(t)
	both := []state.Protection{a, b}
	same(t, both, f.protected(t))
	same(t, both, f.protectedOn(t, "m1"))
	same(t, nil, f.protectedOn(t, "m2"))

	// The first stays the one that is told.
	again := protection("r2", "m1", "file[/a]")
	again.Since, again.Pos = began.Add(time.Hour), diag.Pos{}
	must(t, f.Protect(t.Context(), again))
	same(t, both, f.protected(t))

	// What is lifted is that machine's and unit's alone.
	for _, other := range []func(p *state.Protection){
		func(p *state.Protection) { p.Workspace = "/other" },
		func(p *state.Protection) { p.Host = "h2" },
		func(p *state.Protection) { p.MachineID = "m2" },
		func(p *state.Protection) { p.Unit = "file[/c]" },
	} {
		p := a
		other(&p)
		must(t, f.Unprotect(t.Context(), p))
	}
	same(t, both, f.protected(t))

	f.see(t, "m2", began) // a new machine protects nothing; the old one's stays and is listed
	same(t, both, f.protected(t))
	same(t, nil, f.protectedOn(t, "m2"))
	f.see(t, "m1", began)
	must(t, f.Unprotect(t.Context(), again)) // by whomever it was
	f.reopen(t)
	same(t, both[1:], f.protected(t))
	if err := f.Protect(t.Context(), a, protection("r9", "m1", "file[/d]")); err == nil {
		t.Error("a protection by no run was accepted")
	}
	same(t, both[1:], f.protected(t))
}

// testSpelledProtections: what was kept before paths had one spelling is read,
// and lifted, under the one that it has now.
func testSpelledProtections(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.see(t, "m1", began)
	at := func(unit string) state.Protection {
		return state.Protection{Workspace: workspace, Host: "h1", MachineID: "m1", Unit: unit, Run: "r1", Since: began}
	}
	must(t, f.Protect(t.Context(), at("cmd[/bin//x]"), at("file[//srv/./db/]"), at("file[/a/../b]"), at("file[/etc//x]")))
	kept := []state.Protection{at("cmd[/bin//x]"), at("file[/srv/db]"), at("file[/a/../b]"), at("file[/etc/x]")}
	same(t, kept, f.protected(t))
	same(t, kept, f.protectedOn(t, "m1"))
	must(t, f.Unprotect(t.Context(), at("file[/srv/db]"), at("file[/etc/x]")))
	same(t, []state.Protection{kept[0], kept[2]}, f.protectedOn(t, "m1"))
}

func (f *fixture) protected(t *testing.T) []state.Protection {
	t.Helper()
	all, err := f.Protected(t.Context(), workspace)
	must(t, err)
	return all
}

// protectedOn lists what is protected on a machine of h1.
func (f *fixture) protectedOn(t *testing.T, machine string) []state.Protection {
	t.Helper()
	all, err := f.ProtectedOn(t.Context(), workspace, "h1", machine)
	must(t, err)
	return all
}
