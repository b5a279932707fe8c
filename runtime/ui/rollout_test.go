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
