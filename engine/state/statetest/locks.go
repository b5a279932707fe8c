package statetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

// lock is a run's on a host.
func lock(run, host string) state.HostLock {
	return state.HostLock{
		Workspace: workspace, Host: host, Run: run, Owner: "ada@laptop", PID: 4711, Process: "boot/4711",
		Acquired: began, Heartbeat: began,
	}
}

// acquires locks a lock and expects it to be free, or held by a run.
func (f *fixture) acquires(t *testing.T, l state.HostLock, instead, holder string) {
	t.Helper()
	held, err := f.LockHost(t.Context(), l, instead)
	must(t, err)
	got := ""
	if held != nil {
		got = held.Run
	}
	if got != holder {
		t.Errorf("%s takes %s: held by %q, want %q", l.Run, l.Host, got, holder)
	}
}

func (f *fixture) locks(t *testing.T) []state.HostLock {
	t.Helper()
	locks, err := f.LockedHosts(t.Context(), workspace)
	must(t, err)
	return locks
}

func testLocks(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	f.begin(t, "r2")
	f.acquires(t, lock("r1", "h1"), "", "")
	f.acquires(t, lock("r1", "h2"), "", "")
	f.acquires(t, lock("r1", "h1"), "", "") // its own
	f.acquires(t, lock("r2", "h1"), "", "r1")
	f.acquires(t, lock("r2", "h1"), "r0", "r1")
	f.acquires(t, lock("r2", "h3"), "", "")
	elsewhere := lock("r2", "h1")
	elsewhere.Workspace = "/other"
	f.acquires(t, elsewhere, "", "")
	f.reopen(t)
	same(t, []state.HostLock{lock("r1", "h1"), lock("r1", "h2"), lock("r2", "h3")}, f.locks(t))

	later := began.Add(state.HeartbeatEvery)
	must(t, f.Heartbeat(t.Context(), "r1", later))
	alive := []state.HostLock{lock("r1", "h1"), lock("r1", "h2"), lock("r2", "h3")}
	alive[0].Heartbeat, alive[1].Heartbeat = later, later
	same(t, alive, f.locks(t))
	if alive[2].Expired(began.Add(state.HostLockTTL-1)) || !alive[2].Expired(began.Add(state.HostLockTTL)) {
		t.Error("a lock expires a minute after its heartbeat")
	}

	f.acquires(t, lock("r2", "h1"), "r1", "")
	must(t, f.UnlockHosts(t.Context(), workspace, "r1", "h1")) // r2's by now
	same(t, []state.HostLock{lock("r2", "h1"), alive[1], lock("r2", "h3")}, f.locks(t))
	must(t, f.UnlockHosts(t.Context(), workspace, "r2", "h3"))
	same(t, []state.HostLock{lock("r2", "h1"), alive[1]}, f.locks(t))
	must(t, f.UnlockHosts(t.Context(), workspace, "r2", ""))
	same(t, alive[1:2], f.locks(t))
	if _, err := f.LockHost(t.Context(), lock("r9", "h9"), ""); err == nil {
		t.Error("a lock of no run was accepted")
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
			held, err := []state.Store{f.Store, other}[i%2].LockHost(t.Context(), lock(run, "h1"), "")
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
