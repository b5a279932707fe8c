package depend

import "github.com/openfroyo/froyo/engine/plan"

// Hooks finds out whether the play's change hooks are done: where one of its units or
// handlers is going to change something. Where only conditions decide that, they decide
// it for the hooks, too. An after_change that an earlier run left pending is done anyway.
func Hooks(p *plan.Play) {
	changes, certainty := false, plan.Sure
	for s := range p.All() {
		if !s.CallsForHooks() || !s.Pending() {
			continue
		}
		if !changes || s.Certainty == plan.Sure {
			certainty = s.Certainty
		}
		changes = true
	}
	for _, h := range p.Hooks() {
		due, sure := changes, certainty
		if h.Pending != nil {
			due, sure = true, plan.Sure
		}
		for _, s := range h.Steps {
			s.Dormant, s.PendingHandler = !due, h.Pending
			if due && s.Certainty == plan.Sure {
				s.Certainty = sure
			}
		}
	}
}
