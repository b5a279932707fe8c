package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/apply/explain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// within refuses what a provider would do when the step is executed beyond what
// was announced for it: its planned effects, or, where there was nothing to do or
// to be known, its potential ones. A unit may need more or less of that, as the
// host is by now, but nothing else. Of a saved plan exactly what was reviewed is
// done until the plan's own changes have made the host another one.
func (a *attempt) within() error {
	s, h := a.step, a.lane.host
	if h.exec.Exact && a.certain && !h.touched && !sequence.SameChange(a.announced, s.Change) {
		return (&diag.Error{Summary: "the host is no longer as the plan found it", Pos: s.Unit.Pos, Code: diag.Stale}).
			WithHint("this unit and those after it were not touched; make a new plan and review it")
	}
	return sequence.Within(s.Change, sequence.Edited(a.announced, a.found, s.Reads), s.Potential)
}

// confirm asks whether the step may act; where not, it has ended.
func (a *attempt) confirm(ctx context.Context) bool {
	l := a.lane
	yes, err := l.host.exec.Confirmer.Confirm(ctx, l.host.plan, a.step)
	switch {
	case err != nil:
		l.err = err
		l.leave(a.step, NotReached)
	case !yes:
		l.host.declined = true
		l.skip(a.step, "declined")
	}
	return err == nil && yes
}

// Unconfirmed is why a unit was skipped of which it is not known whether it did its work.
const Unconfirmed = "it was interrupted, and it is not known whether it did its work; on_resume is skip"

// skipUnconfirmed ends a step that was interrupted and is not to run again
// unasked: it is passed over where its unit wants that, and else it fails.
func (a *attempt) skipUnconfirmed() error {
	if a.step.Unit.Failure.OnResume != unit.PassOver {
		return &explain.UnconfirmedError{Why: resume.OutcomeUnknown(a.step)}
	}
	if err := a.lane.host.log.RecordSkipped(a.step); err != nil {
		return err
	}
	a.lane.skip(a.step, Unconfirmed)
	return nil
}

// act lets the provider end the step, performing what it still needs within what
// it announced, and reports the outcome.
func (a *attempt) act(ctx context.Context, req abi.Request) error {
	s, h := a.step, a.lane.host
	provider, err := a.provider(ctx)
	if err != nil {
		return err
	}
	env := sequence.NewEnvelope(s.Change.Effects)
	for _, e := range req.Log {
		if err := env.Spend(e.Op); err != nil {
			return err
		}
		a.output = output.Sum(a.output, e.Op, e.Result, s.Unit.Sensitive)
	}
	if err := h.log.RecordIntent(ctx, []*plan.Step{s}); err != nil {
		return err
	}
	reply, err := a.ask(ctx, provider, req, func(ctx context.Context, ops []op.Op) ([]op.Result, error) {
		return a.perform(ctx, env, ops)
	})
	switch {
	case err != nil:
		return err
	case reply.Error != nil:
		if !sequence.OnlyProbes(s.Change) { // some of it may have happened
			a.lane.dirty, h.touched = true, true
		}
		return reply.Error
	case reply.Outcome == nil:
		return errors.New("the provider gave no outcome")
	}
	return a.settle(ctx, reply.Outcome)
}

// perform carries out ops that a provider asks for at apply, in their order.
func (a *attempt) perform(ctx context.Context, env *sequence.Envelope, ops []op.Op) ([]op.Result, error) {
	s, h := a.step, a.lane.host
	steps := make([]target.Step, len(ops))
	for i, o := range ops {
		if o.MayChange() || o.Probes() { // a guest's word that a program only reads is for plan
			if err := env.Spend(o); err != nil {
				return nil, err
			}
		}
		o, err := plan.Attach(s.Unit, o)
		if err == nil {
			err = inspect.TakeOver(o)
		}
		if err != nil {
			return nil, err
		}
		steps[i] = sequence.Send(s, o)
		if w := a.lane.window; w != nil {
			if err := w.bound(&steps[i]); err != nil {
				return nil, err
			}
		}
		if o.MayChange() && a.lane.window == nil { // what the host may take back is nothing that its journal knows for sure
			steps[i].Key = h.key(s, env.Spent()-1)
		}
	}
	ctx, done := a.lane.window.limit(ctx)
	defer done()
	outcomes, err := a.sendProtected(ctx, ops, steps)
	if err != nil {
		return nil, err
	}
	results := make([]op.Result, len(outcomes))
	for i, o := range outcomes {
		results[i] = o.Result
		if !o.Ran && o.Result.Error == nil {
			results[i].Error = &op.Error{Class: op.Permanent, Code: "notrun", Message: "not run, because the op before it failed"}
		}
		h.exec.Contents.AddResult(results[i])
		a.output = output.Sum(a.output, ops[i], results[i], s.Unit.Sensitive)
	}
	return results, nil
}

// sendProtected performs the step's ops in their order, but none of them where one
// would remove what is protected: the host looks at that directly before.
func (a *attempt) sendProtected(ctx context.Context, ops []op.Op, steps []target.Step) ([]target.Outcome, error) {
	s := a.step
	q := a.lane.host.protections.Of(s.Protections).Question()
	q.Add(s.Unit, ops...)
	ask, any := q.Step(s.Unit)
	if !any {
		return a.lane.send(ctx, s, steps)
	}
	outcomes, err := a.lane.send(ctx, s, append([]target.Step{ask}, steps...))
	if err != nil {
		return nil, err
	}
	refused := map[*unit.Unit]*abi.Error{}
	if q.Refuse(refused, outcomes[0].Result); refused[s.Unit] != nil {
		return nil, refused[s.Unit]
	}
	return outcomes[1:], nil
}

// settle ends the step with what the provider says came of it. Where the unit's
// retry has a condition that does not hold, the attempt failed.
func (a *attempt) settle(ctx context.Context, o *abi.Outcome) error {
	s, l := a.step, a.lane
	outputs, err := outputsOf(o)
	if err != nil {
		return err
	}
	changed := o.Changed && s.Change.Action != abi.Probe && s.Change.Action != abi.None
	if changed && s.On == nil {
		l.dirty, l.host.touched = true, true
	}
	if err := a.until(ctx, outputs); err != nil {
		return err
	}
	if l.window.has(s) { // only when it is proven it counts
		l.window.held = append(l.window.held, held{a, func() error { return a.conclude(ctx, o, changed, outputs) }})
		return nil
	}
	return a.conclude(ctx, o, changed, outputs)
}

// conclude records and reports what came of the step.
func (a *attempt) conclude(ctx context.Context, o *abi.Outcome, changed bool, outputs map[string]any) (err error) {
	s, l := a.step, a.lane
	if changed && s.Unit.Conditions.ChangedWhen != nil {
		if changed, err = a.condition(ctx, "changed_when", s.Unit.Conditions.ChangedWhen, outputs); err != nil {
			return err
		}
	}
	outputs["changed"] = changed
	status := unit.Unchanged
	if changed {
		status = unit.Changed
	}
	reason := o.Reason
	if reason == "" {
		reason = s.Change.Reason
	}
	e := event.Event{Kind: event.UnitFinished, Status: status, Reason: reason, Elapsed: time.Since(a.started), Output: a.output}
	report := func() {
		l.host.count.OK++
		if changed {
			l.host.count.Changed++
		}
		l.host.outcomes.end(s.Unit, unit.Outcome{Status: status, Action: s.Change.Action, Outputs: outputs})
		l.host.emit(s, e)
	}
	if !changed {
		if err := l.host.log.RecordEnd(s, status, outputs, a.output); err != nil {
			return &runlog.UnrecordedError{Err: fmt.Errorf("it ran but that could not be recorded: %w", err)}
		}
		return l.record(s, nil, report)
	}
	change, err := l.host.log.Changed(s, outputs, a.output)
	if err != nil {
		return err
	}
	return l.record(s, change, report)
}

// outputsOf is what a provider says a unit offers to later ones.
func outputsOf(o *abi.Outcome) (map[string]any, error) {
	outputs := map[string]any{}
	if len(o.Outputs) > 0 {
		if err := codec.Unmarshal(o.Outputs, &outputs); err != nil {
			return nil, fmt.Errorf("the provider's outputs: %w", err)
		}
	}
	if len(o.Incomplete) > 0 { // it stays with them, where they are kept too
		incomplete := make(map[string]any, len(o.Incomplete))
		for name, i := range o.Incomplete {
			incomplete[name] = map[string]any{"why": i.Why, "hint": i.Hint}
		}
		outputs[unit.Incomplete] = incomplete
	}
	return outputs, nil
}

// until asks whether a unit that did not fail has come to what its retry waits for.
func (a *attempt) until(ctx context.Context, outputs map[string]any) error {
	u := a.step.Unit
	if u.Failure.Retry == nil || u.Failure.Retry.Until == nil {
		return nil
	}
	done, err := a.condition(ctx, "until", u.Failure.Retry.Until, outputs)
	if err != nil || done {
		return err
	}
	return &abi.Error{Class: op.Transient, Message: "until is not true yet", Hint: "what until asks is at " + u.Failure.Retry.Until.Pos().String()}
}

// condition asks the runbook a question about a result.
func (a *attempt) condition(ctx context.Context, what string, ask unit.Lambda, outputs map[string]any) (bool, error) {
	v, err := ask.Eval(ctx, a.lane.host.outcomes.of, outputs)
	if err != nil {
		return false, err
	}
	yes, ok := v.(bool)
	if !ok {
		return false, diag.Errorf(ask.Pos(), "%s must give True or False, got %s", what, unit.TypeName(v)).WithCode(diag.Failed)
	}
	return yes, nil
}
