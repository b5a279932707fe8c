package planning_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
)

// planPlay plans one play on hosts in memory, by their names.
func planPlay(t *testing.T, names []string, play func(host string) *unit.Play) []*plan.Host {
	t.Helper()
	var hosts []*inventory.Host
	for _, name := range names {
		hosts = append(hosts, enginetest.Inventory(name))
	}
	return enginetest.Planner(
		func(string) plan.Target { return enginetest.NewHost(nil) },
		func(host string) *planning.Evaluation { return enginetest.Evaluation(play(host)) },
	).Plan(t.Context(), hosts)
}

// migrates is a play that does /once once, and tells a handler.
func migrates(host string) *unit.Play {
	u := enginetest.Set(host, "/once", "1")
	u.Rollout.RunOnce, u.Rollout.Throttle, u.Notify = true, 3, []string{"repair"}
	if host == "bad" {
		enginetest.Args(u, "/bad", "1")
	}
	repaired := enginetest.Set(host, "/fixed", "1")
	repaired.ID.Scope = unit.Scope{Play: "web", Handler: "repair"}
	return &unit.Play{Units: []*unit.Unit{u}, Handlers: []*unit.Handler{{Name: "repair", Units: []*unit.Unit{repaired}}}}
}

func TestAUnitIsPlannedOnce(t *testing.T) {
	hosts := planPlay(t, []string{"bad", "h1", "h2"}, migrates)
	type planned struct {
		Once                       string
		Elsewhere, Pending, Called bool
	}
	got := map[string]planned{}
	for _, h := range hosts {
		p := h.Plays[0]
		got[h.Host.Name] = planned{p.Steps[0].Once, p.Steps[0].Elsewhere(), p.Steps[0].Pending(), !p.Handlers[0].Steps[0].Dormant}
	}
	want := map[string]planned{"bad": {Once: "h1", Elsewhere: true}, "h1": {"h1", false, true, true}, "h2": {Once: "h1", Elsewhere: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, want := plan.Summarize(hosts), (plan.Summary{Hosts: 3, Units: 6, Add: 2}); got != want {
		t.Error(cmp.Diff(want, got))
	}
}
