package depend

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Rivals refuses steps of which each would undo what the other does, at every run: two that decide the same of a host, and one that
// manages a part of a file of which the other decides about the whole. Those of which it depends whether they are executed at all,
// such as rescues, handlers and units with a condition, are left to who has written them.
func Rivals(h *plan.Host) {
	decide, edit, whole := map[string]*plan.Step{}, map[string]*plan.Step{}, map[string]*plan.Step{}
	for _, s := range h.Steps() {
		if _, fixed := s.Unit.Conditions.When.(unit.Const); s.Change == nil || s.Err != nil || s.Done || s.Skip || s.Rescue || !fixed && s.Unit.Conditions.When != nil || s.Unit.ID.Scope != (unit.Scope{}) {
			continue
		}
		where := on(s) + "\x00"
		first := func(of map[string]*plan.Step, name string) *plan.Step {
			if of[where+name] == nil {
				of[where+name] = s
			}
			return of[where+name]
		}
		for _, name := range s.Change.Decides {
			if other := first(decide, name); other != s && s.Err == nil {
				s.Err = sameDecision(s, other, name)
			}
		}
		for _, c := range s.Unit.Order.Claims {
			if c.Whole {
				first(whole, c.Name)
				s.Err = foreignPart(s, edit[where+c.Name], c.Name, s.Err)
			}
		}
		for _, path := range s.Change.Edits {
			first(edit, path)
			s.Err = foreignPart(s, whole[where+path], path, s.Err)
		}
		if s.Err != nil {
			s.Change = nil
		}
	}
}

// sameDecision is that of a step that decides what another one does.
func sameDecision(s, other *plan.Step, name string) *abi.Error {
	return &abi.Error{
		Class:   op.Conflict,
		Message: name + " is set by " + other.Unit.ID.Local() + " at " + other.Unit.Pos.String() + ", too: each run, both would change it",
		Hint:    "set it in one of the two: leave it out of " + s.Unit.ID.Local() + " or " + other.Unit.ID.Local(),
	}
}

// foreignPart is that of a step and another one, nil for none, of which one decides about the whole of a file and the other edits it.
func foreignPart(s, other *plan.Step, path string, before *abi.Error) *abi.Error {
	if before != nil || other == nil || other == s {
		return before
	}
	whole, edits := other, s
	if slices.ContainsFunc(s.Unit.Order.Claims, func(c unit.Claim) bool { return c.Whole && c.Name == path }) {
		whole, edits = s, other
	}
	return &abi.Error{
		Class: op.Conflict,
		Message: whole.Unit.ID.Local() + " decides about the whole of " + path + ", and " + edits.Unit.ID.Local() + " has its lines there: each run, both would change it; the other is at " +
			other.Unit.Pos.String(),
		Hint: "leave out " + edits.Unit.ID.Local() + ", and write its lines in " + whole.Unit.ID.Local(),
	}
}

// Notes are what units have found that their change does not show.
func Notes(h *plan.Host) []*diag.Error {
	var all []*diag.Error
	for _, s := range h.Steps() {
		if s.Change == nil || s.Skip || s.Dormant {
			continue
		}
		for _, text := range s.Change.Notes {
			all = append(all, &diag.Error{Summary: strings.TrimSuffix(text, "."), Pos: s.Unit.Pos, Stack: s.Unit.Stack, Host: h.Host.Name, Unit: s.Unit.ID.Local()})
		}
	}
	return all
}
