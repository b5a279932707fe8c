// Package queuetest holds what every queue.Queue must do. A queue's own test
// runs it in a few lines:
//
//	queuetest.Run(t, func(t testing.TB, dir string, now func() time.Time) queue.Queue { ... })
//
// It imports engine/queue; only tests import it.
package queuetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/engine/queue"
)

// Open opens the queue that lives in dir, new or as it was left, by a clock.
// The test closes it. Queues that are open at once share what is in dir.
type Open func(t testing.TB, dir string, now func() time.Time) queue.Queue

// Run runs the suite.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"an empty queue", testEmpty},
		{"the oldest first", testOrder},
		{"put again", testPutAgain},
		{"filters", testFilters},
		{"claim and ack", testClaimAndComplete},
		{"a worker that died", testCrash},
		{"release", testRelease},
		{"extend", testExtend},
		{"expiry", testExpiry},
		{"the wrong worker", testWrongWorker},
		{"poison", testPoison},
		{"drop", testDrop},
		{"a clock that is set back", testClockBack},
		{"a clock that is set forward", testClockForward},
		{"hostile names", testHostile},
		{"what no queue takes", testRefused},
		{"cancelled", testCancelled},
		{"many workers", testWorkers},
		{"many items", testMany},
		{"any operations", testModel},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, open)
			test.run(t, f)
			f.close(t)
		})
	}
}

// clock is a clock that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a queue and where it lives.
type fixture struct {
	queue.Queue

	open  Open
	dir   string
	clock *clock
}

func newFixture(t testing.TB, open Open) *fixture {
	f := &fixture{open: open, dir: t.TempDir(), clock: &clock{now: began}}
	f.Queue = f.another(t)
	return f
}

// another opens the queue once more, as another process would.
func (f *fixture) another(t testing.TB) queue.Queue { return f.open(t, f.dir, f.clock.read) }

// reopen closes the queue and opens it again, so that what follows sees what was kept.
func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	f.close(t)
	f.Queue = f.another(t)
}

func (f *fixture) close(t testing.TB) {
	t.Helper()
	must(t, f.Close())
}

const (
	workspace = "/srv/site"
	ttl       = time.Minute
)

// began is what the clock says at first; queues keep microseconds.
var began = time.Date(2026, 11, 23, 21, 45, 1, 234567000, time.UTC)

// item is a host's work in the first batch of the play web.
func item(run, host string) queue.Item {
	return queue.Item{ID: queue.ID(run, 0, "web", host), Run: run, Workspace: workspace, Play: "web", Host: host}
}

// items puts the work items of hosts of a run, and returns their IDs.
func (f *fixture) items(t testing.TB, run string, hosts ...string) []string {
	t.Helper()
	var ids []string
	for _, h := range hosts {
		i := item(run, h)
		must(t, f.Put(t.Context(), i))
		ids = append(ids, i.ID)
	}
	return ids
}

// claim claims what is there of all runs, and returns the hosts.
func (f *fixture) claim(t testing.TB, worker string, n int) []string {
	t.Helper()
	return f.leaseOf(t, worker, queue.Filter{}, n)
}

func (f *fixture) leaseOf(t testing.TB, worker string, which queue.Filter, n int) []string {
	t.Helper()
	got, err := f.Claim(t.Context(), worker, which, n, ttl)
	must(t, err)
	return hosts(got)
}

func (f *fixture) list(t testing.TB) []queue.Item {
	t.Helper()
	items, err := f.List(t.Context(), workspace)
	must(t, err)
	return items
}

func hosts(items []queue.Item) []string {
	var names []string
	for _, i := range items {
		names = append(names, i.Host)
	}
	return names
}

// states tells of each item who has it and how often it was delivered.
func (f *fixture) states(t testing.TB) []string {
	t.Helper()
	var states []string
	for _, i := range f.list(t) {
		state := i.Worker
		switch {
		case i.DeadLettered:
			state = "dead-lettered"
		case !i.Claimed(f.clock.read()):
			state = "waiting"
		}
		states = append(states, fmt.Sprintf("%s %s %d", i.Host, state, i.Attempts))
	}
	return states
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lost expects that a worker did not have all that it spoke of.
func lost(t testing.TB, err error) {
	t.Helper()
	if !errors.Is(err, queue.ErrLost) {
		t.Errorf("error %v, want %v", err, queue.ErrLost)
	}
}

// same compares what a queue gave back; nothing is as good as an empty list.
func same[T any](t testing.TB, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
