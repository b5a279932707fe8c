package apply_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/unit"
)

// throttled is n hosts that write /a, of which at most so many at once, and then /b.
func throttled(n, most int) *fleet {
	f := rolling(n, nil)
	f.units = func(host string) []*unit.Unit {
		a := enginetest.Set(host, "/a", "1")
		a.Rollout.Throttle = most
		return []*unit.Unit{a, enginetest.Set(host, "/b", "2")}
	}
	return f
}

// times are when the hosts began to write a path, whichever came first.
func (c *crew) times(path string) []int {
	var all []int
	for name, at := range c.acts {
		if strings.HasSuffix(name, path) {
			all = append(all, at)
		}
	}
	slices.Sort(all)
	return all
}

func TestAThrottleBoundsOneUnit(t *testing.T) {
	for _, tt := range []struct {
		name        string
		forks, most int
		a, b        []int
	}{
		{"one after the other, and what follows is not held back", 4, 1, []int{0, 2, 4}, []int{2, 4, 6}},
		{"two at once", 4, 2, []int{0, 0, 2}, []int{2, 2, 4}},
		{"a throttle above the forks changes nothing", 1, 5, []int{0, 4, 8}, []int{2, 6, 10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := throttled(3, tt.most)
				f.forks = tt.forks
				c := watch(f, func(string, string) time.Duration { return 2 * time.Second })
				c.apply(t.Context())
				if diff := cmp.Diff([][]int{tt.a, tt.b}, [][]int{c.times("/a"), c.times("/b")}); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// TestWhoWaitsAtAThrottleLeavesItsFork: with two forks, the third host works
// while the second waits for the first.
func TestWhoWaitsAtAThrottleLeavesItsFork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := throttled(3, 1)
		f.forks = 2
		units := f.units
		f.units = func(host string) []*unit.Unit {
			if host == "h02" {
				return []*unit.Unit{enginetest.Set(host, "/c", "3")}
			}
			return units(host)
		}
		c := watch(f, func(string, string) time.Duration { return 5 * time.Second })
		c.apply(t.Context())
		want := [][]int{{0, 5}, {5, 10}, {0}}
		if diff := cmp.Diff(want, [][]int{c.times("/a"), c.times("/b"), c.times("/c")}); diff != "" {
			t.Error(diff)
		}
		if c.most != 2 {
			t.Errorf("%d hosts at work at once, want 2", c.most)
		}
	})
}

func TestAFailureMakesRoomAtAThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := throttled(2, 1)
		f.hosts["h00"].Faults.Refuse = map[string]bool{"/a": true}
		c := watch(f, func(string, string) time.Duration { return time.Second })
		c.apply(t.Context())
		if want := []int{0, 1}; !cmp.Equal(want, c.times("/a")) || c.acts["h01/b"] != c.acts["h01/a"]+1 {
			t.Errorf("%v, want /a at %v and /b behind it", c.acts, want)
		}
	})
}

func TestStopEndsTheWaitAtAThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := throttled(3, 1)
		stop := make(chan struct{})
		f.stop = stop
		c := watch(f, func(string, string) time.Duration { return 9 * time.Second })
		planned := f.plan(t.Context())
		time.AfterFunc(time.Second, func() { close(stop) })
		c.applyPlanned(t.Context(), planned)
		if ends, want := slices.Sorted(maps.Values(c.ends)), []int{1, 1, 9}; !slices.Equal(want, ends) {
			t.Errorf("hosts ended at %v, want %v", ends, want)
		}
	})
}
