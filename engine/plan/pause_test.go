package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestPausesThatAreAskedAbout: none where nothing changes, and of a resumed run those behind which nothing was executed.
func TestPausesThatAreAskedAbout(t *testing.T) {
	step := func(action abi.Action, done bool) *plan.Step {
		return &plan.Step{
			Unit: &unit.Unit{ID: unit.ID{Host: "h1", Type: "cmd", Key: "x"}}, Change: &abi.Change{Action: action}, Resumed: plan.Resumed{Done: done},
		}
	}
	changes, nothing, checks, done := step(abi.Run, false), step(abi.None, false), step(abi.Probe, false), step(abi.Run, true)
	pause := func(at int) unit.Barrier { return unit.Barrier{Name: fmt.Sprint("at ", at), Pause: true, At: at} }
	for _, tt := range []struct {
		name     string
		steps    []*plan.Step
		barriers []unit.Barrier
		err      error
		want     []string
	}{
		{"something changes", []*plan.Step{nothing, changes}, []unit.Barrier{pause(1)}, nil, []string{"at 1"}},
		{"nothing changes", []*plan.Step{nothing, nothing}, []unit.Barrier{pause(1)}, nil, nil},
		{"only checks", []*plan.Step{checks, nothing}, []unit.Barrier{pause(1)}, nil, nil},
		{"a barrier is no pause", []*plan.Step{changes}, []unit.Barrier{{Name: "x"}}, nil, nil},
		{"resumed before it", []*plan.Step{done, changes}, []unit.Barrier{pause(1)}, nil, []string{"at 1"}},
		{"resumed behind it", []*plan.Step{done, done, changes}, []unit.Barrier{pause(1), pause(2)}, nil, []string{"at 2"}},
		{"at the end", []*plan.Step{changes}, []unit.Barrier{pause(1)}, nil, []string{"at 1"}},
		{"a host without a plan", []*plan.Step{changes}, []unit.Barrier{pause(0)}, fmt.Errorf("lost"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &plan.Host{Host: enginetest.Inventory("h1"), Err: tt.err, Plays: map[int]*plan.Play{0: {Steps: tt.steps, Barriers: tt.barriers}}}
			var got []string
			for _, b := range plan.Pauses([]*plan.Host{h})["h1"][0] {
				got = append(got, b.Name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}

	// A later play in which something was executed has passed all pauses of the earlier ones.
	later := &plan.Host{Host: enginetest.Inventory("h1"), Plays: map[int]*plan.Play{
		0: {Steps: []*plan.Step{changes}, Barriers: []unit.Barrier{pause(0)}}, 1: {Steps: []*plan.Step{done}},
	}}
	if got := plan.Pauses([]*plan.Host{later}); len(got) != 0 {
		t.Errorf("asked about %v, which was passed", got)
	}
}
