package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestWhatIsLeftOfASavedPlanBinds: less may be left than was planned, nothing
// else; how a store spells a plan does not count.
func TestWhatIsLeftOfASavedPlanBinds(t *testing.T) {
	const op, other = `{"exec":{"shell":"a && b >c"}}`, `{"exec":{"shell":"a && b >d"}}`
	host := func(change func(h *plan.DocumentHost)) *plan.DocumentHost {
		h := &plan.DocumentHost{Name: "h1", MachineID: "m1", Units: []plan.DocumentUnit{{
			Unit: "cmd[a]", Play: "web", Action: abi.Run, Args: json.RawMessage(`{"command":"a && b >c","n":10000000000000001}`),
			Effects: []plan.DocumentEffect{{Op: json.RawMessage(op)}},
		}}}
		if change != nil {
			change(h)
		}
		return h
	}
	text, err := json.Marshal(plan.Document{Format: plan.Format, Inventory: []*inventory.Host{{Name: "h1"}}, Hosts: []plan.DocumentHost{*host(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := plan.Recall(text)
	if err != nil {
		t.Fatal(err)
	}
	saved, _ := kept.Host("h1")
	for _, test := range []struct {
		name    string
		change  func(h *plan.DocumentHost)
		exceeds bool
	}{
		{"all is left", nil, false},
		{"it is done", func(h *plan.DocumentHost) { h.Units[0].Action, h.Units[0].Effects = abi.None, nil }, false},
		{"another effect", func(h *plan.DocumentHost) { h.Units[0].Effects[0].Op = json.RawMessage(other) }, true},
		{"one more", func(h *plan.DocumentHost) {
			h.Units[0].Effects = append(h.Units[0].Effects, plan.DocumentEffect{Op: json.RawMessage(other)})
		}, true},
		{"other arguments", func(h *plan.DocumentHost) {
			h.Units[0].Args = json.RawMessage(`{"command":"a && b >c","n":10000000000000002}`)
		}, true},
		{"another unit", func(h *plan.DocumentHost) { h.Units[0].Unit = "cmd[b]" }, true},
		{"another machine", func(h *plan.DocumentHost) { h.MachineID = "m2" }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if more := plan.Exceeds(saved, host(test.change)); (more != nil) != test.exceeds {
				t.Errorf("exceeds: %v", more)
			}
		})
	}
}
