package apply_test

import (
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestWhatCouldLockOutGoesAlone: such a unit travels with no others, so that
// what became of them is known before it acts.
func TestWhatCouldLockOutGoesAlone(t *testing.T) {
	trips := func(alone bool) int {
		h := enginetest.NewHost(nil)
		f := oneHost(h, set("/a", "1"), func() *unit.Unit {
			u := enginetest.Set("h1", "/b", "1")
			u.Order.Alone = alone
			return u
		}, set("/c", "1"))
		planned := f.plan(t.Context())
		before := h.Counts.Trips
		f.apply(t.Context(), planned)
		if want := []string{"h1/set[/a] changed", "h1/set[/b] changed", "h1/set[/c] changed"}; !slices.Equal(f.log, want) {
			t.Errorf("alone %t: %v, want %v", alone, f.log, want)
		}
		return h.Counts.Trips - before
	}
	if together, alone := trips(false), trips(true); together != 1 || alone < 3 {
		t.Errorf("%d round trips together and %d with one alone, want 1 and at least 3", together, alone)
	}
}
