package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// TestWhatWasNotDoneIsNotLeftBegun: of a sequence that was recorded in one go,
// what the host did not come to is taken back, so that it does not count as unknown later.
func TestWhatWasNotDoneIsNotLeftBegun(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(f *fleet, h *enginetest.Host)
		want   []string // that are still recorded as begun
	}{
		{"one before it fails", func(_ *fleet, h *enginetest.Host) { h.Faults.Refuse = map[string]bool{"/b": true} }, []string{"set[/a]", "set[/b]"}},
		{"the host is another run's", func(f *fleet, _ *enginetest.Host) {
			f.locker = func(context.Context, *plan.Host, *plan.Step) (*hostlock.Lock, error) {
				return nil, &diag.Error{Summary: "held", Code: diag.Locked}
			}
		}, nil},
		{"the connection is lost", func(_ *fleet, h *enginetest.Host) {
			h.OnWrite = func(h *enginetest.Host, _ string) { h.Faults.LoseAfter = 1 }
		}, []string{"set[/a]", "set[/b]", "set[/c]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			f := oneHost(h, set("/a", "1"), set("/b", "2"), set("/c", "3"))
			var open []string
			f.begin = func(b runlog.Intent) error {
				for _, id := range b.Units {
					open = append(open, id.Local())
				}
				return nil
			}
			f.end = func(e runlog.End) error {
				if e.Status == "" {
					open = slices.DeleteFunc(open, func(id string) bool { return id == e.Unit.ID.Local() })
				}
				return nil
			}
			planned := f.plan(t.Context())
			test.change(f, h)
			f.apply(t.Context(), planned)
			if !slices.Equal(test.want, open) {
				t.Errorf("begun: %s", cmp.Diff(test.want, open))
			}
		})
	}
}

// TestAChangeThatCouldNotBeRecordedStaysOpen: it did not fail, so it must not be taken
// for one that is to be done once more, though later records work.
func TestAChangeThatCouldNotBeRecordedStaysOpen(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, func() *unit.Unit {
		u := enginetest.Set("h1", "/a", "1")
		u.Failure.Ignore = true
		return u
	}, set("/b", "2"))
	full := true
	f.record = func(c runlog.Change) error {
		if full {
			full = false
			return errors.New("the disk is full")
		}
		if c.Unit.ID.Key == "/a" && c.Status != "" {
			t.Errorf("it is kept as %s", c.Status)
		}
		return nil
	}
	f.end = func(e runlog.End) error {
		if e.Unit.ID.Key == "/a" {
			t.Errorf("its end is kept as %q", e.Status)
		}
		return nil
	}
	told := false
	f.listen = func(e event.Event) {
		if e.Kind == event.UnitFinished && e.Unit.Key == "/a" {
			told = true
			if e.Status != unit.Failed || !e.Open || e.Ignored {
				t.Errorf("told: %+v", e)
			}
		}
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if want := []apply.Count{{Host: "h1", Changed: 2, Failed: 1}}; !cmp.Equal(want, counts) || !told {
		t.Errorf("told: %v, counts: %s", told, cmp.Diff(want, counts))
	}
}

// refusing is a provider that finds fault with what the host did for a path.
type refusing struct {
	inspect.Provider
	path string
}

func (p refusing) Run(ctx context.Context, reqs []abi.Request, perform inspect.Perform) ([]abi.Reply, error) {
	if reqs[0].Verb == abi.Apply && strings.Contains(string(reqs[0].Unit), p.path) {
		return []abi.Reply{{Error: &abi.Error{Class: op.Permanent, Message: "that is not as it should be"}}}, nil
	}
	return p.Provider.Run(ctx, reqs, perform)
}

// TestWhatWasDoneBehindAFailureIsKept: where only the provider sees that a step
// failed, the host has done what was sent behind it; that is recorded, and the
// handlers that it calls for stay pending.
func TestWhatWasDoneBehindAFailureIsKept(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/c": "3"})
	f := oneHost(h, set("/a", "1"), set("/c", "3"), notifies("/b", "2", "one"))
	f.around = func(host string, p *unit.Play) { p.Handlers = []*unit.Handler{handler(host, "one", "/one")} }
	var kept []string
	f.record = func(c runlog.Change) error {
		kept = append(kept, c.Unit.ID.Key+" "+string(c.Status))
		return nil
	}
	planned := f.plan(t.Context())
	e := f.executor()
	e.Types = of(refusing{f.provider, "/a"})
	e.Apply(t.Context(), []rollout.Play{{Name: "web", Hosts: []string{"h1"}}}, planned)
	if want := []string{"/a failed", "/b changed"}; h.Files["/b"] != "2" || !cmp.Equal(want, kept) {
		t.Errorf("/b is %q; kept: %s", h.Files["/b"], cmp.Diff(want, kept))
	}
	if pending := f.names(); !cmp.Equal([]string{"one"}, pending) {
		t.Errorf("pending: %q", pending)
	}
}

// TestNothingIsSentBehindAQuestion: whether a unit changed something is asked of
// the runbook, which may fail; then nothing behind it is done.
func TestNothingIsSentBehindAQuestion(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, func() *unit.Unit {
		u := enginetest.Set("h1", "/a", "1")
		u.Conditions.ChangedWhen = lambda(func() (any, error) { return nil, errors.New("no such key") })
		return u
	}, set("/b", "2"))
	f.apply(t.Context(), f.plan(t.Context()))
	if want := map[string]string{"/a": "1"}; !cmp.Equal(want, h.Files) {
		t.Errorf("files: %s", cmp.Diff(want, h.Files))
	}
}

// TestAResultIsKeptThatALaterUnitReads: also where nothing counts as changed.
func TestAResultIsKeptThatALaterUnitReads(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h, func() *unit.Unit {
		u := enginetest.Set("h1", "/a", "1")
		u.Conditions.ChangedWhen = lambda(func() (any, error) { return false, nil })
		return u
	}, func() *unit.Unit {
		u := enginetest.Set("h1", "/b", "2")
		u.Require = []unit.ID{{Host: "h1", Type: "set", Key: "/a"}}
		return u
	})
	kept := ""
	f.end = func(e runlog.End) error {
		kept += e.Unit.ID.Key + " " + string(e.Status) + " " + string(e.Outputs)
		return nil
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if want := `/a ok {"changed":false}`; kept != want {
		t.Errorf("kept %q, want %q", kept, want)
	}
}
