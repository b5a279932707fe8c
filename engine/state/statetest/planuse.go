package statetest

import (
	"sync"
	"testing"

	"github.com/openfroyo/froyo/engine/state"
)

func testPlanUse(t *testing.T, f *fixture) {
	runs := []string{"r1", "r2", "r3", "r4"}
	for _, run := range runs {
		f.begin(t, run)
	}
	use := func(u state.PlanUse, want string) {
		t.Helper()
		u.Workspace, u.Time = workspace, began
		before, err := f.UsePlan(t.Context(), u)
		must(t, err)
		if before != want {
			t.Errorf("%+v: used before by %q, want %q", u, before, want)
		}
	}
	use(state.PlanUse{Plan: "p1"}, "") // looked up
	use(state.PlanUse{Plan: "p1", Run: "r1"}, "")
	f.reopen(t)
	use(state.PlanUse{Plan: "p1"}, "r1")
	use(state.PlanUse{Plan: "p1", Run: "r2"}, "r1")
	use(state.PlanUse{Plan: "p2", Run: "r2"}, "")
	use(state.PlanUse{Plan: "p1", Run: "r3", Again: true}, "r1")
	use(state.PlanUse{Plan: "p1", Run: "r4"}, "r3")
	if before, err := f.UsePlan(t.Context(), state.PlanUse{Workspace: "/other", Plan: "p1"}); err != nil || before != "" {
		t.Errorf("in another workspace: used by %q, %v", before, err)
	}
	if _, err := f.UsePlan(t.Context(), state.PlanUse{Workspace: workspace, Plan: "p3", Run: "r9"}); err == nil {
		t.Error("a use by no run was accepted")
	}
	use(state.PlanUse{Plan: "p3"}, "")

	// Of many at once one is first.
	var all sync.WaitGroup
	before := make([]string, len(runs))
	for i, run := range runs {
		all.Go(func() {
			var err error
			if before[i], err = f.UsePlan(t.Context(), state.PlanUse{Workspace: workspace, Plan: "p4", Run: run, Time: began}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := 0
	for _, b := range before {
		if b == "" {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d runs were first: %q", first, before)
	}
}
