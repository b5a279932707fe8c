package plan_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// planDelegated plans units of h1, of which some act on lb1.
func planDelegated(t *testing.T, h, lb *enginetest.Host, looks []plan.Look, units ...*unit.Unit) *plan.Host {
	t.Helper()
	p := &plan.Planner{
		Connect: func(context.Context, *inventory.Host) (plan.Target, error) { return h, nil },
		Evaluate: func(context.Context, *inventory.Host, plan.Target) (*plan.Evaluation, error) {
			return &plan.Evaluation{Plays: map[int]*unit.Play{0: {Units: units}}, Inputs: []byte(`{}`), Reads: looks}, nil
		},
		Delegate: func(_ context.Context, name string) (*inventory.Host, plan.Target, error) {
			if lb == nil {
				return nil, nil, errors.New("the inventory has no host " + name)
			}
			return enginetest.Inventory(name), lb, nil
		},
		Provider: func(context.Context, string) (plan.Provider, error) {
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
	if s := plan.Summarize([]*plan.Host{planned}); s.Add != 1 || s.Change != 0 || h.Trips != 1 {
		t.Errorf("%+v in %d round trips, want one addition and what is on each host to be right", s, h.Trips)
	}
	d := &plan.Document{Format: plan.Format, Root: "/"}
	if err := d.AddHost(planned, []string{"web"}, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
		t.Fatal(err)
	}
	u := d.Hosts[0].Units[1]
	if u.Unit != "lb1:set[/a]" || u.Delegate != "lb1" || u.DelegateID != lb.MachineID {
		t.Errorf("saved as %+v", u)
	}
	var file bytes.Buffer
	if err := d.Write(&file, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))); err != nil || !strings.Contains(file.String(), `"delegate": "lb1"`) {
		t.Errorf("%v, %s", err, file.String())
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
	looks := []plan.Look{{After: 5}}
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

// TestKeysOfDelegates: what two hosts delegate to a third one is told apart in its journal.
func TestKeysOfDelegates(t *testing.T) {
	a, b := on("/a", "1"), on("/a", "1")
	b.ID.Host = "h2"
	if plan.Key("r1", a, time.Time{}, 0) == plan.Key("r1", b, time.Time{}, 0) {
		t.Error("units of two hosts have one key")
	}
}
