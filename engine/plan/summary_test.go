package plan_test

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestUnplanned: which steps that could not be planned keep a host from being begun.
func TestUnplanned(t *testing.T) {
	failed := &abi.Error{Message: "no such directory"}
	for _, tt := range []struct {
		name string
		step plan.Step
		want int
	}{
		{"planned", plan.Step{Change: &abi.Change{Action: abi.Create}}, 0},
		{"failed", plan.Step{Err: failed}, 1},
		{"skipped as things stand", plan.Step{Err: failed, Skip: true}, 0},
		{"of a handler that nothing notifies", plan.Step{Err: failed, Dormant: true}, 0},
		{"of a rescue", plan.Step{Err: failed, Rescue: true}, 0},
		{"failure is ignored", plan.Step{Err: failed, Unit: &unit.Unit{Failure: unit.Failure{Ignore: true}}}, 0},
		{"outcome unknown", plan.Step{Err: failed, Change: &abi.Change{Action: abi.Run}, Resumed: plan.Resumed{Interrupted: time.Unix(1, 0)}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.step.Unit == nil {
				tt.step.Unit = &unit.Unit{}
			}
			other := &plan.Step{Unit: &unit.Unit{}, Change: &abi.Change{Action: abi.Create}}
			h := &plan.Host{Plays: map[int]*plan.Play{0: {Steps: []*plan.Step{other, &tt.step}}}}
			if got := len(h.Unplanned()); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
			if s := plan.Summarize([]*plan.Host{h}); s.Unbegun != tt.want || (s.Add == 0) != (tt.want > 0) {
				t.Errorf("%+v", s)
			}
		})
	}
}
