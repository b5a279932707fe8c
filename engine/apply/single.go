package apply

import (
	"context"
	"fmt"
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

// single gives one step its turn on its own: conditions and late values are
// asked now, the host is read, planned and changed.
func (r *hostRun) single(ctx context.Context, play string, s *plan.Step) {
	started := time.Now()
	r.emit(play, s, event.Event{Kind: event.UnitStarted})
	announced, certain := s.Change, s.Err == nil && s.Unit.When == nil && len(s.Unit.Later) == 0
	goOn, err := r.due(ctx, s)
	switch {
	case err != nil:
		r.fail(play, s, started, err)
		return
	case !goOn:
		r.skip(play, s, "when is false")
		return
	}
	if err := r.replan(ctx, s); err != nil {
		r.fail(play, s, started, err)
		return
	}
	if err := r.within(s, announced, certain); err != nil {
		r.fail(play, s, started, err)
		return
	}
	if s.Change.Action == abi.None && !r.wanted[s.Unit.ID] {
		r.unchanged(play, s)
		return
	}
	if r.Confirm != nil && s.Acts() {
		if !r.confirmed(ctx, play, s) {
			return
		}
		started = time.Now() // waiting for the answer was not its work
	}
	r.finish(ctx, play, s, s.Request(abi.Apply), started)
}

// due asks the unit's condition and fills in the values known only now.
func (r *hostRun) due(ctx context.Context, s *plan.Step) (bool, error) {
	u := s.Unit
	if u.When != nil {
		now, err := u.When.Eval(ctx, nil)
		if err != nil {
			return false, err
		}
		yes, ok := now.(bool)
		if !ok {
			return false, diag.Errorf(u.When.Pos(), "when must give True or False, got %s", plan.TypeName(now)).WithCode(diag.Failed)
		}
		if !yes {
			return false, nil
		}
	}
	if len(u.Later) == 0 {
		return true, nil
	}
	values := make(map[string]any, len(u.Later))
	for field, l := range u.Later {
		v, err := l.Eval(ctx, nil)
		if err != nil {
			return false, err
		}
		values[field] = v
	}
	if err := r.Complete(u, values); err != nil {
		return false, err
	}
	r.Contents.AddUnit(u)
	return true, nil
}

// replan reads the unit as the host is now and asks for the change again.
func (r *hostRun) replan(ctx context.Context, s *plan.Step) error {
	provider, err := r.Provider(ctx, s.Unit.ID.Type)
	if err != nil {
		return err
	}
	s.Reads, s.Err = nil, nil
	replies, err := provider.Run(ctx, []abi.Request{s.Request(abi.Read)}, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
		results, err := r.readNow(ctx, s, ops[0])
		return [][]op.Result{results}, err
	})
	if err != nil {
		return err
	}
	if replies[0].Error != nil {
		return replies[0].Error
	}
	s.Actual = replies[0].Actual
	if replies, err = provider.Call(ctx, []abi.Request{s.Request(abi.Plan)}); err != nil {
		return err
	}
	reply := replies[0]
	if reply.Error != nil {
		return reply.Error
	}
	if reply.Change == nil {
		return fmt.Errorf("the provider of %s planned no change and gave no reason", s.Unit.ID.Type)
	}
	s.Change, s.Skip, s.Certainty = reply.Change, false, plan.Sure
	return nil
}

func (r *hostRun) readNow(ctx context.Context, s *plan.Step, ops []op.Op) ([]op.Result, error) {
	todo := make([]dial.Step, len(ops))
	for i, o := range ops {
		todo[i] = dial.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Local()}
	}
	results, err := r.host.Target.Do(ctx, todo)
	if err != nil {
		return nil, err
	}
	for i, res := range results {
		r.Contents.AddResult(res)
		s.Reads = append(s.Reads, abi.Entry{Op: ops[i], Result: res})
	}
	return results, nil
}

// unchanged ends the turn of a unit that found everything as it should be.
func (r *hostRun) unchanged(play string, s *plan.Step) {
	r.count.OK++
	s.Unit.Finish(unit.Outcome{Status: unit.Unchanged, Action: abi.None, Outputs: map[string]any{"changed": false}})
	e := event.Event{Kind: event.UnitFinished, Status: unit.Unchanged, Action: abi.None}
	if s.Change != nil {
		e.Reason = s.Change.Reason
	}
	r.emit(play, s, e)
}

// settle ends a unit's turn with what the provider says came of it.
func (r *hostRun) settle(ctx context.Context, play string, s *plan.Step, o *abi.Outcome, started time.Time) {
	outputs := map[string]any{}
	if len(o.Outputs) > 0 {
		if err := codec.Unmarshal(o.Outputs, &outputs); err != nil {
			r.fail(play, s, started, fmt.Errorf("the provider's outputs: %w", err))
			return
		}
	}
	changed := o.Changed && s.Change.Action != abi.Probe && s.Change.Action != abi.None
	if changed && s.Unit.ChangedWhen != nil {
		var err error
		if changed, err = r.changedWhen(ctx, s.Unit, outputs); err != nil {
			r.fail(play, s, started, err)
			return
		}
	}
	status := unit.Unchanged
	if changed {
		status = unit.Changed
		r.dirty = true
		r.count.Changed++
	}
	outputs["changed"] = changed
	if changed {
		if err := r.Record(ctx, r.changeOf(play, s, status)); err != nil {
			r.fail(play, s, started, fmt.Errorf("the change was made but could not be recorded: %w", err))
			return
		}
	}
	r.count.OK++
	s.Unit.Finish(unit.Outcome{Status: status, Action: s.Change.Action, Outputs: outputs})
	r.emit(play, s, event.Event{Kind: event.UnitFinished, Status: status, Reason: s.Change.Reason, Elapsed: time.Since(started)})
}

// changeOf is a step's turn as it is kept.
func (r *hostRun) changeOf(play string, s *plan.Step, status unit.Status) Change {
	return Change{
		Host: r.host.Host.Name, MachineID: r.host.MachineID(), Play: play, Unit: s.Unit,
		Status: status, Change: s.Change, Contents: r.Contents,
	}
}

// changedWhen asks the runbook whether a result counts as a change.
func (r *hostRun) changedWhen(ctx context.Context, u *unit.Unit, outputs map[string]any) (bool, error) {
	v, err := u.ChangedWhen.Eval(ctx, outputs)
	if err != nil {
		return false, err
	}
	changed, ok := v.(bool)
	if !ok {
		return false, diag.Errorf(u.ChangedWhen.Pos(), "changed_when must give True or False, got %s", plan.TypeName(v)).WithCode(diag.Failed)
	}
	return changed, nil
}
