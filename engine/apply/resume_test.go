package apply_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestUnitsAreEnteredBeforeTheyAct: what is about to act is kept first, all of
// a sequence at once, and nothing is done where that is not possible.
func TestUnitsAreEnteredBeforeTheyAct(t *testing.T) {
	for _, full := range []bool{false, true} {
		h := enginetest.NewHost(map[string]string{"/b": "2"})
		f := oneHost(h, set("/a", "1"), set("/b", "2"), set("/c", "3"))
		var begun []string
		f.begin = func(b runlog.Intent) error {
			if h.Counts.Writes > 0 {
				t.Error("a file was written before it was kept that its unit acts")
			}
			for _, id := range b.Units {
				begun = append(begun, id.Local())
			}
			if full {
				return errors.New("the disk is full")
			}
			return nil
		}
		counts := f.apply(t.Context(), f.plan(t.Context()))
		if want := []string{"set[/a]", "set[/c]"}; !slices.Equal(begun, want) {
			t.Errorf("recorded %q, want %q", begun, want)
		}
		if full && (h.Counts.Writes != 0 || counts[0].Failed != 1) {
			t.Errorf("with nothing kept, %d files were written, and %d hosts failed", h.Counts.Writes, counts[0].Failed)
		}
	}
}

// TestNothingIsRecordedWhereNothingActs: a run that has nothing to do keeps nothing.
func TestNothingIsRecordedWhereNothingActs(t *testing.T) {
	f := oneHost(enginetest.NewHost(map[string]string{"/a": "1"}), set("/a", "1"))
	f.begin = func(b runlog.Intent) error {
		t.Errorf("recorded %v", b.Units)
		return nil
	}
	f.apply(t.Context(), f.plan(t.Context()))
}

// TestGoingOn: what was executed is not again, whatever the host is like by
// now; the rest is read again and done.
func TestGoingOn(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/begun": "2"})
	f := oneHost(h, set("/done", "1"), set("/begun", "2"), set("/left", "3"), set("/failed", "4"), set("/quiet", "5"))
	was := func(s unit.Status) resume.Progress {
		return resume.Progress{Action: abi.Create, Status: s, Started: time.Unix(1, 0)}
	}
	f.progress = map[string]map[string]resume.Progress{"h1": {
		"set[/done]": was(unit.Changed), "set[/begun]": was(""), "set[/failed]": was(unit.Failed), "set[/quiet]": was(unit.Unchanged),
		"set[/gone]": was(unit.Changed), // the runbook knows of it no more
	}}
	planned := f.plan(t.Context())
	if n := plan.Summarize(planned).Pending(); n != 2 {
		t.Errorf("%d changes are planned, want 2", n)
	}
	counts := f.apply(t.Context(), planned)
	if want := map[string]string{"/begun": "2", "/left": "3", "/failed": "4"}; !cmp.Equal(want, h.Files) {
		t.Errorf("files: %s", cmp.Diff(want, h.Files))
	}
	if want := []apply.Count{{Host: "h1", OK: 5, Changed: 2}}; !cmp.Equal(want, counts) {
		t.Errorf("counts: %s", cmp.Diff(want, counts))
	}
	if told := strings.Join(f.log, "\n"); strings.Contains(told, "/done") || strings.Contains(told, "/quiet") {
		t.Errorf("units that were done are told again:\n%s", told)
	}
}

// TestWatchersSeeWhatWasDoneBefore: a unit acts on a change that was made before
// the run was broken off.
func TestWatchersSeeWhatWasDoneBefore(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "1"})
	f := oneHost(h, set("/a", "1"), func() *unit.Unit {
		u := enginetest.Set("h1", "/b", "2")
		u.Conditions.OnChange = []unit.ID{{Host: "h1", Type: "set", Key: "/a"}}
		return u
	})
	f.progress = map[string]map[string]resume.Progress{"h1": {"set[/a]": {Action: abi.Create, Status: unit.Changed, Started: time.Unix(1, 0)}}}
	planned := f.plan(t.Context())
	if n := plan.Summarize(planned).Pending(); n != 1 {
		t.Errorf("%d changes are planned, want 1", n)
	}
	f.apply(t.Context(), planned)
	if h.Files["/b"] != "2" {
		t.Error("/b was not written")
	}
}

// TestABrokenDeliveryGoesOn: of a handler that was under way, the steps that
// ran since it was called for do not run again; where it was called for since, all do.
func TestABrokenDeliveryGoesOn(t *testing.T) {
	for _, test := range []struct {
		name   string
		called time.Time
		want   map[string]string
	}{
		{"under way", time.Unix(5, 0), map[string]string{"/a": "1", "/two": "run"}},
		{"called for again", time.Unix(15, 0), map[string]string{"/a": "1", "/one": "run", "/two": "run"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := enginetest.NewHost(map[string]string{"/a": "1"})
			f := oneHost(h, notifies("/a", "1", "both"))
			f.around = func(host string, p *unit.Play) {
				one, two := handler(host, "both", "/one"), handler(host, "both", "/two")
				one.Units = append(one.Units, two.Units...)
				p.Handlers = []*unit.Handler{one}
			}
			f.pending = map[plan.PendingHandler]string{{Play: "web", Handler: "both", Since: time.Unix(4, 0), Run: "r1", Notified: test.called}: enginetest.MachineID}
			f.progress = map[string]map[string]resume.Progress{"h1": {
				"handler[web/both]/set[/one]": {Action: abi.Create, Status: unit.Changed, Started: time.Unix(10, 0)},
			}}
			f.apply(t.Context(), f.plan(t.Context()))
			if !cmp.Equal(test.want, h.Files) {
				t.Errorf("files: %s", cmp.Diff(test.want, h.Files))
			}
		})
	}
}

// TestAHostWithNothingLeftIsLockedAtTheEnd: its runner takes away what the host
// keeps of the run, where that was broken off after its last change there.
func TestAHostWithNothingLeftIsLockedAtTheEnd(t *testing.T) {
	for _, resumed := range []bool{false, true} {
		h := enginetest.NewHost(map[string]string{"/a": "1"})
		f := oneHost(h, set("/a", "1"))
		if resumed {
			f.progress = map[string]map[string]resume.Progress{"h1": {"set[/a]": {Action: abi.Create, Status: unit.Changed, Started: time.Unix(1, 0)}}}
		}
		f.locker = locked
		f.apply(t.Context(), f.plan(t.Context()))
		if want := map[bool]int{false: 0, true: 1}[resumed]; h.Counts.Locks != want {
			t.Errorf("resumed is %v: the host was taken %d times, want %d", resumed, h.Counts.Locks, want)
		}
	}
}
