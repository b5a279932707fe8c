package resume_test

import (
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/providers/abi"
)

func TestUnforeseen(t *testing.T) {
	for _, tt := range []struct {
		name      string
		before    plan.Resumed
		action    abi.Action
		sensitive bool
		want      int
	}{
		{"as it was planned", plan.Resumed{Known: true, Planned: abi.Create}, abi.Create, false, 0},
		{"the host had no plan", plan.Resumed{}, abi.Create, false, 1},
		{"nothing was to be done", plan.Resumed{Known: true, Planned: abi.None}, abi.Update, false, 1},
		{"another change", plan.Resumed{Known: true, Planned: abi.Create}, abi.Delete, false, 1},
		{"it had begun", plan.Resumed{Known: true, Planned: abi.Create, Began: true}, abi.Update, false, 0},
		{"sensitive", plan.Resumed{Known: true}, abi.Update, true, 0},
		{"sensitive, and the host had no plan", plan.Resumed{}, abi.Update, true, 1},
		{"done", plan.Resumed{Done: true}, abi.Create, false, 0},
		{"nothing is left", plan.Resumed{}, abi.None, false, 0},
		{"it only looks", plan.Resumed{}, abi.Probe, false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := enginetest.Set("h1", "/a", "1")
			u.Sensitive = tt.sensitive
			s := &plan.Step{Unit: u, Change: &abi.Change{Action: tt.action}, Resumed: tt.before}
			h := &plan.Host{Host: enginetest.Inventory("h1"), Plays: map[int]*plan.Play{0: {Steps: []*plan.Step{s}}}}
			if got := resume.Unforeseen([]*plan.Host{h}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
