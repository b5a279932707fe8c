package apply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
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
			h.Packages = map[string]string{"there": "1"}
			h.Broken = map[string]bool{"bad": true}
			f := oneHost(h, tt.units...)
			planned := f.plan(t.Context())
			if h.Trips != 1 {
				t.Errorf("the plan took %d round trips, want 1", h.Trips)
			}
			f.apply(t.Context(), planned)
			if diff := cmp.Diff(tt.want, h.Transactions); diff != "" {
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
	h.Packages = map[string]string{}
	f := oneHost(h, pkg("a"), pkg("b"))
	planned := f.plan(t.Context())
	h.Packages["a"] = "0" // somebody else was faster
	f.apply(t.Context(), planned)
	if want := []string{"h1/pkg[a] ok", "h1/pkg[b] changed"}; !cmp.Equal(want, f.log) {
		t.Error(cmp.Diff(want, f.log))
	}
}
