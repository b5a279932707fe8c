package cli

import (
	"maps"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
)

// TestProgressIsOfTheMachine: what was done on another machine of the name is not
// done; a run that was kept without machines is believed.
func TestProgressIsOfTheMachine(t *testing.T) {
	r := &recording{units: map[string]map[string]begun{"h1": {"cmd[mine]": {machineID: "m1"}, "cmd[other]": {machineID: "m0"}, "cmd[any]": {}}}}
	for machine, want := range map[string][]string{"m1": {"cmd[any]", "cmd[mine]"}, "": {"cmd[any]"}} {
		h := &plan.Host{
			Host:  &inventory.Host{Name: "h1"},
			Facts: &op.FactsResult{OSBasic: &op.OSBasic{MachineID: machine}},
		}
		known, err := r.progress(t.Context(), h)
		if got := slices.Sorted(maps.Keys(known)); err != nil || !slices.Equal(got, want) {
			t.Errorf("machine %q: %q, want %q, %v", machine, got, want, err)
		}
	}
	if known, err := r.progress(t.Context(), &plan.Host{Host: &inventory.Host{Name: "h1"}}); err != nil || len(known) != 3 {
		t.Errorf("of a host that does not answer: %v, %v", known, err)
	}
}
