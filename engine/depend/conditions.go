// Package depend settles what of a plan depends on other steps of it: conditions,
// on_change, handlers, units that are done once, and prerequisites.
//
// It imports engine/plan, and engine/inspect for its errors.
package depend

import (
	"context"
	"errors"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Conditions asks conditions that can be answered already; one that reads the
// result of a unit cannot, which leaves its change conditional. It warns of
// those that fail for another reason: they may come right until the unit is executed.
func Conditions(ctx context.Context, steps []*plan.Step) []*diag.Error {
	var warnings []*diag.Error
	byID := make(map[unit.ID]*plan.Step, len(steps))
	for _, s := range steps {
		byID[s.Unit.ID] = s
		if s.Err == nil {
			watch(s, byID)
		}
		if s.Unit.Conditions.When == nil || s.Err != nil || s.Skip || s.Done {
			continue
		}
		now, err := s.Unit.Conditions.When.Eval(ctx, unit.AsPlanned, nil)
		yes, isBool := now.(bool)
		switch {
		case err == nil && !isBool:
			s.Err = &abi.Error{Class: op.Permanent, Message: "when must give True or False, got " + unit.TypeName(now)}
		case err == nil:
			s.Skip = !yes
		default:
			if s.Certainty == plan.Sure {
				s.Certainty = plan.Conditional
			}
			if !errors.Is(err, unit.ErrPending) {
				warnings = append(warnings, &diag.Error{
					Summary: "when cannot be asked yet: " + err.Error(), Pos: s.Unit.Conditions.When.Pos(), Host: s.Unit.ID.Host, Unit: s.Unit.ID.Local(), Cause: err,
				})
			}
		}
	}
	return warnings
}

// watch settles what on_change says as things stand: where none of the units
// changes, this one does not act; where that is not sure, neither is this.
func watch(s *plan.Step, known map[unit.ID]*plan.Step) {
	if len(s.Unit.Conditions.OnChange) == 0 {
		return
	}
	s.Skip = true
	certainty := plan.Unknown
	for _, id := range s.Unit.Conditions.OnChange {
		w := known[id]
		if w != nil && w.Done && w.Unit.Known.Status == unit.Changed {
			s.Skip = false
			return
		}
		if w == nil || !w.Acts() || w.Change.Action == abi.Probe {
			continue
		}
		s.Skip = false
		if w.Certainty == plan.Sure || certainty == plan.Unknown {
			certainty = w.Certainty
		}
	}
	if !s.Skip && s.Certainty == plan.Sure {
		s.Certainty = certainty
	}
}

// Inputs marks the units that read the result of one that is going to change.
func Inputs(steps []*plan.Step) {
	changing := map[unit.ID]bool{}
	for _, s := range steps {
		s.InputsChanging = slices.ContainsFunc(s.Unit.Require, func(id unit.ID) bool { return changing[id] })
		if s.Pending() {
			changing[s.Unit.ID] = true
		}
	}
}
