package planning_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// planOne plans units on a host in memory.
func planOne(t *testing.T, h *enginetest.Host, looks []plan.Look, units ...*unit.Unit) (*plan.Host, *plan.Contents) {
	t.Helper()
	p := enginetest.Planner(func(string) plan.Target { return h }, func(string) *planning.Evaluation {
		e := enginetest.Evaluation(&unit.Play{Units: units})
		e.Looks = looks
		return e
	})
	planned := p.Plan(t.Context(), []*inventory.Host{enginetest.Inventory("h1")})[0]
	if planned.Err != nil {
		t.Fatal(planned.Err)
	}
	return planned, p.Contents
}

func TestPlanReadsAHostInOneRoundTrip(t *testing.T) {
	h := enginetest.NewHost(map[string]string{"/a": "1", "/b": "old"})
	planned, _ := planOne(t, h, nil, enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/b", "2"), enginetest.Set("h1", "/c", "3"))
	if h.Counts.Trips != 1 {
		t.Errorf("%d round trips, want 1", h.Counts.Trips)
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
		u.Later = map[string]unit.Lambda{"value": enginetest.Lambda(func() (any, error) { return nil, errors.New("not yet") })}
		return u
	}
	when := func(path string, now any, err error) *unit.Unit {
		u := enginetest.Set("h1", path, "x")
		u.Conditions.When = enginetest.Lambda(func() (any, error) { return now, err })
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

// TestPlanWarnsOfEarlyLooks: of a question about what a unit before it is going to change, and of no other.
func TestPlanWarnsOfEarlyLooks(t *testing.T) {
	pos := diag.Pos{File: "site.star", Line: 4, Col: 8}
	read := func(path string) op.Op { return op.Op{Read: &op.Read{Path: path}} }
	for _, tt := range []struct {
		name  string
		ask   op.Op
		after int
		found map[string]string
		warns bool
	}{
		{"the file itself", read("/srv/a"), 1, nil, true},
		{"spelled otherwise", read("/srv//a/"), 1, nil, true},
		{"its directory", op.Op{List: &op.List{Path: "/srv"}}, 1, nil, true},
		{"below it", op.Op{Stat: &op.Stat{Path: "/srv/a/b"}}, 1, nil, true},
		{"another file", read("/srv/b"), 1, nil, false},
		{"one that begins alike", read("/srv/ab"), 1, nil, false},
		{"before the unit", read("/srv/a"), 0, nil, false},
		{"nothing changes", read("/srv/a"), 1, map[string]string{"/srv/a": "1"}, false},
		{"a user", op.Op{Getent: &op.Getent{DB: "passwd", Key: "app"}}, 1, nil, false},
		{"what a program says", op.Op{Exec: &op.Exec{Shell: "id", ReadOnly: true}}, 1, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			planned, _ := planOne(t, enginetest.NewHost(tt.found), []plan.Look{{Pos: pos, After: tt.after, Op: tt.ask}}, enginetest.Set("h1", "/srv/a", "1"))
			switch w := planned.Warnings; {
			case !tt.warns && len(w) > 0:
				t.Errorf("warnings %v", w)
			case tt.warns && (len(w) != 1 || w[0].Pos != pos || w[0].Summary != "this was read before set[/srv/a] changes it"):
				t.Errorf("warnings %v, want one at %s", w, pos)
			}
		})
	}
}
