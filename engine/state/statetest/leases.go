package statetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// lease is a run's on a host.
func lease(run, host string) state.Lease {
	return state.Lease{
		Workspace: workspace, Host: host, Run: run, Owner: "ada@laptop", PID: 4711, Process: "boot/4711",
		Acquired: began, Heartbeat: began,
	}
}

// takes takes a lease and expects it to be free, or held by a run.
func (f *fixture) takes(t *testing.T, l state.Lease, instead, holder string) {
	t.Helper()
	held, err := f.TakeLease(t.Context(), l, instead)
	must(t, err)
	got := ""
	if held != nil {
		got = held.Run
	}
	if got != holder {
		t.Errorf("%s takes %s: held by %q, want %q", l.Run, l.Host, got, holder)
	}
}

func (f *fixture) leases(t *testing.T) []state.Lease {
	t.Helper()
	leases, err := f.Leases(t.Context(), workspace)
	must(t, err)
	return leases
}

func testLeases(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.takes(t, lease("r1", "h1"), "", "")
	f.takes(t, lease("r1", "h2"), "", "")
	f.takes(t, lease("r1", "h1"), "", "") // its own
	f.takes(t, lease("r2", "h1"), "", "r1")
	f.takes(t, lease("r2", "h1"), "r0", "r1")
	f.takes(t, lease("r2", "h3"), "", "")
	elsewhere := lease("r2", "h1")
	elsewhere.Workspace = "/other"
	f.takes(t, elsewhere, "", "")
	f.reopen(t)
	same(t, []state.Lease{lease("r1", "h1"), lease("r1", "h2"), lease("r2", "h3")}, f.leases(t))

	later := began.Add(state.HeartbeatEvery)
	must(t, f.Heartbeat(t.Context(), "r1", later))
	alive := []state.Lease{lease("r1", "h1"), lease("r1", "h2"), lease("r2", "h3")}
	alive[0].Heartbeat, alive[1].Heartbeat = later, later
	same(t, alive, f.leases(t))
	if alive[2].Expired(began.Add(state.LeaseTTL-1)) || !alive[2].Expired(began.Add(state.LeaseTTL)) {
		t.Error("a lease expires a minute after its heartbeat")
	}

	f.takes(t, lease("r2", "h1"), "r1", "")
	must(t, f.DropLeases(t.Context(), workspace, "r1", "h1")) // r2's by now
	same(t, []state.Lease{lease("r2", "h1"), alive[1], lease("r2", "h3")}, f.leases(t))
	must(t, f.DropLeases(t.Context(), workspace, "r2", "h3"))
	same(t, []state.Lease{lease("r2", "h1"), alive[1]}, f.leases(t))
	must(t, f.DropLeases(t.Context(), workspace, "r2", ""))
	same(t, alive[1:2], f.leases(t))
	if _, err := f.TakeLease(t.Context(), lease("r9", "h9"), ""); err == nil {
		t.Error("a lease of no run was accepted")
	}
}

// testLeaseRace has many runs want one host at once: one gets it.
func testLeaseRace(t *testing.T, f *fixture) {
	other := f.open(t, f.dir)
	var taken atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		run := fmt.Sprint("r", i)
		f.begin(t, run)
		wg.Go(func() {
			time.Sleep(time.Millisecond)
			held, err := []state.Store{f.Store, other}[i%2].TakeLease(t.Context(), lease(run, "h1"), "")
			if err != nil {
				t.Error(err)
			} else if held == nil {
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	must(t, other.Close())
	if taken.Load() != 1 {
		t.Errorf("%d runs have the host", taken.Load())
	}
}
