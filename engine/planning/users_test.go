package planning_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestUsersThatAreNotThere: nothing is read as a user whom the host does not have; that is an
// error of the unit alone, unless a unit before it may bring the user.
func TestUsersThatAreNotThere(t *testing.T) {
	as := func(user, path string) *unit.Unit {
		u := enginetest.Set("h1", path, "1")
		u.User = user
		return u
	}
	h := enginetest.NewHost(nil)
	h.NoUsers = []string{"lost"}
	planned, _ := planOne(t, h, nil, enginetest.Set("h1", "/a", "1"), as("lost", "/b"), as("there", "/c"))
	all := stepsOf(planned)
	if e := all["set[/b]"].Err; e == nil || !strings.HasPrefix(e.Message, "there is no user lost on the host, and no unit before this one") || e.Hint == "" {
		t.Errorf("the unit of a user who is not there: %v", e)
	}
	if len(all["set[/b]"].Reads) > 0 || all["set[/a]"].Err != nil || all["set[/c]"].Err != nil || len(all["set[/c]"].Reads) == 0 {
		t.Errorf("%+v, %+v, %+v", all["set[/a]"].Err, all["set[/b]"].Reads, all["set[/c]"])
	}

	planned, _ = planOne(t, h, nil, enginetest.Package("h1", "useradd"), as("lost", "/b"))
	s := stepsOf(planned)["set[/b]"]
	if s.Err != nil || !s.Acts() || s.Certainty != plan.Unknown || len(s.Change.Effects) == 0 || len(s.Change.Needs) != 1 {
		t.Errorf("%v, %+v", s.Err, s.Change)
	}
	if !slices.Equal(s.Awaits, []string{"user lost, which pkg[useradd] may bring"}) {
		t.Errorf("awaits %q", s.Awaits)
	}

	trips := h.Counts.Trips
	if planOne(t, h, nil, enginetest.Set("h1", "/a", "1")); h.Counts.Trips != trips+1 {
		t.Errorf("%d round trips where no unit acts as another user, want 1", h.Counts.Trips-trips)
	}
}
