package statetest

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// owedOn lists the handlers that are owed on a machine of h1.
func (f *fixture) owedOn(t *testing.T, machine string) []state.Owed {
	t.Helper()
	owed, err := f.OwedOn(t.Context(), workspace, "h1", machine)
	must(t, err)
	return owed
}

func (f *fixture) owed(t *testing.T) []state.Owed {
	t.Helper()
	owed, err := f.Owed(t.Context(), workspace)
	must(t, err)
	return owed
}

func testOwed(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.see(t, "m1", began)
	first := change("r1")
	first.Notify = []string{"reload", "restart"}
	must(t, f.RecordChange(t.Context(), first))
	f.reopen(t)
	owed := func(handler string) state.Owed {
		return state.Owed{Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Handler: handler, Run: "r1", Since: began, Called: began}
	}
	both := []state.Owed{owed("reload"), owed("restart")}
	same(t, both, f.owedOn(t, "m1"))
	same(t, both, f.owed(t))
	same(t, nil, f.owedOn(t, "m2"))

	// The first call stays the one that is told; the latest decides whether it is settled.
	again := change("r2")
	again.Notify, again.Time = []string{"reload"}, began.Add(time.Hour)
	must(t, f.RecordChange(t.Context(), again))
	both[0].Called = again.Time
	same(t, both, f.owedOn(t, "m1"))
	must(t, f.Settle(t.Context(), began, both...))
	f.reopen(t)
	same(t, both[:1], f.owedOn(t, "m1"))

	// What is settled is that machine's, play's and handler's alone.
	for _, other := range []func(o *state.Owed){
		func(o *state.Owed) { o.Workspace = "/other" },
		func(o *state.Owed) { o.Host = "h2" },
		func(o *state.Owed) { o.MachineID = "m2" },
		func(o *state.Owed) { o.Play = "db" },
		func(o *state.Owed) { o.Handler = "restart" },
	} {
		o := owed("reload")
		other(&o)
		must(t, f.Settle(t.Context(), began.Add(2*time.Hour), o))
	}
	same(t, both[:1], f.owed(t))

	f.see(t, "m2", began) // a new machine owes nothing; the old one's is set aside
	same(t, nil, f.owed(t))
	f.see(t, "m1", began)
	same(t, both[:1], f.owed(t))
	must(t, f.Settle(t.Context(), again.Time, both[0]))
	same(t, nil, f.owed(t))

	testPresumed(t, f)

	// A change that cannot be kept owes nothing.
	lost := change("r9")
	lost.Notify = []string{"reload"}
	if err := f.RecordChange(t.Context(), lost); err == nil {
		t.Error("a change of no run was accepted")
	}
	same(t, nil, f.owed(t))
}

// testPresumed has a run owe handlers before it is known whether it calls for them.
func testPresumed(t *testing.T, f *fixture) {
	t.Helper()
	presumed := func(run, handler string) state.Owed {
		at := began.Add(-time.Minute)
		return state.Owed{Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Handler: handler, Run: run, Since: at, Called: at}
	}
	a, b, c := presumed("r1", "a"), presumed("r1", "b"), presumed("r1", "c")
	must(t, f.BeginUnits(t.Context(), state.Beginning{Owed: []state.Owed{a, b, c}}))
	f.reopen(t)
	same(t, []state.Owed{a, b, c}, f.owed(t))

	must(t, f.BeginUnits(t.Context(), state.Beginning{Owed: []state.Owed{presumed("r2", "a")}})) // is owed already
	must(t, f.Withdraw(t.Context(), presumed("r2", "a")))
	same(t, []state.Owed{a, b, c}, f.owed(t))

	called := change("r2")
	called.Notify = []string{"b"}
	must(t, f.RecordChange(t.Context(), called))
	must(t, f.Withdraw(t.Context(), a, b))
	b.Run, b.Since, b.Called = "r2", called.Time, called.Time
	same(t, []state.Owed{c, b}, f.owed(t))
	must(t, f.BeginUnits(t.Context(), state.Beginning{Owed: []state.Owed{presumed("r1", "b")}}))
	must(t, f.Withdraw(t.Context(), presumed("r1", "b"), presumed("r2", "b")))
	same(t, []state.Owed{c, b}, f.owed(t))
	must(t, f.Settle(t.Context(), began, b, c))
	same(t, nil, f.owed(t))
	if err := f.BeginUnits(t.Context(), state.Beginning{Owed: []state.Owed{presumed("r9", "a")}}); err == nil {
		t.Error("what a run that is not there presumes was accepted")
	}
}
