package planning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// simulate has a host simulate the changes of packages that are planned for it, in
// one round trip and only where there are any: what would be refused is so in
// the plan, and what would come along stands there. Behind another change of the
// host a refusal is but a warning, since that may be what helps.
func simulate(ctx context.Context, h *plan.Host, steps []*plan.Step) error {
	groups := transactions(own(steps))
	if len(groups) == 0 {
		return nil
	}
	todo := make([]target.Step, len(groups))
	for i, g := range groups {
		todo[i] = target.Step{Op: g.op, User: g.steps[0].Unit.User, Unit: g.steps[0].Unit.ID.Sent()}
	}
	results, err := h.Target.Do(ctx, todo)
	if err != nil {
		return err
	}
	for i, g := range groups {
		if failed := results[i].Error; failed != nil {
			h.Warnings = append(h.Warnings, g.warning(g.steps[0], "what comes along with its packages is not known: "+firstLine(failed.Message)))
			continue
		}
		if results[i].PkgEnsure == nil {
			return errors.New("the host did not simulate the change of packages that it was asked to")
		}
		h.Warnings = append(h.Warnings, g.settle(results[i].PkgEnsure)...)
	}
	return nil
}

// simulation is steps that are one transaction of packages.
type simulation struct {
	steps []*plan.Step
	op    op.Op
	// behind says that something changes the host before.
	behind bool
}

// transactions finds the steps that are going to change packages, those side by
// side as one.
func transactions(steps []*plan.Step) []*simulation {
	var all []*simulation
	var last *simulation
	changes := false
	for _, s := range steps {
		if !s.Acts() {
			continue
		}
		simulated, ok := simulatedOp(s)
		if !ok {
			changes, last = true, nil
			continue
		}
		if last != nil && last.steps[0].Unit.User == s.Unit.User {
			if joined, ok := op.Join([]op.Op{last.op, simulated}); ok {
				last.steps, last.op = append(last.steps, s), joined
				continue
			}
		}
		last = &simulation{steps: []*plan.Step{s}, op: simulated, behind: changes}
		all = append(all, last)
		changes = true
	}
	return all
}

// simulatedOp is the op that simulates the step, where it does nothing but change
// packages and all about that is known.
func simulatedOp(s *plan.Step) (op.Op, bool) {
	if s.Err != nil || s.Certainty != plan.Sure || len(s.Change.Needs) > 0 || len(s.Change.Effects) != 1 {
		return op.Op{}, false
	}
	e := s.Change.Effects[0]
	if e.Op.PkgEnsure == nil || len(e.Op.PkgEnsure.Packages) == 0 || len(e.Unknown) > 0 { // lists that are fetched change no package
		return op.Op{}, false
	}
	simulated := *e.Op.PkgEnsure
	simulated.Simulate = true
	return op.Op{PkgEnsure: &simulated}, true
}

// settle takes the host's answer.
func (g *simulation) settle(told *op.PkgDone) (warnings []*diag.Error) {
	at := 0
	for _, s := range g.steps {
		for range s.Change.Effects[0].Op.PkgEnsure.Packages {
			failed := told.Packages[at].Error
			at++
			switch {
			case failed == nil || failed.Code == op.CodeTransaction:
			case g.behind:
				warnings = append(warnings, g.warning(s, "as things stand this is refused: "+firstLine(failed.Message)))
			case s.Err == nil:
				message, detail, _ := strings.Cut(failed.Message, "\n")
				s.Err = &abi.Error{Class: failed.Class, Message: message, Detail: detail}
			}
		}
	}
	if len(told.Also) > 0 {
		c := g.steps[0].Change
		c.Reason = strings.TrimPrefix(c.Reason+"; along with "+namesOf(told.Also), "; ")
	}
	return warnings
}

func (g *simulation) warning(s *plan.Step, text string) *diag.Error {
	return &diag.Error{Summary: text, Pos: s.Unit.Pos, Stack: s.Unit.Stack, Host: s.Unit.ID.Host, Unit: s.Unit.ID.Local()}
}

// namesOf names packages, of many the first.
func namesOf(packages []op.PkgChange) string {
	const most = 10
	names := make([]string, 0, most)
	for _, p := range packages[:min(len(packages), most)] {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	text := strings.Join(names, ", ")
	if more := len(packages) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return text
}
