package apply_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// TestAGraphLocksTheHostFirst: in a round trip of its own, once; where it is
// another run's, nothing is done.
func TestAGraphLocksTheHostFirst(t *testing.T) {
	for _, tt := range []struct {
		name   string
		files  map[string]string
		holder *op.Holder
		// late has one unit known only when it is executed, so that nothing is sure to change.
		late          bool
		locks, writes int
	}{
		{name: "changes", locks: 1, writes: 3},
		{name: "nothing to change", files: map[string]string{"/a": "1", "/b": "1", "/c": "1"}},
		{name: "another run's", holder: &op.Holder{Run: "r0", Owner: "bob@desk"}, locks: 1},
		{name: "known only when executed", late: true, locks: 1, writes: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(tt.files)
			h.Holder = tt.holder
			f := inGraph(oneHost(h, requires("/a"), requires("/b"), requires("/c")))
			units := f.units
			f.units = func(host string) []*unit.Unit {
				all := units(host)
				if tt.late {
					for _, u := range all {
						u.Later = map[string]unit.Lambda{"value": lambda(func() (any, error) {
							if h.Counts.Trips == 1 {
								return nil, unit.ErrPending
							}
							return "1", nil
						})}
					}
				}
				return all
			}
			planned := f.plan(t.Context())
			e := f.executor()
			e.Locker = lockerFunc(locked)
			counts := e.Apply(t.Context(), []rollout.Play{{Hosts: []string{"h1"}}}, planned)
			if h.Counts.Locks != tt.locks || h.Counts.Writes != tt.writes {
				t.Errorf("%d locks and %d files written, want %d and %d: %+v", h.Counts.Locks, h.Counts.Writes, tt.locks, tt.writes, counts)
			}
		})
	}
}

func TestStopLetsWhatRunsSideBySideEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inGraph(oneHost(enginetest.NewHost(nil), requires("/a"), requires("/b"), requires("/c", "/a")))
		stop := make(chan struct{})
		f.stop = stop
		seconds := map[string]int{"/a": 2, "/b": 5}
		c := watch(f, func(_, path string) time.Duration { return time.Duration(seconds[path]) * time.Second })
		var ended error
		f.listen = func(e event.Event) {
			if e.Kind == event.HostFinished {
				ended = e.Err
			}
		}
		planned := f.plan(t.Context())
		time.AfterFunc(time.Second, func() { close(stop) })
		counts := c.applyPlanned(t.Context(), planned)
		if want := []apply.Count{{Host: "h1", OK: 2, Changed: 2, Skipped: 1}}; !cmp.Equal(want, counts) {
			t.Error(cmp.Diff(want, counts))
		}
		if diag.CodeOf(ended) != diag.Interrupted || c.ends["h1"] != 5 {
			t.Errorf("after %ds the host ended with %v, want an interrupt after 5s", c.ends["h1"], ended)
		}
	})
}

// TestPotentialHandlersStayWhileOthersRun: the quick one called for nothing, the
// slow one may still.
func TestPotentialHandlersStayWhileOthersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notify := func(path string) func() *unit.Unit {
			return func() *unit.Unit {
				u := enginetest.Set("h1", path, "1")
				u.Notify = []string{"fix"}
				if path == "/quick" {
					u.Conditions.ChangedWhen = lambda(func() (any, error) { return false, nil })
				}
				return u
			}
		}
		f := oneHost(enginetest.NewHost(nil), notify("/slow"), notify("/quick"))
		f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "fix", "/fixed")} }
		inGraph(f)
		seconds := map[string]int{"/slow": 5, "/quick": 1}
		c := watch(f, func(_, path string) time.Duration { return time.Duration(seconds[path]) * time.Second })
		intended := -1
		f.listen = func(e event.Event) {
			if e.Kind == event.UnitFinished && e.Unit.Key == "/quick" {
				time.AfterFunc(time.Second, func() {
					f.mu.Lock()
					defer f.mu.Unlock()
					intended = len(f.potential)
				})
			}
		}
		c.apply(t.Context())
		if intended != 1 || len(f.potential) != 0 {
			t.Errorf("%d handlers were potential beside the slow unit, want 1; %d at the end, want none", intended, len(f.potential))
		}
		if f.hosts["h1"].Files["/fixed"] == "" {
			t.Errorf("the handler did not run: %q", f.log)
		}
	})
}

// TestOnFailureRunsBesideOthers: what a unit that fails wants done then does not
// affect what runs beside it.
func TestOnFailureRunsBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := func() *unit.Unit {
			u := enginetest.Set("h1", "/bad", "1")
			u.Failure.Handler = "fix"
			return u
		}
		f := oneHost(enginetest.NewHost(nil), bad, requires("/slow"), requires("/behind", "/slow"))
		f.hosts["h1"].Faults.Refuse = map[string]bool{"/bad": true}
		f.around = func(host string, p *unit.Play) {
			fix := handler(host, "fix", "/fixed")
			fix.Rescue = true
			p.Handlers = []*unit.Handler{fix}
		}
		inGraph(f)
		seconds := map[string]int{"/bad": 1, "/slow": 3, "/fixed": 4}
		c := watch(f, func(_, path string) time.Duration { return time.Duration(seconds[path]) * time.Second })
		counts := c.apply(t.Context())
		if want := []apply.Count{{Host: "h1", OK: 2, Changed: 2, Failed: 1, Skipped: 1}}; !cmp.Equal(want, counts) {
			t.Error(cmp.Diff(want, counts))
		}
		if want := map[string]int{"h1/bad": 0, "h1/slow": 0, "h1/fixed": 1}; !cmp.Equal(want, c.acts) {
			t.Error(cmp.Diff(want, c.acts))
		}
	})
}

func TestARetryHoldsNothingBesideItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		again := func() *unit.Unit {
			u := enginetest.Set("h1", "/a", "1")
			u.Failure.Retry = &unit.Retry{Attempts: 2, Delay: 7 * time.Second, Backoff: 1}
			return u
		}
		f := inGraph(oneHost(enginetest.NewHost(nil), again, requires("/b"), requires("/c", "/b")))
		f.hosts["h1"].Faults.Stumble = map[string]int{"/a": 1}
		c := watch(f, func(string, string) time.Duration { return time.Second })
		counts := c.apply(t.Context())
		if want := map[string]int{"h1/a": 8, "h1/b": 0, "h1/c": 1}; !cmp.Equal(want, c.acts) || counts[0].Changed != 3 {
			t.Errorf("%+v: %s", counts, cmp.Diff(want, c.acts))
		}
	})
}

// TestALostHostCountsOnce: though several of its units see it.
func TestALostHostCountsOnce(t *testing.T) {
	f := inGraph(oneHost(enginetest.NewHost(nil), requires("/a"), requires("/b"), requires("/c")))
	planned := f.plan(t.Context())
	f.hosts["h1"].Faults.LoseNow = true
	counts := f.apply(t.Context(), planned)
	if counts[0].Unreachable != 1 || counts[0].Failed != 0 {
		t.Errorf("%+v", counts)
	}
}

// TestQuestionsComeOneAtATime: where each unit is asked about, none runs beside.
func TestQuestionsComeOneAtATime(t *testing.T) {
	f := inGraph(oneHost(enginetest.NewHost(nil), requires("/a"), requires("/b"), requires("/c")))
	var asked []string
	f.confirm = func(_, unit string) (bool, error) {
		if asked = append(asked, unit); len(asked) == 2 {
			return false, errors.New("quit")
		}
		return true, nil
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if want := []string{"set[/a]", "set[/b]"}; !cmp.Equal(want, asked) {
		t.Errorf("asked about %q, want %q", asked, want)
	}
}
