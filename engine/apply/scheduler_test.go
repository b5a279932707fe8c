package apply_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
)

// crew watches the hosts of a fleet at work, in a time of their own.
type crew struct {
	fleet *fleet
	began time.Time

	mu     sync.Mutex
	atWork map[string]int // round trips under way, by host
	most   int            // hosts at work at once
	// ends are when hosts were through, in seconds.
	ends map[string]int
	// acts are when paths were begun to be written, in seconds, by host and path.
	acts map[string]int
}

// watch lets each round trip of hosts take as long as takes says, by their
// names and the paths that are written in it.
func watch(f *fleet, takes func(host, path string) time.Duration) *crew {
	c := &crew{fleet: f, atWork: map[string]int{}, ends: map[string]int{}, acts: map[string]int{}}
	for name, h := range f.hosts {
		h.Before = func(steps []target.Step) { c.trip(name, steps, takes) }
	}
	f.finished = func(host string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ends[host] = c.now()
	}
	return c
}

func (c *crew) now() int { return int(time.Since(c.began) / time.Second) }

// trip is a round trip of a host. Only those that write something are work.
func (c *crew) trip(host string, steps []target.Step, takes func(host, path string) time.Duration) {
	var wait time.Duration
	c.mu.Lock()
	for _, s := range steps {
		if s.Op.Link != nil {
			c.acts[host+s.Op.Link.Path] = c.now()
			wait = max(wait, takes(host, s.Op.Link.Path))
		}
	}
	if wait > 0 {
		c.atWork[host]++
		c.most = max(c.most, len(c.atWork))
	}
	c.mu.Unlock()
	if wait == 0 {
		return
	}
	time.Sleep(wait)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.atWork[host]--; c.atWork[host] == 0 {
		delete(c.atWork, host)
	}
}

// apply plans and applies; what is watched begins with apply.
func (c *crew) apply(ctx context.Context) []apply.Count {
	planned := c.fleet.plan(ctx)
	return c.applyPlanned(ctx, planned)
}

func (c *crew) applyPlanned(ctx context.Context, planned []*plan.Host) []apply.Count {
	c.began, c.most = time.Now(), 0
	return c.fleet.apply(ctx, planned)
}

// each takes as many seconds as a host's own number says.
func each(seconds map[string]int) func(host, path string) time.Duration {
	return func(host, _ string) time.Duration { return time.Duration(seconds[host]) * time.Second }
}

func TestSlotsBoundWhoIsAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rolling(5, nil)
		f.forks = 2
		c := watch(f, each(map[string]int{"h00": 10, "h01": 1, "h02": 2, "h03": 3, "h04": 4}))
		c.apply(t.Context())
		if c.most != 2 {
			t.Errorf("%d hosts were at work at once, want 2", c.most)
		}
		// A slow host holds no other host back but for its worker slot.
		if want := map[string]int{"h00": 10, "h01": 1, "h02": 3, "h03": 6, "h04": 10}; !cmp.Equal(want, c.ends) {
			t.Error(cmp.Diff(want, c.ends))
		}
	})
}

func TestASlowHostHoldsBackTheNextBatchOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rolling(4, nil)
		f.batch = []unit.Size{{N: 2}}
		c := watch(f, each(map[string]int{"h00": 9, "h01": 1, "h02": 1, "h03": 5}))
		c.apply(t.Context())
		if want := map[string]int{"h00": 9, "h01": 1, "h02": 10, "h03": 14}; !cmp.Equal(want, c.ends) {
			t.Error(cmp.Diff(want, c.ends))
		}
	})
}

// TestStopEndsEverything: what was sent to a host ends, nothing more begins,
// and no goroutine is left, which synctest sees to.
func TestStopEndsEverything(t *testing.T) {
	for _, tt := range []struct {
		name string
		how  func(f *fleet) (context.Context, func())
	}{
		{"stop", func(f *fleet) (context.Context, func()) {
			stop := make(chan struct{})
			f.stop = stop
			return context.Background(), func() { close(stop) }
		}},
		{"cancel", func(*fleet) (context.Context, func()) { return context.WithCancel(context.Background()) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := rolling(4, nil)
				f.forks = 2
				ctx, end := tt.how(f)
				defer func() {
					if tt.name == "cancel" {
						end()
					}
				}()
				c := watch(f, each(map[string]int{"h00": 2, "h01": 4, "h02": 1, "h03": 1}))
				planned := f.plan(ctx)
				time.AfterFunc(time.Second, end)
				counts := c.applyPlanned(ctx, planned)
				var skipped []int
				for _, n := range counts {
					skipped = append(skipped, n.Skipped)
				}
				if want := []int{0, 0, 1, 1}; !slices.Equal(want, skipped) {
					t.Errorf("skipped %v, want %v", skipped, want)
				}
				if want := []string{"h00/a", "h01/a"}; !slices.Equal(want, slices.Sorted(maps.Keys(c.acts))) {
					t.Errorf("%v acted, want %v", c.acts, want)
				}
			})
		})
	}
}
