package ui_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// TestPlanTellsOfOtherHosts: where hosts wait for each other, what is done once,
// and on how many at once.
func TestPlanTellsOfOtherHosts(t *testing.T) {
	b := &build{}
	for _, name := range []string{"h1", "h2", "h3"} {
		once := step("cmd", "migrate", &abi.Change{Action: abi.Run})
		once.Unit.ID.Host, once.Once = name, "h1"
		idle := step("file", "/etc/right", &abi.Change{Action: abi.None})
		idle.Unit.ID.Host, idle.Once = name, "h1"
		restart := step("cmd", "restart", &abi.Change{Action: abi.Run})
		restart.Unit.Rollout.Throttle = 1
		b.host(name, once, idle, restart)
		b.hosts[len(b.hosts)-1].Plays[0].Barriers = []unit.Barrier{{Name: "all \x1bmigrated", At: 2}}
	}
	b.hosts[2].Plays[0] = &plan.Play{Graph: true, Steps: b.hosts[2].Plays[0].Steps}
	b.hosts[0].Plays[0].Graph, b.hosts[1].Plays[0].Graph = true, true
	var got strings.Builder
	if err := (ui.PlanView{Contents: &b.contents}).Print(&got, []string{"web"}, b.hosts); err != nil {
		t.Fatal(err)
	}
	uitest.Golden(t, "plan-rollout.txt", got.String())
}

// TestPlanTellsOfBatches: several batches stand below the play's heading, many of them briefly.
func TestPlanTellsOfBatches(t *testing.T) {
	many := [][]string{{"h1"}, {"h2"}, {"h3"}, {"h4"}, {"h5"}, {"h6", "h7"}}
	for _, tt := range []struct {
		rollout plan.Rollout
		want    string
	}{
		{plan.Rollout{}, "play web\n    > "},
		{plan.Rollout{MaxFail: "25%"}, "play web\n  max_fail 25%\n"},
		{plan.Rollout{Batches: [][]string{{"h1"}, {"h2", "h3"}}, MaxFail: "0"}, "play web\n  batch 1: h1; batch 2: h[2-3]; max_fail 0\n"},
		{plan.Rollout{Batches: many}, "play web\n  batch 1: h1; batch 2: h2; batch 3: h3; batch 4: h4; 2 more, the last: h[6-7]\n"},
	} {
		b := &build{}
		b.host("h1", step("cmd", "x", &abi.Change{Action: abi.Run}))
		var got strings.Builder
		if err := (ui.PlanView{Contents: &b.contents, Rollouts: []plan.Rollout{tt.rollout}}).Print(&got, []string{"web"}, b.hosts); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.String(), tt.want) {
			t.Errorf("got %q, expected %q", got.String(), tt.want)
		}
	}
}
