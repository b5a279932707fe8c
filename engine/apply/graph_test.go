package apply_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
)

// inGraph lets the units of a fleet's play run side by side.
func inGraph(f *fleet) *fleet {
	around := f.around
	f.around = func(host string, p *unit.Play) {
		if around != nil {
			around(host, p)
		}
		p.Graph = true
	}
	return f
}

// requires makes a unit that writes a path after others.
func requires(path string, others ...string) func() *unit.Unit {
	return func() *unit.Unit {
		u := enginetest.Set("h1", path, "1")
		for _, o := range others {
			u.Require = append(u.Require, unit.ID{Host: "h1", Type: "set", Key: o})
		}
		return u
	}
}

func TestUnitsRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inGraph(oneHost(enginetest.NewHost(nil), requires("/a"), requires("/b"), requires("/c", "/a"), requires("/d", "/b", "/c")))
		f.forks = 1
		seconds := map[string]int{"/a": 1, "/b": 5, "/c": 2, "/d": 1}
		c := watch(f, func(_, path string) time.Duration { return time.Duration(seconds[path]) * time.Second })
		counts := c.apply(t.Context())
		if want := map[string]int{"h1/a": 0, "h1/b": 0, "h1/c": 1, "h1/d": 5}; !cmp.Equal(want, c.acts) {
			t.Error(cmp.Diff(want, c.acts))
		}
		if counts[0].Changed != 4 || c.ends["h1"] != 6 {
			t.Errorf("%+v after %ds", counts[0], c.ends["h1"])
		}
	})
}

// TestAFailureLetsWhatRunsEnd: and nothing new begins, handlers included.
func TestAFailureLetsWhatRunsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inGraph(oneHost(enginetest.NewHost(nil), requires("/bad"), requires("/slow"), requires("/quick"), requires("/next", "/quick"), requires("/last")))
		f.hosts["h1"].Faults.Refuse = map[string]bool{"/bad": true}
		seconds := map[string]int{"/bad": 2, "/slow": 5, "/quick": 3, "/next": 1}
		c := watch(f, func(_, path string) time.Duration { return time.Duration(seconds[path]) * time.Second })
		c.apply(t.Context())
		want := []string{"h1/set[/bad] failed", "h1/set[/last] changed", "h1/set[/next] skipped", "h1/set[/quick] changed", "h1/set[/slow] changed"}
		if diff := cmp.Diff(want, heads(f.log)); diff != "" {
			t.Error(diff)
		}
		if c.ends["h1"] != 5 {
			t.Errorf("the host was through after %ds, want 5", c.ends["h1"])
		}
	})
}

// TestGraphAsksAgainOnlyBehindAChange: a unit that is as it should be is read
// again where one that it comes after changed the host.
func TestGraphAsksAgainOnlyBehindAChange(t *testing.T) {
	for _, tt := range []struct {
		name  string
		right func() *unit.Unit
		trips int
	}{
		{"beside it", requires("/right"), 1},
		{"behind it", requires("/right", "/a"), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(map[string]string{"/right": "1"})
			f := inGraph(oneHost(h, requires("/a"), tt.right))
			planned := f.plan(t.Context())
			before := h.Counts.Trips
			counts := f.apply(t.Context(), planned)
			if h.Counts.Trips-before != tt.trips || counts[0].OK != 2 {
				t.Errorf("%d round trips, want %d: %+v", h.Counts.Trips-before, tt.trips, counts[0])
			}
		})
	}
}

func TestPackagesStayOneTransactionInGraphOrder(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Packages.Installed = map[string]string{}
	f := inGraph(oneHost(h, pkg("a"), pkg("b"), requires("/x"), pkg("c")))
	f.apply(t.Context(), f.plan(t.Context()))
	if want := []string{"a b", "c"}; !slices.Equal(want, h.Packages.Transactions) {
		t.Errorf("transactions %q, want %q", h.Packages.Transactions, want)
	}
}

// TestBarriersPartAGraph: before a barrier all is done that stands before it.
func TestBarriersPartAGraph(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inGraph(meeting(2))
		f.forks = 1
		f.units = func(host string) []*unit.Unit {
			var all []*unit.Unit
			for _, path := range []string{"/a", "/b", "/c", "/d"} {
				all = append(all, enginetest.Set(host, path, "1"))
			}
			return all
		}
		f.around = func(_ string, p *unit.Play) { p.Graph, p.Barriers = true, []unit.Barrier{{Name: "x", At: 2}} }
		c := watch(f, func(string, string) time.Duration { return time.Second })
		c.apply(t.Context())
		want := map[string]int{
			"h00/a": 0, "h00/b": 0, "h01/a": 1, "h01/b": 1, "h01/c": 2, "h01/d": 2, "h00/c": 3, "h00/d": 3,
		}
		if diff := cmp.Diff(want, c.acts); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAGraphReleasesItsSlotWhereAllOfItWaits: and acquires it again; what does
// not wait goes on meanwhile.
func TestAGraphReleasesItsSlotWhereAllOfItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := rolling(2, nil)
		f.forks = 1
		f.units = func(host string) []*unit.Unit {
			once, free := enginetest.Set(host, "/once", "1"), enginetest.Set(host, "/free", "1")
			once.Rollout.RunOnce = true
			if host == "h00" { // comes to it late
				late := enginetest.Set(host, "/late", "1")
				late.Rollout.Throttle = 1
				once.Require = []unit.ID{late.ID}
				return []*unit.Unit{late, once}
			}
			late := enginetest.Set(host, "/late", "1")
			late.Rollout.Throttle = 1
			return []*unit.Unit{once, free, late}
		}
		inGraph(f)
		c := watch(f, func(string, string) time.Duration { return 2 * time.Second })
		counts := c.apply(t.Context())
		if counts[0].OK != 2 || counts[1].OK != 2 || counts[1].Skipped != 1 {
			t.Errorf("%+v: %q", counts, f.log)
		}
		if c.most != 1 {
			t.Errorf("%d hosts at work at once, want 1", c.most)
		}
	})
}

// journal notes when units begin and end, in their order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(what, path string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, what+" "+path)
}

func (j *journal) at(line string) int { return slices.Index(j.lines, line) }

// path names the unit of a number.
func path(i int) string { return fmt.Sprintf("/%02d", i) }

// well is when a unit ended so that others may come after it, or -1.
func (j *journal) well(i int) int { return max(j.at("changed "+path(i)), j.at("ignored "+path(i))) }

// check compares what happened to n units with what may happen.
func (j *journal) check(rt *rapid.T, n int, edges map[int][]int, inOrder bool) {
	failed := slices.IndexFunc(j.lines, func(l string) bool { return strings.HasPrefix(l, "failed ") })
	last := -1
	for i := range n {
		begin, ended := j.at("begin "+path(i)), max(j.well(i), j.at("failed "+path(i)))
		switch {
		case begin < 0 && failed < 0:
			rt.Fatalf("%s was not executed: %q", path(i), j.lines)
		case begin < 0 && j.at("skipped "+path(i)) < 0:
			rt.Fatalf("%s was not skipped: %q", path(i), j.lines)
		case begin < 0:
			continue
		case failed >= 0 && begin > failed:
			rt.Fatalf("%s began after a failure: %q", path(i), j.lines)
		case ended < begin:
			rt.Fatalf("%s did not end: %q", path(i), j.lines)
		case inOrder && begin < last:
			rt.Fatalf("%s came too early: %q", path(i), j.lines)
		case slices.Contains(j.lines[begin+1:], "begin "+path(i)):
			rt.Fatalf("%s began twice: %q", path(i), j.lines)
		}
		last = begin
		for _, before := range edges[i] {
			if well := j.well(before); well < 0 || well > begin {
				rt.Fatalf("%s began before %s had ended well: %q", path(i), path(before), j.lines)
			}
		}
	}
}

// TestAGraphKeepsItsEdges: whatever the graph, however long its units take and
// whichever fail, no unit begins before what it requires has ended well, none
// begins after a failure, and each of the others is executed once. In script order
// they begin as they are declared.
func TestAGraphKeepsItsEdges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "units")
		inOrder := rapid.Bool().Draw(rt, "script order")
		edges, takes, refuse, ignore := map[int][]int{}, map[string]time.Duration{}, map[string]bool{}, map[int]bool{}
		for i := range n {
			takes[path(i)] = time.Duration(rapid.IntRange(0, 5).Draw(rt, "seconds")) * time.Second
			refuse[path(i)] = rapid.IntRange(0, 9).Draw(rt, "refused") == 0
			ignore[i] = rapid.Bool().Draw(rt, "ignored")
			for before := range i {
				if rapid.IntRange(0, 3).Draw(rt, "edge") == 0 {
					edges[i] = append(edges[i], before)
				}
			}
		}
		synctestRun(t, func() {
			h := enginetest.NewHost(nil)
			h.Faults.Refuse = refuse
			f := oneHost(h)
			f.forks = 1
			f.units = func(string) []*unit.Unit {
				var all []*unit.Unit
				for i := range n {
					u := enginetest.Set("h1", path(i), "1")
					u.Failure.Ignore = ignore[i]
					u.Failure.Retry = &unit.Retry{Attempts: 1} // it is executed on its own, not in a sequence
					for _, before := range edges[i] {
						u.Require = append(u.Require, all[before].ID)
					}
					all = append(all, u)
				}
				return all
			}
			f.around = func(_ string, p *unit.Play) { p.Graph = !inOrder }
			j := &journal{}
			h.Before = func(steps []target.Step) {
				for _, s := range steps {
					if s.Op.Link != nil {
						time.Sleep(takes[s.Op.Link.Path])
					}
				}
			}
			f.listen = func(e event.Event) {
				switch {
				case e.Kind == event.UnitStarted:
					j.note("begin", e.Unit.Key)
				case e.Kind == event.UnitFinished && e.Ignored:
					j.note("ignored", e.Unit.Key)
				case e.Kind == event.UnitFinished:
					j.note(string(e.Status), e.Unit.Key)
				}
			}
			f.apply(context.Background(), f.plan(context.Background()))
			j.check(rt, n, edges, inOrder)
		})
	})
}

// synctestRun runs f in a bubble of its own. What rapid's failures raise there
// is raised again outside, where rapid waits for it.
func synctestRun(t *testing.T, f func()) {
	t.Helper()
	var raised any
	synctest.Test(t, func(*testing.T) {
		defer func() { raised = recover() }()
		f()
	})
	if raised != nil {
		panic(raised)
	}
}
