package planfile_test

import (
	"encoding/json"
	"testing"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/providers/abi"
)

// TestWhatIsLeftOfASavedPlanBinds: less may be left than was planned, nothing
// else; how a store spells a plan does not count.
func TestWhatIsLeftOfASavedPlanBinds(t *testing.T) {
	const op, other = `{"exec":{"shell":"a && b >c"}}`, `{"exec":{"shell":"a && b >d"}}`
	host := func(change func(h *planfile.Host)) *planfile.Host {
		h := &planfile.Host{Name: "h1", MachineID: "m1", Units: []planfile.Unit{{
			Unit: "cmd[a]", Play: "web", Action: abi.Run, Args: json.RawMessage(`{"command":"a && b >c","n":10000000000000001}`),
			Effects: []planfile.Effect{{Op: json.RawMessage(op)}},
		}}}
		if change != nil {
			change(h)
		}
		return h
	}
	text, err := json.Marshal(planfile.Document{Format: planfile.Format, Inventory: []*inventory.Host{{Name: "h1"}}, Hosts: []planfile.Host{*host(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := planfile.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	saved, _ := kept.Host("h1")
	for _, test := range []struct {
		name    string
		change  func(h *planfile.Host)
		exceeds bool
	}{
		{"all is left", nil, false},
		{"it is done", func(h *planfile.Host) { h.Units[0].Action, h.Units[0].Effects = abi.None, nil }, false},
		{"another effect", func(h *planfile.Host) { h.Units[0].Effects[0].Op = json.RawMessage(other) }, true},
		{"one more", func(h *planfile.Host) {
			h.Units[0].Effects = append(h.Units[0].Effects, planfile.Effect{Op: json.RawMessage(other)})
		}, true},
		{"other arguments", func(h *planfile.Host) {
			h.Units[0].Args = json.RawMessage(`{"command":"a && b >c","n":10000000000000002}`)
		}, true},
		{"another unit", func(h *planfile.Host) { h.Units[0].Unit = "cmd[b]" }, true},
		{"another machine", func(h *planfile.Host) { h.MachineID = "m2" }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			more := planfile.Beyond(saved, host(test.change))
			if (more != nil) != test.exceeds {
				t.Errorf("exceeds: %v", more)
			}
			if more == nil {
				return
			}
			if more.Hint != "nothing more was done on this host; make a new plan and review it" {
				t.Errorf("hint %q", more.Hint)
			}
			if more := planfile.Beyond(host(test.change), host(test.change)); more != nil {
				t.Errorf("a new plan does not help: %v", more)
			}
		})
	}
}
