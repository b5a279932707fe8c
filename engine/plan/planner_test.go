package plan_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// lambda is a runbook's condition for tests.
type lambda func() (any, error)

func (l lambda) Eval(context.Context, any) (any, error) { return l() }
func (l lambda) Pos() diag.Pos                          { return diag.Pos{} }

// planOne plans units on a host in memory.
func planOne(t *testing.T, h *enginetest.Host, looks []plan.Look, units ...*unit.Unit) (*plan.Host, *plan.Contents) {
	t.Helper()
	contents := &plan.Contents{}
	p := &plan.Planner{
		Connect: func(context.Context, *inventory.Host) (plan.Target, error) { return h, nil },
		Evaluate: func(context.Context, *inventory.Host, plan.Target) (*plan.Evaluation, error) {
			return &plan.Evaluation{Plays: map[int]*unit.Play{0: {Units: units}}, Inputs: []byte(`{}`), Reads: looks}, nil
		},
		Provider: func(context.Context, string) (plan.Provider, error) { return provider, nil },
		User:     func(*inventory.Host) string { return "" },
		Contents: contents, Events: event.Func(func(event.Event) {}), Forks: 1,
	}
	planned := p.Plan(t.Context(), []*inventory.Host{enginetest.Inventory("h1")})[0]
	if planned.Err != nil {
		t.Fatal(planned.Err)
	}
	return planned, contents
}

var provider = &enginetest.Provider{Unplannable: map[string]bool{"/bad": true}}

func TestPlanReadsAHostInOneRoundTrip(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "1", "/b": "old"})
	planned, _ := planOne(t, h, nil, enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/b", "2"), enginetest.Set("h1", "/c", "3"))
	if h.Trips != 1 {
		t.Errorf("%d round trips, want 1", h.Trips)
	}
	if planned.MachineID() != enginetest.MachineID {
		t.Errorf("the machine-id %q was not read on the way", planned.MachineID())
	}
	want := plan.Summary{Hosts: 1, Units: 3, Add: 1, Change: 1}
	if got := plan.Summarize([]*plan.Host{planned}); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

func TestPlanGradesCertainty(t *testing.T) {
	late := func(path string) *unit.Unit {
		u := enginetest.Set("h1", path, "")
		u.Later = map[string]unit.Lambda{"value": lambda(func() (any, error) { return nil, errors.New("not yet") })}
		return u
	}
	when := func(path string, now any, err error) *unit.Unit {
		u := enginetest.Set("h1", path, "x")
		u.When = lambda(func() (any, error) { return now, err })
		return u
	}
	for _, tt := range []struct {
		name    string
		unit    *unit.Unit
		want    plan.Certainty
		skip    bool
		pending bool
	}{
		{"plain change", enginetest.Set("h1", "/x", "1"), plan.Sure, false, true},
		{"value known after apply", late("/x"), plan.Unknown, false, false},
		{"condition cannot be asked yet", when("/x", nil, errors.New("not yet")), plan.Conditional, false, true},
		{"condition holds", when("/x", true, nil), plan.Sure, false, true},
		{"condition does not hold", when("/x", false, nil), plan.Sure, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			planned, _ := planOne(t, enginetest.NewHost(map[string]string{"/x": "old"}), nil, tt.unit)
			s := planned.Plays[0].Steps[0]
			if s.Certainty != tt.want || s.Skip != tt.skip || s.Pending() != tt.pending {
				t.Errorf("certainty %q skip %v pending %v, want %q %v %v", s.Certainty, s.Skip, s.Pending(), tt.want, tt.skip, tt.pending)
			}
		})
	}
}

func TestPlanKeepsGoingPastAUnitThatCannotBePlanned(t *testing.T) {
	planned, _ := planOne(t, enginetest.NewHost(nil), nil, enginetest.Set("h1", "/bad", "1"), enginetest.Set("h1", "/good", "1"))
	if planned.Plays[0].Steps[0].Err == nil || planned.Plays[0].Steps[1].Change == nil {
		t.Errorf("%+v", planned.Plays[0])
	}
}

func TestPlanWarnsOfReadsThatAChangeComesBefore(t *testing.T) {
	look := diag.Pos{File: "site.star", Line: 4, Col: 8}
	units := func() []*unit.Unit { return []*unit.Unit{enginetest.Set("h1", "/a", "1")} }
	changing, _ := planOne(t, enginetest.NewHost(nil), []plan.Look{{Pos: look, After: 1}}, units()...)
	if len(changing.Warnings) != 1 || changing.Warnings[0].Pos != look {
		t.Errorf("warnings %v, want one at %s", changing.Warnings, look)
	}
	converged, _ := planOne(t, enginetest.NewHost(map[string]string{"/a": "1"}), []plan.Look{{Pos: look, After: 1}}, units()...)
	if len(converged.Warnings) != 0 {
		t.Errorf("warnings %v on a host where nothing changes", converged.Warnings)
	}
}

// document saves a plan of one host and reads it back.
func document(t *testing.T, h *enginetest.Host, units ...*unit.Unit) *plan.Document {
	t.Helper()
	planned, contents := planOne(t, h, nil, units...)
	d := &plan.Document{
		Format: plan.Format, Main: "site.star", Root: "/work", Sources: map[string]string{"site.star": "x"},
		Inventory: []*inventory.Host{enginetest.Inventory("h1")},
	}
	if err := d.AddHost(planned, []string{"web"}, contents, func(data []byte) string { return "sealed:" + string(data[:1]) }); err != nil {
		t.Fatal(err)
	}
	back, err := plan.Parse(saved(t, d), "plan.json", trusting(signer))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestSavedPlanIsStale(t *testing.T) {
	files := func() map[string]string { return map[string]string{"/a": "old", "/b": "2"} }
	units := func() []*unit.Unit {
		return []*unit.Unit{enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/b", "2")}
	}
	was := document(t, enginetest.NewHost(files()), units()...)
	for _, tt := range []struct {
		name   string
		change func(h *enginetest.Host)
		units  []*unit.Unit
		want   string
	}{
		{"nothing", func(*enginetest.Host) {}, units(), ""},
		{"a file that was to change", func(h *enginetest.Host) { h.Files["/a"] = "else" }, units(), "h1: set[/a]: the host has changed since the plan"},
		{"a file that was right", func(h *enginetest.Host) { h.Files["/b"] = "else" }, units(), "h1: set[/b]: the host has changed since the plan"},
		{"the machine", func(h *enginetest.Host) { h.MachineID = strings.Repeat("2", 32) }, units(), "h1: another machine answers: machine-id " + strings.Repeat("2", 32) + ", planned for " + enginetest.MachineID},
		{"a unit less", func(*enginetest.Host) {}, units()[:1], "h1: set[/b]: the unit is planned, but the runbook no longer wants it on this host"},
		{"a unit more", func(*enginetest.Host) {}, append(units(), enginetest.Set("h1", "/c", "3")), "h1: set[/c]: the runbook now wants a unit that is not in the plan"},
		{"the wish", func(*enginetest.Host) {}, []*unit.Unit{enginetest.Set("h1", "/a", "9"), units()[1]}, "h1: set[/a]: its arguments are no longer those of the plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(files())
			tt.change(h)
			now := document(t, h, tt.units...)
			err := plan.Stale(&was.Hosts[0], &now.Hosts[0])
			switch {
			case err == nil && tt.want != "":
				t.Errorf("not stale, want %q", tt.want)
			case err != nil && err.Error() != tt.want:
				t.Errorf("got %q, want %q", err, tt.want)
			case err != nil && err.Code != diag.Stale:
				t.Errorf("exit code %d", err.Code)
			}
		})
	}
}

func TestSavedPlanHoldsNoSecret(t *testing.T) {
	u := enginetest.Set("h1", "/a", "hunter2")
	u.Sensitive = true
	d := document(t, enginetest.NewHost(map[string]string{"/a": "hunter1"}), u)
	if text := saved(t, d); bytes.Contains(text, []byte("hunter")) {
		t.Errorf("the plan tells the secret:\n%s", text)
	}
	if got := d.Hosts[0].Units[0]; got.Digest == "" || got.Action != abi.Update {
		t.Errorf("%+v", got)
	}
}
