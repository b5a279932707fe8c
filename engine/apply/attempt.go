package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/sequence"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// attempt is one step while it is executed.
type attempt struct {
	lane *lane
	// step is as it is known by now: of a step on its own a copy of the planned one.
	step    *plan.Step
	started time.Time
	// announced is the planned change, and certain that it was known for sure.
	announced *abi.Change
	certain   bool
	// found is what was read for it while planning.
	found []abi.Entry
	// output is what the programs of this try printed, nil where it ran none.
	output *output.Output
}

// newAttempt is a step that is to be executed on its own.
func newAttempt(l *lane, planned *plan.Step) *attempt {
	now := *planned // the plan stays as it is
	u := planned.Unit
	return &attempt{
		lane: l, step: &now, announced: planned.Change, found: planned.Reads,
		certain: planned.Err == nil && planned.Certainty != plan.Unknown && u.Conditions.When == nil && len(u.Conditions.OnChange)+len(u.Later) == 0 &&
			planned.Undecided == "",
	}
}

// single executes the step on its own: conditions and late values are asked now,
// the host is read, planned and changed. What fails for a reason that may pass
// is tried again, as often as the unit's retry says.
func (a *attempt) single(ctx context.Context) {
	release := a.admit(ctx)
	if release == nil {
		return
	}
	defer release()
	started := time.Now()
	a.lane.host.emit(a.step, event.Event{Kind: event.UnitStarted})
	for number := 1; ; number++ {
		a.started, a.output = started, nil
		err := a.run(ctx)
		if err == nil {
			return
		}
		if !a.again(ctx, number, err) {
			if a.lane.window.has(a.step) {
				a.lane.window.fault = &fault{attempt: a, started: started, err: a.lane.window.cut(err)}
				a.lane.window.prove(ctx)
				return
			}
			a.lane.fail(a.step, started, err, a.output)
			return
		}
	}
}

// run is one attempt at a step on its own.
func (a *attempt) run(ctx context.Context) error {
	l, s := a.lane, a.step
	goOn, why, err := a.due(ctx)
	switch {
	case err != nil:
		return err
	case !goOn:
		l.window.end(a, func() { l.skip(s, why) })
		return nil
	}
	if err := a.replan(ctx); err != nil {
		return err
	}
	if s.OutcomeUnknown() && s.Unit.Failure.OnResume != unit.Rerun {
		return a.skipUnconfirmed()
	}
	if a.needsLock() {
		if ok, err := a.lock(ctx); !ok {
			return err
		}
		if err := a.replan(ctx); err != nil { // what was read before the host was locked may have changed
			return err
		}
	}
	if err := a.within(); err != nil {
		return err
	}
	if s.Change.Action == abi.None && !l.host.log.Required(s.Unit.ID) {
		l.window.end(a, func() { l.unchanged(s) })
		return nil
	}
	if len(s.Change.Needs) > 0 && s.Change.Action != abi.None {
		return inspect.MissingPrerequisite(s.Change.Needs[0], "the units before this one did not bring it")
	}
	if s.CallsForHooks() && s.Change.Action != abi.None && s.Change.Action != abi.Probe {
		if waited, ok := l.host.hooks.before(ctx, l, s); !ok {
			l.leave(s, NotReached)
			return nil
		} else if waited { // the host may be another by now
			return a.run(ctx)
		}
	}
	if l.host.exec.Confirmer != nil && s.Acts() {
		if !a.confirm(ctx) {
			return nil
		}
		a.started = time.Now() // waiting for the answer was not its work
	}
	if err := a.apart(ctx); err != nil {
		return err
	}
	if err := a.guard(ctx); err != nil {
		return err
	}
	return a.act(ctx, s.Request(abi.Apply))
}

// again waits before another attempt at a step that failed, or reports that
// there shall be none.
func (a *attempt) again(ctx context.Context, number int, err error) (again bool) {
	u, h := a.step.Unit, a.lane.host
	e, known := errors.AsType[*abi.Error](err)
	if u.Failure.Retry == nil || number >= u.Failure.Retry.Attempts || !known || e.Class != op.Transient && e.Class != op.Throttled {
		return false
	}
	wait := u.Failure.Retry.Wait(number)
	if w := a.lane.window; w.has(a.step) && wait > w.armed.Left() { // by then its host has put back what was there
		return false
	}
	text := fmt.Sprintf("attempt %d of %d: %s; again in %s", number, u.Failure.Retry.Attempts, e.Message, wait)
	if u.Sensitive {
		text = fmt.Sprintf("attempt %d of %d failed; again in %s", number, u.Failure.Retry.Attempts, wait)
	}
	h.emit(a.step, event.Event{Kind: event.UnitNoted, Text: text})
	h.unlocked(func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			again = true
		case <-h.exec.Stop:
		case <-ctx.Done():
		}
	})
	return again
}

// due asks the unit's conditions and fills in the values known only now. Where
// it is not due, it says why.
func (a *attempt) due(ctx context.Context) (goOn bool, why string, err error) {
	u, h := a.step.Unit, a.lane.host
	if len(u.Conditions.OnChange) > 0 && !slices.ContainsFunc(u.Conditions.OnChange, h.changed) {
		return false, "nothing it watches changed", nil
	}
	if u.Conditions.When != nil {
		now, err := u.Conditions.When.Eval(ctx, h.outcomes.of, nil)
		if err != nil {
			return false, "", err
		}
		yes, ok := now.(bool)
		if !ok {
			return false, "", diag.Errorf(u.Conditions.When.Pos(), "when must give True or False, got %s", unit.TypeName(now)).WithCode(diag.Failed)
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
		v, err := l.Eval(ctx, h.outcomes.of, nil)
		if err != nil {
			return false, "", err
		}
		values[field] = v
	}
	if a.step.Unit, err = h.exec.Types.Complete(u, values); err != nil {
		a.step.Unit = u
		return false, "", err
	}
	h.exec.Contents.AddUnit(a.step.Unit)
	return true, "", nil
}

// replan reads the unit as the host is now and asks for the change again.
func (a *attempt) replan(ctx context.Context) error {
	s, h := a.step, a.lane.host
	provider, err := a.provider(ctx)
	if err != nil {
		return err
	}
	s.Reads, s.Err, s.Protections = nil, nil, h.protections.Of(s.Protections)
	reply, err := a.ask(ctx, provider, s.Request(abi.Read), a.read)
	if err != nil {
		return err
	}
	if reply.Error != nil {
		return reply.Error
	}
	s.Actual = reply.Actual
	var replies []abi.Reply
	h.unlocked(func() { replies, err = inspect.Changes(ctx, provider, []*plan.Step{s}) })
	if err != nil {
		return err
	}
	if reply = replies[0]; reply.Error != nil {
		return reply.Error
	}
	if reply.Change == nil {
		return fmt.Errorf("the provider of %s planned no change and gave no reason", s.Unit.ID.Type)
	}
	h.exec.Contents.AddChange(reply.Change)
	s.Change, s.Skip, s.Certainty = reply.Change, false, plan.Sure
	return nil
}

func (a *attempt) read(ctx context.Context, ops []op.Op) (results []op.Result, err error) {
	s, h := a.step, a.lane.host
	reads := make([]target.Step, len(ops))
	for i, o := range ops {
		if reads[i], err = sequence.Read(s, o); err != nil {
			return nil, err
		}
	}
	t := s.Target(h.plan)
	h.unlocked(func() { results, err = t.Do(ctx, reads) })
	if err != nil {
		return nil, err
	}
	for i, res := range results {
		h.exec.Contents.AddResult(res)
		s.Reads = append(s.Reads, abi.Entry{Op: ops[i], Result: res})
	}
	return results, nil
}

// provider gives the provider of the step's type.
func (a *attempt) provider(ctx context.Context) (p inspect.Provider, err error) {
	h := a.lane.host
	h.unlocked(func() { p, err = h.exec.Types.Provider(ctx, a.step.Unit.ID.Type) })
	return p, err
}

// ask asks a provider, while other steps of the host go on. What it needs
// performed is the step's own work again.
func (a *attempt) ask(ctx context.Context, p inspect.Provider, req abi.Request, perform func(context.Context, []op.Op) ([]op.Result, error)) (abi.Reply, error) {
	h := a.lane.host
	var replies []abi.Reply
	var err error
	h.unlocked(func() {
		replies, err = p.Run(ctx, []abi.Request{req}, func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			results, err := perform(ctx, ops[0])
			return [][]op.Result{results}, err
		})
	})
	if err != nil {
		return abi.Reply{}, err
	}
	return replies[0], nil
}

// needsLock reports whether the host that the step acts on must be locked first.
func (a *attempt) needsLock() bool {
	h := a.lane.host
	switch {
	case h.exec.Locker == nil || !sequence.ChangesHost(a.step):
		return false
	case a.step.On != nil:
		return !h.delegates.Held(a.step)
	}
	return h.lock.Needed()
}

// lock locks the host that the step acts on, in a round trip of its own. It
// reports false where it could not: without an error, the step has ended.
func (a *attempt) lock(ctx context.Context) (ok bool, err error) {
	l, s := a.lane, a.step
	if s.On != nil {
		l.host.unlocked(func() { err = l.host.delegates.Acquire(ctx, s) }) // others of this host may wait for the same lock
		return err == nil, err
	}
	request, ok := l.requestLock(ctx, s, true)
	if ok && len(request) > 0 { // another step may have locked it meanwhile
		outcomes, err := l.send(ctx, nil, request)
		if err != nil {
			return false, err
		}
		_, ok = l.lockAcquired(request, outcomes)
	}
	if !ok {
		l.leave(s, NotReached)
	}
	return ok, nil
}
