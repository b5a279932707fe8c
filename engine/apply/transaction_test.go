package apply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
)

func pkg(name string) func() *unit.Unit {
	return func() *unit.Unit { return enginetest.Package("h1", name) }
}

func TestAdjacentPackagesAreOneTransaction(t *testing.T) {
	for _, tt := range []struct {
		name  string
		units []func() *unit.Unit
		want  []string // transactions
		log   string
	}{
		{"alone", []func() *unit.Unit{pkg("a")}, []string{"a"}, "pkg[a] changed"},
		{"neighbours", []func() *unit.Unit{pkg("a"), pkg("b"), pkg("c")}, []string{"a b c"}, "pkg[a] changed, pkg[b] changed, pkg[c] changed"},
		{
			"one that is there between them",
			[]func() *unit.Unit{pkg("a"), pkg("there"), pkg("b")},
			[]string{"a b"},
			"pkg[a] changed, pkg[there] ok, pkg[b] changed",
		},
		{
			"after something changed",
			[]func() *unit.Unit{set("/a", "1"), pkg("there"), pkg("a"), pkg("b"), set("/b", "1")},
			[]string{"a b"},
			"set[/a] changed, pkg[there] ok, pkg[a] changed, pkg[b] changed, set[/b] changed",
		},
		{
			"not over another unit",
			[]func() *unit.Unit{pkg("a"), set("/a", "1"), pkg("b")},
			[]string{"a", "b"},
			"pkg[a] changed, set[/a] changed, pkg[b] changed",
		},
		{
			"the guilty is named, whatever the order",
			[]func() *unit.Unit{pkg("a"), pkg("bad"), pkg("c"), set("/a", "1")},
			[]string{"a bad c"},
			"pkg[bad] failed: h1: pkg[bad]: bad is broken, pkg[a] skipped, pkg[c] skipped, set[/a] skipped",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(nil)
			h.Packages.Installed = map[string]string{"there": "1"}
			h.Packages.Broken = map[string]bool{"bad": true}
			f := oneHost(h, tt.units...)
			planned := f.plan(t.Context())
			if h.Counts.Trips != 2 { // one reads, one simulates the transactions
				t.Errorf("the plan took %d round trips, want 2", h.Counts.Trips)
			}
			f.apply(t.Context(), planned)
			if diff := cmp.Diff(tt.want, h.Packages.Transactions); diff != "" {
				t.Errorf("transactions: %s", diff)
			}
			for i := range f.log {
				f.log[i] = strings.TrimPrefix(f.log[i], "h1/")
			}
			if got := strings.Join(f.log, ", "); got != tt.log {
				t.Errorf("got  %s\nwant %s", got, tt.log)
			}
		})
	}
}

func TestATransactionThatSurprisesIsHandledStepByStep(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Packages.Installed = map[string]string{}
	f := oneHost(h, pkg("a"), pkg("b"))
	planned := f.plan(t.Context())
	h.Packages.Installed["a"] = "0" // another process was faster
	f.apply(t.Context(), planned)
	if want := []string{"h1/pkg[a] ok", "h1/pkg[b] changed"}; !cmp.Equal(want, f.log) {
		t.Error(cmp.Diff(want, f.log))
	}
}

// TestWhatATransactionLeftOutStaysOpen: who resumes the run installs it, so
// it must not count as over.
func TestWhatATransactionLeftOutStaysOpen(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Packages.Installed, h.Packages.Broken = map[string]string{}, map[string]bool{"bad": true}
	f := oneHost(h, pkg("a"), pkg("bad"), pkg("c"))
	open, told := map[string]bool{}, map[string]bool{}
	f.begin = func(b runlog.Intent) error {
		for _, id := range b.Units {
			open[id.Key] = true
		}
		return nil
	}
	f.end = func(e runlog.End) error {
		if e.Status == "" {
			delete(open, e.Unit.ID.Key)
		}
		return nil
	}
	f.listen = func(e event.Event) {
		if e.Kind == event.UnitFinished {
			told[e.Unit.Key] = e.Open
		}
	}
	f.apply(t.Context(), f.plan(t.Context()))
	if want := map[string]bool{"a": true, "bad": false, "c": true}; !cmp.Equal(want, told) {
		t.Errorf("told as open: %s", cmp.Diff(want, told))
	}
	if want := map[string]bool{"bad": true}; !cmp.Equal(want, open) {
		t.Errorf("begun: %s", cmp.Diff(want, open))
	}
}

// TestAnIgnoredFailureKeepsNoOtherPackageOut: its host goes on, so what stands
// beside it is done.
func TestAnIgnoredFailureKeepsNoOtherPackageOut(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Packages.Installed, h.Packages.Broken = map[string]string{}, map[string]bool{"bad": true}
	f := oneHost(h, pkg("a"), func() *unit.Unit {
		u := enginetest.Package("h1", "bad")
		u.Failure.Ignore = true
		return u
	}, pkg("c"), pkg("d"))
	f.apply(t.Context(), f.plan(t.Context()))
	if want := []string{"a", "bad", "c d"}; !cmp.Equal(want, h.Packages.Transactions) {
		t.Errorf("transactions: %s", cmp.Diff(want, h.Packages.Transactions))
	}
}
