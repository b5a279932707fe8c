package planfile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/unit"
)

// TestView: a plan that was saved and read again is the plan that was made, as far as it is shown.
func TestView(t *testing.T) {
	secret := enginetest.Set("h1", "/secret", "hunter2")
	secret.Sensitive = true
	hidden := enginetest.Set("h1", "/bad", "hunter2")
	hidden.Sensitive = true
	late := enginetest.Set("h1", "/late", "")
	late.Later = map[string]unit.Lambda{"value": enginetest.Lambda(func() (any, error) { return nil, unit.ErrPending })}
	late.Require = []unit.ID{{Host: "h1", Type: "set", Key: "/a"}}
	d := document(t, enginetest.NewHost(map[string]string{"/b": "2"}),
		enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/b", "2"), secret, late, hidden)
	d.Plays = []planfile.Play{{Name: "web"}}
	hosts, plays, _, err := d.View()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"web"}, plays); diff != "" {
		t.Error(diff)
	}
	want := plan.Summary{Hosts: 1, Units: 5, Errors: 1, Unbegun: 1}
	if diff := cmp.Diff(want, plan.Summarize(hosts)); diff != "" {
		t.Error(diff)
	}
	steps := hosts[0].Plays[0].Steps
	if s := steps[2]; !s.Unit.Sensitive || len(s.Change.Diffs) != 1 || len(s.Change.Diffs[0].After) != 0 {
		t.Errorf("the sensitive unit: %+v", s.Change)
	}
	if !steps[3].InputsChanging {
		t.Error("a unit that reads the result of one that changes is not known as such")
	}
	if s := steps[4]; s.Err == nil || s.Err.Message != "(sensitive)" {
		t.Errorf("the sensitive error: %v", s.Err)
	}
	d.Plays = nil
	if _, _, _, err := d.View(); err == nil {
		t.Error("a unit of a play that is not there was accepted")
	}
}
