package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// act lets the provider end a step's turn, performing what it still needs
// within what it announced, and reports the outcome.
func (r *hostRun) act(ctx context.Context, s *plan.Step, req abi.Request, started time.Time) error {
	provider, err := r.Provider(ctx, s.Unit.ID.Type)
	if err != nil {
		return err
	}
	env := newEnvelope(s.Change.Effects)
	for _, e := range req.Log {
		if err := env.spend(e.Op); err != nil {
			return err
		}
	}
	if err := r.presume(ctx, []*plan.Step{s}); err != nil {
		return err
	}
	replies, err := provider.Run(ctx, []abi.Request{req}, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
		results, err := r.perform(ctx, s, env, ops[0])
		return [][]op.Result{results}, err
	})
	switch {
	case err != nil:
		return err
	case replies[0].Error != nil:
		if !onlyProbes(s.Change) { // some of it may have happened
			r.dirty, r.touched = true, true
		}
		return replies[0].Error
	case replies[0].Outcome == nil:
		return errors.New("the provider gave no outcome")
	}
	return r.settle(ctx, s, replies[0].Outcome, started)
}

// onlyProbes reports whether a change does nothing on the host, as opposed to a
// program that is only said to change nothing.
func onlyProbes(c *abi.Change) bool {
	return !slices.ContainsFunc(c.Effects, func(e abi.Effect) bool { return !e.Op.Probes() })
}

// perform carries out ops that a provider asks for at apply, in their order.
func (r *hostRun) perform(ctx context.Context, s *plan.Step, env *envelope, ops []op.Op) ([]op.Result, error) {
	todo := make([]dial.Step, len(ops))
	for i, o := range ops {
		if o.Changes() || o.Exec != nil || o.Probes() { // a guest's word that a program only reads is for plan
			if err := env.spend(o); err != nil {
				return nil, err
			}
		}
		if err := plan.Attach(s.Unit, o); err != nil {
			return nil, err
		}
		todo[i] = step(s, o)
		if o.Changes() || o.Exec != nil {
			todo[i] = r.effect(s, o, env.spent-1)
		}
	}
	outcomes, err := s.Target(r.host).Run(ctx, todo)
	if err != nil {
		return nil, err
	}
	results := make([]op.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = o.Result
		if !o.Ran && o.Result.Error == nil {
			results[i].Error = &op.Error{Class: op.Permanent, Code: "notrun", Message: "not run, because the op before it failed"}
		}
		r.Contents.AddResult(results[i])
	}
	return results, nil
}

// settle ends a unit's turn with what the provider says came of it. Where the
// unit's retry has a condition that does not hold, the turn failed.
func (r *hostRun) settle(ctx context.Context, s *plan.Step, o *abi.Outcome, started time.Time) error {
	outputs := map[string]any{}
	if len(o.Outputs) > 0 {
		if err := codec.Unmarshal(o.Outputs, &outputs); err != nil {
			return fmt.Errorf("the provider's outputs: %w", err)
		}
	}
	changed := o.Changed && s.Change.Action != abi.Probe && s.Change.Action != abi.None
	if changed && s.On == nil {
		r.dirty, r.touched = true, true
	}
	if err := r.until(ctx, s.Unit, outputs); err != nil {
		return err
	}
	if changed && s.Unit.ChangedWhen != nil {
		var err error
		if changed, err = ask(ctx, "changed_when", s.Unit.ChangedWhen, outputs); err != nil {
			return err
		}
	}
	status := unit.Unchanged
	if changed {
		status = unit.Changed
	}
	outputs["changed"] = changed
	reason := o.Reason
	if reason == "" {
		reason = s.Change.Reason
	}
	e := event.Event{Kind: event.UnitFinished, Status: status, Reason: reason, Elapsed: time.Since(started)}
	done := func() {
		r.count.OK++
		s.Unit.Finish(unit.Outcome{Status: status, Action: s.Change.Action, Outputs: outputs})
		r.emit(s, e)
	}
	if !changed {
		if err := r.over(s, status, outputs); err != nil {
			return &unrecordedError{fmt.Errorf("it ran but that could not be recorded: %w", err)}
		}
		return r.book(s, nil, done)
	}
	kept := r.changeOf(s, status)
	kept.Notify = r.calls(s)
	var err error
	if kept.Outputs, err = r.outputs(s.Unit, outputs); err != nil {
		return err
	}
	for _, name := range kept.Notify {
		r.owed[name] = true
	}
	return r.book(s, &kept, done)
}

// until asks whether a unit that did not fail has come to what its retry waits for.
func (r *hostRun) until(ctx context.Context, u *unit.Unit, outputs map[string]any) error {
	if u.Retry == nil || u.Retry.Until == nil {
		return nil
	}
	done, err := ask(ctx, "until", u.Retry.Until, outputs)
	if err != nil || done {
		return err
	}
	return &abi.Error{Class: op.Transient, Message: "until is not true yet", Hint: "what until asks is at " + u.Retry.Until.Pos().String()}
}

// ask asks the runbook a question about a result.
func ask(ctx context.Context, what string, l unit.Lambda, outputs map[string]any) (bool, error) {
	v, err := l.Eval(ctx, outputs)
	if err != nil {
		return false, err
	}
	yes, ok := v.(bool)
	if !ok {
		return false, diag.Errorf(l.Pos(), "%s must give True or False, got %s", what, plan.TypeName(v)).WithCode(diag.Failed)
	}
	return yes, nil
}
