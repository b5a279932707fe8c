package plan

import (
	"context"
	"errors"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// predict asks conditions that can be answered already; one that reads the
// result of a unit cannot, which leaves its change conditional. It warns of
// those that fail for another reason: they may come right by their turn.
func (p *Planner) predict(ctx context.Context, steps []*Step) []*diag.Error {
	var warnings []*diag.Error
	byID := make(map[unit.ID]*Step, len(steps))
	for _, s := range steps {
		byID[s.Unit.ID] = s
		if s.Err == nil {
			s.watch(byID)
		}
		if s.Unit.When == nil || s.Err != nil || s.Skip || s.Done {
			continue
		}
		now, err := s.Unit.When.Eval(ctx, nil)
		yes, isBool := now.(bool)
		switch {
		case err == nil && !isBool:
			s.Err = &abi.Error{Class: op.Permanent, Message: "when must give True or False, got " + TypeName(now)}
		case err == nil:
			s.Skip = !yes
		default:
			if s.Certainty == Sure {
				s.Certainty = Conditional
			}
			if !errors.Is(err, unit.ErrPending) {
				warnings = append(warnings, &diag.Error{
					Summary: "when cannot be asked yet: " + err.Error(), Pos: s.Unit.When.Pos(), Host: s.Unit.ID.Host, Unit: s.Unit.ID.Local(), Cause: err,
				})
			}
		}
	}
	return warnings
}

// watch settles what on_change says as things stand: where none of the units
// changes, this one does not act; where that is not sure, neither is this.
func (s *Step) watch(known map[unit.ID]*Step) {
	if len(s.Unit.OnChange) == 0 {
		return
	}
	s.Skip = true
	certainty := Unknown
	for _, id := range s.Unit.OnChange {
		w := known[id]
		if w != nil && w.Done && w.Unit.Outcome().Status == unit.Changed {
			s.Skip = false
			return
		}
		if w == nil || !w.Acts() || w.Change.Action == abi.Probe {
			continue
		}
		s.Skip = false
		if w.Certainty == Sure || certainty == Unknown {
			certainty = w.Certainty
		}
	}
	if !s.Skip && s.Certainty == Sure {
		s.Certainty = certainty
	}
}

// ground refuses steps that stand upon something which is not there and which
// nothing before them can bring, since nothing changes the host.
func ground(steps []*Step) {
	changes := map[string]bool{} // by the host that steps act on
	for _, s := range steps {
		where := s.Unit.ID.Delegate
		if s.Err == nil && s.Acts() && s.Change.Missing != "" && !changes[where] {
			s.Err = missing(s.Change.Missing, "no unit before this one brings it")
		}
		changes[where] = changes[where] || s.Pending() || s.Acts() && s.Change.Action == abi.Probe
	}
}

// Missing is the error of a step whose ground is still not there at its turn.
func Missing(what string) *abi.Error {
	return missing(what, "the units before this one did not bring it")
}

func missing(what, why string) *abi.Error {
	return &abi.Error{
		Class: op.Conflict, Message: "there is no " + what + " on the host, and " + why,
		Hint: "declare what brings it before, such as the package; is the name right?",
	}
}

// stir marks the units that read the result of one that is going to change.
func stir(steps []*Step) {
	moving := map[unit.ID]bool{}
	for _, s := range steps {
		s.Stirred = slices.ContainsFunc(s.Unit.Require, func(id unit.ID) bool { return moving[id] })
		if s.Pending() {
			moving[s.Unit.ID] = true
		}
	}
}

// staleReads warns of reads that come after a unit which is going to change the host.
func staleReads(host string, steps []*Step, looks []Look) []*diag.Error {
	var warnings []*diag.Error
	for _, look := range looks {
		for _, s := range own(steps) {
			if s.Unit.Index < look.After && s.Pending() {
				warnings = append(warnings, (&diag.Error{
					Summary: "this was read before " + s.Unit.ID.Local() + " changes the host",
					Pos:     look.Pos, Host: host,
				}).WithHint("to read at the unit's turn, use when = lambda: host.stat(...) or later(lambda: ...)"))
				break
			}
		}
	}
	return warnings
}
