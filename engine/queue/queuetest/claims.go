package queuetest

import (
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
)

func testClaimAndComplete(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1", "h2")
	got, err := f.Claim(t.Context(), "w1", queue.Filter{}, 1, ttl)
	must(t, err)
	want := item("r1", "h1")
	want.Put, want.Attempts, want.Worker, want.Until, want.TTL = began, 1, "w1", began.Add(ttl), ttl
	same(t, []queue.Item{want}, got)
	f.reopen(t)
	same(t, []string{"h1 w1 1", "h2 waiting 0"}, f.states(t))
	must(t, f.Complete(t.Context(), "w1", ids[0]))
	must(t, f.Complete(t.Context(), "w1", ids[0])) // is gone, which is fine
	f.reopen(t)
	same(t, []string{"h2 waiting 0"}, f.states(t))
}

// testCrash has a worker die between claim and completion.
func testCrash(t *testing.T, f *fixture) {
	f.items(t, "r1", "h1", "h2")
	same(t, []string{"h1"}, f.claim(t, "w1", 1))
	f.reopen(t)
	same(t, []string{"h2"}, f.claim(t, "w2", 10))
	f.clock.move(ttl - time.Microsecond)
	same(t, nil, f.claim(t, "w2", 10))
	f.clock.move(time.Microsecond)
	f.reopen(t)
	same(t, []string{"h1 waiting 1", "h2 waiting 1"}, f.states(t))
	same(t, []string{"h1", "h2"}, f.claim(t, "w3", 10))
	same(t, []string{"h1 w3 2", "h2 w3 2"}, f.states(t))
}

func testRelease(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1", "h2")
	for range queue.MaxAttempts + 2 { // is not held against it
		same(t, []string{"h1", "h2"}, f.claim(t, "w1", 10))
		must(t, f.Release(t.Context(), "w1", ids...))
		f.reopen(t)
		same(t, []string{"h1 waiting 0", "h2 waiting 0"}, f.states(t))
	}
	lost(t, f.Release(t.Context(), "w1", ids[0]))
	lost(t, f.Complete(t.Context(), "w1", ids[0]))
	same(t, []string{"h1"}, f.claim(t, "w2", 1))
	lost(t, f.Release(t.Context(), "w1", ids[0], "gone"))
	same(t, []string{"h1 w2 1", "h2 waiting 0"}, f.states(t))
	must(t, f.Release(t.Context(), "w1", "gone"))
}

func testExtend(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1")
	f.claim(t, "w1", 1)
	for range 3 {
		f.clock.move(ttl - time.Second)
		must(t, f.Extend(t.Context(), "w1", ttl, ids...))
		f.reopen(t)
	}
	same(t, []string{"h1 w1 1"}, f.states(t))
	f.clock.move(ttl) // it has ended, and no one has noticed
	must(t, f.Extend(t.Context(), "w1", 2*ttl, ids...))
	f.clock.move(2*ttl - time.Microsecond)
	same(t, nil, f.claim(t, "w2", 1))
	f.clock.move(time.Microsecond)
	same(t, []string{"h1"}, f.claim(t, "w2", 1))
	lost(t, f.Extend(t.Context(), "w1", ttl, ids...))
	must(t, f.Drop(t.Context(), "r1"))
	lost(t, f.Extend(t.Context(), "w2", ttl, ids...))
}

// testExpiry has a worker finish after its claim has ended.
func testExpiry(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1", "h2")
	f.claim(t, "w1", 2)
	f.clock.move(2 * ttl)
	must(t, f.Complete(t.Context(), "w1", ids[0])) // no one got it since
	same(t, []string{"h2"}, f.claim(t, "w2", 2))
	lost(t, f.Complete(t.Context(), "w1", ids[1]))
	same(t, []string{"h2 w2 2"}, f.states(t))
	must(t, f.Complete(t.Context(), "w2", ids[1]))
	must(t, f.Complete(t.Context(), "w1", ids[1]))
	same(t, nil, f.list(t))
}

// testWrongWorker has a worker speak of what another one has, and of its own in the same breath.
func testWrongWorker(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1", "h2", "h3")
	f.claim(t, "w1", 1)
	f.claim(t, "w2", 1)
	f.clock.move(time.Second)
	for _, worker := range []string{"", "w3", "W1", "w1 "} {
		lost(t, f.Complete(t.Context(), worker, ids[0]))
		lost(t, f.Release(t.Context(), worker, ids[0]))
	}
	lost(t, f.Complete(t.Context(), "", ids[2]))
	lost(t, f.Extend(t.Context(), "w3", ttl, ids[0]))
	same(t, []string{"h1 w1 1", "h2 w2 1", "h3 waiting 0"}, f.states(t))

	lost(t, f.Extend(t.Context(), "w1", 2*ttl, ids...))
	for n, until := range []time.Time{began.Add(time.Second + 2*ttl), began.Add(ttl), {}} {
		if got := f.list(t)[n].Until; !got.Equal(until) {
			t.Errorf("%s is claimed until %v, want %v", ids[n], got, until)
		}
	}
	err := f.Complete(t.Context(), "w1", ids...)
	lost(t, err)
	explained(t, err)
	if !strings.Contains(err.Error(), ids[1]) {
		t.Errorf("%q does not name %s", err, ids[1])
	}
	same(t, []string{"h2 w2 1", "h3 waiting 0"}, f.states(t))
	lost(t, f.Release(t.Context(), "w2", ids...))
	same(t, []string{"h2 waiting 0", "h3 waiting 0"}, f.states(t))
}

// testPoison has an item that no worker survives.
func testPoison(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1", "h2")
	one := queue.Filter{IDs: ids[:1]}
	for range queue.MaxAttempts {
		same(t, []string{"h1"}, f.leaseOf(t, "w1", one, 1))
		f.clock.move(ttl)
		f.reopen(t)
	}
	must(t, f.Extend(t.Context(), "w1", ttl, ids[0])) // the last worker still lives
	same(t, nil, f.leaseOf(t, "w2", one, 1))
	f.clock.move(ttl)
	same(t, []string{"h2"}, f.claim(t, "w2", 1))
	f.reopen(t)
	set := f.list(t)[0]
	if !set.DeadLettered || set.Worker != "" || !set.Until.IsZero() || !strings.Contains(set.Reason, "5 times") || !strings.Contains(set.Reason, "w1") {
		t.Errorf("after %d attempts: %+v", queue.MaxAttempts, set)
	}
	f.items(t, "r1", "h1")
	same(t, nil, f.leaseOf(t, "w2", one, 1))
	lost(t, f.Complete(t.Context(), "w1", ids[0]))
	lost(t, f.Release(t.Context(), "w1", ids[0]))
	lost(t, f.Extend(t.Context(), "w1", ttl, ids[0]))
	same(t, []string{"h1 dead-lettered 5", "h2 w2 1"}, f.states(t))
	must(t, f.Drop(t.Context(), "r1", ids[0]))
	f.items(t, "r1", "h1") // it is to be tried again
	same(t, []string{"h1"}, f.leaseOf(t, "w2", one, 1))
}

// testClockBack sets the clock back by a year: nothing lasts longer than its
// TTL from when it is looked at.
func testClockBack(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1")
	f.claim(t, "w1", 1)
	f.clock.move(-365 * 24 * time.Hour)
	same(t, nil, f.claim(t, "w2", 1)) // its worker may be at it
	f.reopen(t)
	must(t, f.Extend(t.Context(), "w1", ttl, ids...))
	f.clock.move(-time.Hour)
	same(t, nil, f.claim(t, "w2", 1))
	f.clock.move(ttl - time.Microsecond)
	same(t, nil, f.claim(t, "w2", 1))
	f.clock.move(time.Microsecond)
	same(t, []string{"h1"}, f.claim(t, "w2", 1))
	same(t, []string{"h1 w2 2"}, f.states(t))
	must(t, f.Complete(t.Context(), "w2", ids...))
}

// testClockForward sets the clock forward, and back to where it was.
func testClockForward(t *testing.T, f *fixture) {
	ids := f.items(t, "r1", "h1")
	f.claim(t, "w1", 1)
	f.clock.move(365 * 24 * time.Hour)
	same(t, []string{"h1"}, f.claim(t, "w2", 1))
	f.clock.move(-365 * 24 * time.Hour)
	same(t, nil, f.claim(t, "w3", 1))
	lost(t, f.Complete(t.Context(), "w1", ids...))
	f.clock.move(ttl)
	same(t, []string{"h1"}, f.claim(t, "w3", 1))
	same(t, []string{"h1 w3 3"}, f.states(t))
}
