package planning_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// steps are those of a plan by the names of their units.
func stepsOf(h *plan.Host) map[string]*plan.Step {
	all := map[string]*plan.Step{}
	for _, s := range h.Steps() {
		all[s.Unit.ID.Local()] = s
	}
	return all
}

// TestPackagesAreRehearsed: what a host would refuse is refused in the plan, what
// comes along stands there, and it costs a round trip only where packages change.
func TestPackagesAreRehearsed(t *testing.T) {
	h := enginetest.NewHost(nil)
	h.Packages.Installed = map[string]string{"here": "1"}
	h.Packages.Along = []string{"lib", "data"}
	planned, _ := planOne(t, h, nil, enginetest.Package("h1", "a"), enginetest.Package("h1", "here"), enginetest.Package("h1", "b"))
	all := stepsOf(planned)
	if got := all["pkg[a]"].Change.Reason; got != "along with data, lib" || all["pkg[b]"].Change.Reason != "" || h.Counts.Trips != 2 {
		t.Errorf("the reason is %q, after %d round trips", got, h.Counts.Trips)
	}
	if len(h.Packages.Transactions) > 0 {
		t.Errorf("the plan changed packages: %v", h.Packages.Transactions)
	}

	h.Packages.Refused = map[string]string{"b": "installing b would remove c, which is not planned\nplan c as absent"}
	planned, _ = planOne(t, h, nil, enginetest.Package("h1", "a"), enginetest.Package("h1", "b"))
	all = stepsOf(planned)
	if all["pkg[a]"].Err != nil || all["pkg[b]"].Err == nil || all["pkg[b]"].Err.Message != "installing b would remove c, which is not planned" {
		t.Errorf("a: %v, b: %v", all["pkg[a]"].Err, all["pkg[b]"].Err)
	}

	// Behind another change that is not sure.
	planned, _ = planOne(t, h, nil, enginetest.Set("h1", "/a", "1"), enginetest.Package("h1", "b"))
	if s := stepsOf(planned)["pkg[b]"]; s.Err != nil || len(planned.Warnings) != 1 || !strings.Contains(planned.Warnings[0].Summary, "as things stand this is refused: installing b would remove c") {
		t.Errorf("refused: %v, warnings: %v", s.Err, planned.Warnings)
	}

	trips := h.Counts.Trips
	h.Packages.Installed["b"] = "1"
	planOne(t, h, nil, []*unit.Unit{enginetest.Package("h1", "b"), enginetest.Set("h1", "/a", "1")}...)
	if h.Counts.Trips != trips+1 {
		t.Errorf("%d round trips where no package changes, want 1", h.Counts.Trips-trips)
	}
}
