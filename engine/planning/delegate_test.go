package planning_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// planDelegated plans units of h1, of which some act on lb1.
func planDelegated(t *testing.T, h, lb *enginetest.Host, looks []plan.Look, units ...*unit.Unit) *plan.Host {
	t.Helper()
	p := &planning.Planner{
		Connect: func(context.Context, *inventory.Host) (plan.Target, error) { return h, nil },
		Evaluate: func(context.Context, *inventory.Host, plan.Target) (*planning.Evaluation, error) {
			return &planning.Evaluation{Plays: map[int]*unit.Play{0: {Units: units}}, Inputs: []byte(`{}`), Looks: looks}, nil
		},
		Delegate: func(_ context.Context, name string) (*inventory.Host, plan.Target, error) {
			if lb == nil {
				return nil, nil, errors.New("the inventory has no host " + name)
			}
			return enginetest.Inventory(name), lb, nil
		},
		Provider: func(context.Context, string) (inspect.Provider, error) {
			return &enginetest.Provider{Groundless: map[string]string{"/on": "ground"}}, nil
		},
		User:     func(*inventory.Host) string { return "" },
		Contents: &plan.Contents{}, Events: event.Func(func(event.Event) {}), Forks: 1,
	}
	planned := p.Plan(t.Context(), []*inventory.Host{enginetest.Inventory("h1")})[0]
	if planned.Err != nil {
		t.Fatal(planned.Err)
	}
	return planned
}

// on makes a unit of h1 that acts on lb1.
func on(path, value string) *unit.Unit {
	u := enginetest.Set("h1", path, value)
	u.ID.Delegate = "lb1"
	return u
}

func TestPlanReadsTheDelegate(t *testing.T) {
	h, lb := enginetest.NewHost(map[string]string{"/a": "1"}), enginetest.NewHost(map[string]string{"/a": "2"})
	lb.MachineID = strings.Repeat("3", 32)
	planned := planDelegated(t, h, lb, nil, enginetest.Set("h1", "/a", "1"), on("/a", "2"), on("/b", "2"))
	if s := plan.Summarize([]*plan.Host{planned}); s.Add != 1 || s.Change != 0 || h.Counts.Trips != 1 {
		t.Errorf("%+v in %d round trips, want one addition and what is on each host to be right", s, h.Counts.Trips)
	}
}

func TestPlanPutsADelegateDownToItsUnits(t *testing.T) {
	planned := planDelegated(t, enginetest.NewHost(nil), nil, nil, enginetest.Set("h1", "/a", "1"), on("/a", "2"))
	if s := planned.Plays[0].Steps; s[0].Err != nil || s[1].Err == nil || s[1].Err.Message != "lb1, to which this is delegated: the inventory has no host lb1" {
		t.Errorf("got %v and %v", s[0].Err, s[1].Err)
	}
}

// TestPlanTellsHostsApart: what changes one host neither brings what a unit
// misses on the other, nor makes reads of that old.
func TestPlanTellsHostsApart(t *testing.T) {
	looks := []plan.Look{{After: 5, Op: op.Op{List: &op.List{Path: "/"}}}}
	for _, tt := range []struct {
		name     string
		units    []*unit.Unit
		misses   bool
		warnings int
	}{
		{"ground on the same host", []*unit.Unit{enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/on", "1")}, false, 1},
		{"ground on the other", []*unit.Unit{on("/a", "1"), enginetest.Set("h1", "/on", "1")}, true, 1},
		{"ground on the delegate", []*unit.Unit{on("/a", "1"), on("/on", "1")}, false, 0},
		{"ground on the host of the delegating unit", []*unit.Unit{enginetest.Set("h1", "/a", "1"), on("/on", "1")}, true, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			planned := planDelegated(t, enginetest.NewHost(nil), enginetest.NewHost(nil), looks, tt.units...)
			if err := planned.Plays[0].Steps[1].Err; (err != nil) != tt.misses {
				t.Errorf("error %v, want one: %v", err, tt.misses)
			}
			if len(planned.Warnings) != tt.warnings {
				t.Errorf("warnings %v, want %d", planned.Warnings, tt.warnings)
			}
		})
	}
}
