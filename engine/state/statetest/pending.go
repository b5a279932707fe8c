package statetest

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// pendingOn lists the handlers that are pending on a machine of h1.
func (f *fixture) pendingOn(t *testing.T, machine string) []state.PendingHandler {
	t.Helper()
	pending, err := f.PendingHandlersOn(t.Context(), workspace, "h1", machine)
	must(t, err)
	return pending
}

func (f *fixture) pending(t *testing.T) []state.PendingHandler {
	t.Helper()
	pending, err := f.PendingHandlers(t.Context(), workspace)
	must(t, err)
	return pending
}

func testPending(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.see(t, "m1", began)
	first := change("r1")
	first.Notify = []string{"reload", "restart"}
	must(t, f.RecordChange(t.Context(), first))
	f.reopen(t)
	pending := func(handler string) state.PendingHandler {
		return state.PendingHandler{Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Handler: handler, Run: "r1", Since: began, Called: began, Runbook: "site.star"}
	}
	both := []state.PendingHandler{pending("reload"), pending("restart")}
	same(t, both, f.pendingOn(t, "m1"))
	same(t, both, f.pending(t))
	same(t, nil, f.pendingOn(t, "m2"))

	// The first call stays the one that is told; the latest decides whether it is settled.
	again := change("r2")
	again.Notify, again.Time = []string{"reload"}, began.Add(time.Hour)
	must(t, f.RecordChange(t.Context(), again))
	both[0].Called = again.Time
	same(t, both, f.pendingOn(t, "m1"))
	must(t, f.ClearPending(t.Context(), began, both...))
	f.reopen(t)
	same(t, both[:1], f.pendingOn(t, "m1"))

	// What is settled is that machine's, play's and handler's alone.
	for _, other := range []func(o *state.PendingHandler){
		func(o *state.PendingHandler) { o.Workspace = "/other" },
		func(o *state.PendingHandler) { o.Host = "h2" },
		func(o *state.PendingHandler) { o.MachineID = "m2" },
		func(o *state.PendingHandler) { o.Play = "db" },
		func(o *state.PendingHandler) { o.Handler = "restart" },
	} {
		o := pending("reload")
		other(&o)
		must(t, f.ClearPending(t.Context(), began.Add(2*time.Hour), o))
	}
	same(t, both[:1], f.pending(t))

	f.see(t, "m2", began) // a new machine leaves nothing pending; the old one's stays and is listed
	same(t, both[:1], f.pending(t))
	same(t, nil, f.pendingOn(t, "m2"))
	f.see(t, "m1", began)
	same(t, both[:1], f.pending(t))
	must(t, f.ClearPending(t.Context(), again.Time, both[0]))
	same(t, nil, f.pending(t))

	testIntended(t, f)

	// A change that cannot be kept leaves nothing pending.
	lost := change("r9")
	lost.Notify = []string{"reload"}
	if err := f.RecordChange(t.Context(), lost); err == nil {
		t.Error("a change of no run was accepted")
	}
	same(t, nil, f.pending(t))
}

// testIntended has a run call handlers before it is known whether it calls for them.
func testIntended(t *testing.T, f *fixture) {
	t.Helper()
	intended := func(run, handler string) state.PendingHandler {
		at := began.Add(-time.Minute)
		return state.PendingHandler{Workspace: workspace, Host: "h1", MachineID: "m1", Play: "web", Handler: handler, Run: run, Since: at, Called: at, Runbook: "site.star"}
	}
	a, b, c := intended("r1", "a"), intended("r1", "b"), intended("r1", "c")
	must(t, f.RecordIntent(t.Context(), state.Intent{Handlers: []state.PendingHandler{a, b, c}}))
	f.reopen(t)
	same(t, []state.PendingHandler{a, b, c}, f.pending(t))

	must(t, f.RecordIntent(t.Context(), state.Intent{Handlers: []state.PendingHandler{intended("r2", "a")}})) // is pending already
	must(t, f.CancelIntent(t.Context(), intended("r2", "a")))
	same(t, []state.PendingHandler{a, b, c}, f.pending(t))

	called := change("r2")
	called.Notify = []string{"b"}
	must(t, f.RecordChange(t.Context(), called))
	must(t, f.CancelIntent(t.Context(), a, b))
	b.Run, b.Since, b.Called = "r2", called.Time, called.Time
	same(t, []state.PendingHandler{c, b}, f.pending(t))
	must(t, f.RecordIntent(t.Context(), state.Intent{Handlers: []state.PendingHandler{intended("r1", "b")}}))
	must(t, f.CancelIntent(t.Context(), intended("r1", "b"), intended("r2", "b")))
	same(t, []state.PendingHandler{c, b}, f.pending(t))
	must(t, f.ClearPending(t.Context(), began, b, c))
	same(t, nil, f.pending(t))
	if err := f.RecordIntent(t.Context(), state.Intent{Handlers: []state.PendingHandler{intended("r9", "a")}}); err == nil {
		t.Error("what a run that is not there intends was accepted")
	}
}
