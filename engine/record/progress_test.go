package record

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestProgressIsOfTheMachine: what was done on another machine of the name is not
// done; a run that was kept without machines is believed.
func TestProgressIsOfTheMachine(t *testing.T) {
	r := &History{done: progress{"h1": {"cmd[mine]": {machineID: "m1"}, "cmd[other]": {machineID: "m0"}, "cmd[any]": {}}}}
	for machine, want := range map[string][]string{"m1": {"cmd[any]", "cmd[mine]"}, "": {"cmd[any]"}} {
		h := &plan.Host{
			Host:  &inventory.Host{Name: "h1"},
			Facts: facts.Set{facts.Basic: {"machine_id": machine}},
		}
		known, err := r.Progress(t.Context(), h)
		if got := slices.Sorted(maps.Keys(known)); err != nil || !slices.Equal(got, want) {
			t.Errorf("machine %q: %q, want %q, %v", machine, got, want, err)
		}
	}
	if known, err := r.Progress(t.Context(), &plan.Host{Host: &inventory.Host{Name: "h1"}}); err != nil || len(known) != 3 {
		t.Errorf("of a host that does not answer: %v, %v", known, err)
	}
}

// TestARunWithUnknownOutcomesIsInterrupted: as long as the outcome of a unit is not
// known, a run that is resumed has not merely failed.
func TestARunWithUnknownOutcomesIsInterrupted(t *testing.T) {
	u := &unknown{units: map[subject]bool{{"h1", "cmd[a]"}: true}}
	r := &Record{unknown: u, Events: &Events{stream: state.NewStream(nowhere{}, "r1", 0, event.Encode), unknown: u}}
	told := event.Event{Kind: event.UnitFinished, Host: "h1", Unit: unit.ID{Host: "h1", Type: "cmd", Key: "a"}, Status: unit.Skipped, Open: true}
	r.Events.Emit(told)
	if s := r.status(diag.Unreachable); s != state.Interrupted {
		t.Errorf("with an unknown outcome it is %s", s)
	}
	told.Open = false
	r.Events.Emit(told)
	if s := r.status(diag.Unreachable); s != state.Failed {
		t.Errorf("with no unknown outcome it is %s", s)
	}
	if err := r.Events.stream.Close(); err != nil {
		t.Error(err)
	}
}

// nowhere keeps no events.
type nowhere struct{}

func (nowhere) AppendEvents(context.Context, string, []state.Event) error { return nil }
