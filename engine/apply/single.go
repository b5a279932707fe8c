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
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// single gives one step its turn on its own: conditions and late values are
// asked now, the host is read, planned and changed. What fails for a reason
// that may pass is tried again, as often as the unit's retry says.
func (r *hostRun) single(ctx context.Context, s *plan.Step) {
	leave := r.admit(ctx, s)
	if leave == nil {
		return
	}
	defer leave()
	started := time.Now()
	r.emit(s, event.Event{Kind: event.UnitStarted})
	announced, certain := s.Change, s.Err == nil && s.Unit.When == nil && len(s.Unit.OnChange)+len(s.Unit.Later) == 0
	for attempt := 1; ; attempt++ {
		err := r.turn(ctx, s, announced, certain, started)
		if err == nil {
			return
		}
		if !r.again(ctx, s, attempt, err) {
			r.fail(s, started, err)
			return
		}
	}
}

// turn is one attempt at a step.
func (r *hostRun) turn(ctx context.Context, s *plan.Step, announced *abi.Change, certain bool, started time.Time) error {
	goOn, why, err := r.due(ctx, s)
	switch {
	case err != nil:
		return err
	case !goOn:
		r.skip(s, why)
		return nil
	}
	if err := r.replan(ctx, s); err != nil {
		return err
	}
	if s.Unsure() && s.Unit.OnResume != unit.Rerun {
		return r.doubt(s)
	}
	if r.Lease != nil && !r.has(s) && changesHost(s) {
		if ok, err := r.take(ctx, s); !ok {
			return err
		}
		if err := r.replan(ctx, s); err != nil { // what was read before the host was taken binds nobody
			return err
		}
	}
	if err := r.within(s, announced, certain); err != nil {
		return err
	}
	if s.Change.Action == abi.None && !r.wanted[s.Unit.ID] {
		r.unchanged(s)
		return nil
	}
	if s.Change.Missing != "" && s.Change.Action != abi.None {
		return plan.Missing(s.Change.Missing)
	}
	if r.Confirm != nil && s.Acts() {
		if !r.confirmed(ctx, s) {
			return nil
		}
		started = time.Now() // waiting for the answer was not its work
	}
	return r.act(ctx, s, s.Request(abi.Apply), started)
}

// again waits before another attempt at a step that failed, or reports that
// there shall be none.
func (r *hostRun) again(ctx context.Context, s *plan.Step, attempt int, err error) bool {
	retry := s.Unit.Retry
	e, known := errors.AsType[*abi.Error](err)
	if retry == nil || attempt >= retry.Attempts || !known || e.Class != op.Transient && e.Class != op.Throttled {
		return false
	}
	wait := retry.Wait(attempt)
	text := fmt.Sprintf("attempt %d of %d: %s; again in %s", attempt, retry.Attempts, e.Message, wait)
	if s.Unit.Sensitive {
		text = fmt.Sprintf("attempt %d of %d failed; again in %s", attempt, retry.Attempts, wait)
	}
	r.emit(s, event.Event{Kind: event.UnitNoted, Text: text})
	defer r.pause()()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Stop:
		return false
	case <-ctx.Done():
		return false
	}
}

// due asks the unit's conditions and fills in the values known only now. Where
// it is not due, it says why.
func (r *hostRun) due(ctx context.Context, s *plan.Step) (goOn bool, why string, err error) {
	u := s.Unit
	if len(u.OnChange) > 0 && !slices.ContainsFunc(u.OnChange, r.changed) {
		return false, "nothing it watches changed", nil
	}
	if u.When != nil {
		now, err := u.When.Eval(ctx, nil)
		if err != nil {
			return false, "", err
		}
		yes, ok := now.(bool)
		if !ok {
			return false, "", diag.Errorf(u.When.Pos(), "when must give True or False, got %s", plan.TypeName(now)).WithCode(diag.Failed)
		}
		if !yes {
			return false, "when is false", nil
		}
	}
	if len(u.Later) == 0 {
		return true, "", nil
	}
	values := make(map[string]any, len(u.Later))
	for field, l := range u.Later {
		v, err := l.Eval(ctx, nil)
		if err != nil {
			return false, "", err
		}
		values[field] = v
	}
	if err := r.Complete(u, values); err != nil {
		return false, "", err
	}
	r.Contents.AddUnit(u)
	return true, "", nil
}

// changed reports whether a unit of the host changed something in this run.
func (r *hostRun) changed(id unit.ID) bool {
	u := r.watched[id]
	if u == nil {
		return false
	}
	out := u.Outcome()
	return out != nil && out.Status == unit.Changed
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
	if replies, err = plan.Changes(ctx, provider, []*plan.Step{s}); err != nil {
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
		todo[i] = step(s, o)
	}
	results, err := s.Target(r.host).Do(ctx, todo)
	if err != nil {
		return nil, err
	}
	for i, res := range results {
		r.Contents.AddResult(res)
		s.Reads = append(s.Reads, abi.Entry{Op: ops[i], Result: res})
	}
	return results, nil
}
