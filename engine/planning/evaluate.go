package planning

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
)

// Evaluation is what the runbook wants of one host.
type Evaluation struct {
	Plays    map[int]*unit.Play // by index of the play
	Inputs   []byte             // canonical JSON
	Facts    facts.Set          // what it had to learn, or nil
	Warnings []*diag.Error
	// Looks are the questions that the runbook put to the host itself.
	Looks []plan.Look
}

// evaluate evaluates the runbook for a host and makes the steps of its plays.
func (p *Planner) evaluate(ctx context.Context, h *plan.Host) error {
	eval, err := p.Evaluate(ctx, h.Host, h.Target)
	if err != nil {
		return unevaluated(h.Host.Name, err)
	}
	h.Inputs, h.Facts, h.Warnings, h.Looks = eval.Inputs, eval.Facts, eval.Warnings, eval.Looks
	for index, play := range eval.Plays {
		h.Plays[index] = newPlay(play)
	}
	return nil
}

// newPlay makes the steps of a play.
func newPlay(p *unit.Play) *plan.Play {
	play := &plan.Play{Steps: newSteps(p.Units), Flush: p.Flush, Barriers: p.Barriers, Graph: p.Graph, Verify: newSteps(p.Verify)}
	for _, h := range p.Handlers {
		play.Handlers = append(play.Handlers, newHandler(h))
	}
	play.Before, play.After = newHandler(p.Before), newHandler(p.After)
	return play
}

func newHandler(h *unit.Handler) *plan.Handler {
	if h == nil {
		return nil
	}
	handler := &plan.Handler{Name: h.Name, Pos: h.Pos, Steps: newSteps(h.Units), Rescue: h.Rescue}
	for _, s := range handler.Steps {
		s.Rescue = h.Rescue
	}
	return handler
}

func newSteps(units []*unit.Unit) []*plan.Step {
	steps := make([]*plan.Step, len(units))
	for i, u := range units {
		steps[i] = &plan.Step{Unit: u}
	}
	return steps
}

// unevaluated is why the runbook could not be evaluated for a host. Where the
// host is to blame, each error keeps the place in the runbook that needed it.
func unevaluated(host string, err error) error {
	var all []error
	for e := range diag.All(err) {
		told, ok := errors.AsType[*diag.Error](e)
		if !ok {
			told = &diag.Error{}
		}
		d := &diag.Error{Pos: told.Pos, Stack: told.Stack, Host: host, Code: diag.Failed, Cause: e}
		if lost, ok := errors.AsType[*target.Error](e); ok {
			d.Summary, d.Detail, d.Hint = lost.Message, lost.Detail, lost.Hint
			if lost.Host == host { // the runbook is not to blame, wherever it first asked
				d.Pos, d.Stack = diag.Pos{}, nil
			}
			if lost.Unreachable() {
				d.Code = diag.Unreachable
			}
			e = d
		} else if bad, ok := errors.AsType[*facts.BadError](e); ok {
			d.Summary, d.Hint = "facts: "+bad.Error(), bad.Hint()
			e = d
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}
