package apply_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
)

// hooked gives the plays of a fleet a handler, a verify and both change hooks.
func hooked(f *fleet) *fleet {
	f.around = func(host string, p *unit.Play) {
		of := func(path string, in unit.Scope) []*unit.Unit {
			u := enginetest.Set(host, path, "done")
			u.ID.Scope = in
			return []*unit.Unit{u}
		}
		p.Handlers = []*unit.Handler{handler(host, "one", "/one")}
		p.Verify = of("/ok", unit.Scope{Play: "web"})
		p.Before = &unit.Handler{Name: unit.BeforeChange, Units: of("/drain", unit.Scope{Play: "web", Handler: unit.BeforeChange})}
		p.After = &unit.Handler{Name: unit.AfterChange, Units: of("/undrain", unit.Scope{Play: "web", Handler: unit.AfterChange})}
	}
	return f
}

func TestChangeHooks(t *testing.T) {
	const (
		drained   = "before_change[web]/set[/drain] changed"
		undrained = "after_change[web]/set[/undrain] changed"
		handled   = "handler[web/one]/set[/one] changed"
		verified  = "verify[web]/set[/ok] changed"
	)
	never := func(path string) func() *unit.Unit {
		return func() *unit.Unit {
			u := enginetest.Set("h1", path, "1")
			u.Conditions.When = lambda(func() (any, error) { return false, nil })
			return u
		}
	}
	asked := 0
	late := func() *unit.Unit { // its condition is false as things stand
		u := enginetest.Set("h1", "/a", "1")
		u.Conditions.When = lambda(func() (any, error) { asked++; return asked > 1, nil })
		return u
	}
	for _, tt := range []struct {
		name    string
		files   map[string]string
		refuse  string
		units   []func() *unit.Unit
		want    []string
		pending bool
	}{
		{"nothing changes", map[string]string{"/a": "1"}, "", []func() *unit.Unit{set("/a", "1")}, []string{"set[/a] ok", verified}, false},
		{
			"ahead of the first change, behind handlers and verify",
			map[string]string{"/a": "1"},
			"",
			[]func() *unit.Unit{set("/a", "1"), notifies("/b", "1", "one"), set("/c", "1")},
			[]string{drained, "set[/a] ok", "set[/b] changed", "set[/c] changed", handled, verified, undrained},
			false,
		},
		{"what is skipped is no change", nil, "", []func() *unit.Unit{never("/a")}, []string{"set[/a] skipped", verified}, false},
		{"a condition that came true", nil, "", []func() *unit.Unit{late}, []string{drained, "set[/a] changed", verified, undrained}, false},
		{
			"a unit fails", nil, "/b",
			[]func() *unit.Unit{set("/a", "1"), requires("/b", "/a")},
			[]string{drained, "set[/a] changed", "set[/b] failed", "verify[web]/set[/ok] skipped"},
			true,
		},
		{
			"before_change fails", nil, "/drain",
			[]func() *unit.Unit{set("/a", "1"), set("/b", "1")},
			[]string{"before_change[web]/set[/drain] failed", "set[/a] skipped", "set[/b] skipped", "verify[web]/set[/ok] skipped"},
			true,
		},
		{
			"verify fails", nil, "/ok",
			[]func() *unit.Unit{set("/a", "1")},
			[]string{drained, "set[/a] changed", "verify[web]/set[/ok] failed"},
			true,
		},
		{
			"after_change fails", nil, "/undrain",
			[]func() *unit.Unit{set("/a", "1")},
			[]string{drained, "set[/a] changed", verified, "after_change[web]/set[/undrain] failed"},
			true,
		},
	} {
		for _, order := range []string{"script", "graph"} {
			t.Run(tt.name+" in "+order+" order", func(t *testing.T) {
				asked = 0
				h := enginetest.NewHost(maps.Clone(tt.files))
				h.Faults.Refuse = map[string]bool{tt.refuse: true}
				f := hooked(oneHost(h, tt.units...))
				if order == "graph" {
					f = inGraph(f)
				}
				log, _ := f.run(t)
				got := heads(slices.Clone(log))
				want := slices.Clone(tt.want)
				ahead := slices.Index(log, drained)
				first := slices.IndexFunc(log, func(line string) bool { return strings.HasPrefix(line, "set[") && strings.HasSuffix(line, " changed") })
				if first >= 0 && (ahead < 0 || ahead > first) {
					t.Errorf("before_change was not done ahead of the first change: %q", log)
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if f.potential[unit.AfterChange] != tt.pending {
					t.Errorf("after_change is pending: %v, want %v", f.potential[unit.AfterChange], tt.pending)
				}
			})
		}
	}
}

// TestHooksHoldBackWhatRunsSideBySide: units that are at work together wait for
// one before_change, also where it waits for another host's and there is one fork.
func TestHooksHoldBackWhatRunsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{hosts: map[string]*enginetest.Host{"h1": enginetest.NewHost(nil), "h2": enginetest.NewHost(nil)}, units: func(host string) []*unit.Unit {
			var units []*unit.Unit
			for _, path := range []string{"/a", "/b", "/c"} {
				u := enginetest.Set(host, path, "1")
				u.Conditions.When = lambda(func() (any, error) { return true, nil })
				units = append(units, u)
			}
			return units
		}}
		hooked(f)
		around := f.around
		f.around = func(host string, p *unit.Play) {
			around(host, p)
			p.Before.Units[0].Rollout.Throttle = 1
		}
		f.forks = 1
		c := watch(inGraph(f), func(_, path string) time.Duration {
			if path == "/drain" {
				return 5 * time.Second
			}
			return time.Second
		})
		counts := c.apply(t.Context())
		for _, n := range counts {
			if n.Changed != 6 || n.Failed > 0 {
				t.Errorf("%+v", n)
			}
			for _, path := range []string{"/a", "/b", "/c"} {
				if c.acts[n.Host+path] < c.acts[n.Host+"/drain"]+5 {
					t.Errorf("%s%s began %ds after its before_change", n.Host, path, c.acts[n.Host+path]-c.acts[n.Host+"/drain"])
				}
			}
		}
	})
}

// TestAfterChangeIsPendingFirst: before anything is done, and where that cannot be kept nothing is.
func TestAfterChangeIsPendingFirst(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := hooked(oneHost(h, set("/a", "1")))
	f.begin = func(i runlog.Intent) error {
		if slices.Contains(i.Pending.Handlers, unit.AfterChange) {
			return errors.New("disk full")
		}
		return nil
	}
	if log, _ := f.run(t); len(h.Files) > 0 {
		t.Errorf("the host has %v after %q", h.Files, log)
	}
}

// TestAPendingAfterChangeIsDone where nothing is left to change.
func TestAPendingAfterChangeIsDone(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "1", "/ok": "done"})
	f := hooked(oneHost(h, set("/a", "1")))
	f.pending = map[plan.PendingHandler]string{{Play: "web", Handler: unit.AfterChange, Since: since, Run: "r1"}: enginetest.MachineID}
	log, planned := f.run(t)
	want := []string{"set[/a] ok", "verify[web]/set[/ok] ok", "after_change[web]/set[/undrain] changed"}
	if diff := cmp.Diff(want, log); diff != "" || planned != 1 {
		t.Errorf("%d planned (-want +got):\n%s", planned, diff)
	}
	if len(f.names()) > 0 {
		t.Errorf("%v are pending still", f.names())
	}
}

// TestAHostOfAnotherRunIsNotDrained, since nothing of the play would follow.
func TestAHostOfAnotherRunIsNotDrained(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := hooked(oneHost(h, set("/a", "1")))
	f.locker = func(context.Context, *plan.Host, *plan.Step) (*hostlock.Lock, error) {
		return nil, errors.New("locked by another run")
	}
	if log, _ := f.run(t); len(h.Files) > 0 || f.potential[unit.AfterChange] {
		t.Errorf("the host has %v after %q", h.Files, log)
	}
}
