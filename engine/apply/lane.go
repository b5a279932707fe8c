package apply

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
)

// lane is the state of steps of a host that are executed one after the other.
// Lanes of a host that are side by side share nothing but their host, whose
// mutex each holds while it is at work.
type lane struct {
	host *hostRun
	ctx  context.Context //nolint:containedctx // of the steps at work; they can fail from everywhere
	// graph is what the steps are a group of; nil is that they are in script order.
	graph *graph
	// err is why the lane executes no further step, or nil; of the host's own lane,
	// why the host takes no further part in the run.
	err error
	// dirty says that something on the host changed, so what the plan read no longer binds.
	dirty bool
	// buffer holds what is still to be recorded and reported, buffering says that
	// more of the same sequence is to come.
	buffer    []runlog.Entry
	buffering bool
	// window is the guarded steps at work, nil where there are none.
	window *window
}

// run executes steps, in their order.
func (l *lane) run(ctx context.Context, steps []*plan.Step) {
	for i := 0; i < len(steps); {
		n, begun := l.advance(ctx, steps[i:])
		if begun && l.graph == nil && l.window == nil { // others may still notify what these might have
			l.cancelPotential(ctx)
		}
		i += n
	}
	if l.window != nil {
		l.window.prove(ctx)
		if l.graph == nil {
			l.cancelPotential(ctx)
		}
	}
}

// advance executes the first of steps, and returns how many were. It reports
// whether anything was begun: else the lane had ended before.
func (l *lane) advance(ctx context.Context, steps []*plan.Step) (executed int, begun bool) {
	l.ctx = ctx
	if l.window != nil {
		n := l.window.takes(steps)
		if n == 0 || l.err != nil || l.host.stopped(ctx) {
			l.window.prove(ctx)
		} else {
			steps = steps[:n]
		}
	}
	if l.err == nil && l.host.stopped(ctx) {
		l.interrupt(ctx)
	}
	if steps[0].Done {
		l.pass(steps[0])
		l.protect(ctx, steps[:1]) // the run may have been broken off before that
		l.report(steps[:1])
		return 1, false
	}
	if l.err != nil {
		l.leave(steps[0], NotReached)
		return 1, false
	}
	n := l.host.ahead(steps)
	if s := l.host.hooks.calledFor(steps[:max(n, 1)]); s != nil {
		if _, ok := l.host.hooks.before(ctx, l, s); !ok {
			l.leave(steps[0], NotReached)
			return 1, true
		}
	}
	if n > 0 {
		executed = l.sequence(ctx, steps[:n])
	} else {
		newAttempt(l, steps[0]).single(ctx)
		executed = 1
	}
	l.protect(ctx, steps[:executed])
	l.report(steps[:executed])
	return executed, true
}

// interrupt ends the lane because nothing more shall begin.
func (l *lane) interrupt(ctx context.Context) {
	l.err = &diag.Error{Summary: "interrupted", Host: l.host.Name(), Code: diag.Interrupted, Cause: context.Cause(ctx)}
}

// pass passes over a step that was executed before the run was resumed. What only
// the host knew is recorded now.
func (l *lane) pass(s *plan.Step) {
	l.host.count.OK++
	if s.Unit.ID.Scope.Handler != "" {
		l.host.passed[s.Unit.ID] = true
	}
	if s.Confirmed {
		l.unrecorded(l.host.log.RecordConfirmed(s))
	}
}

// report lets other hosts know of steps that were executed here for all of them.
func (l *lane) report(steps []*plan.Step) {
	for _, s := range steps {
		if s.Once == "" || s.Elsewhere() {
			continue
		}
		out := l.host.outcomes.of(s.Unit)
		if out == nil || l.err != nil && out.Status == unit.Skipped { // it was not reached
			continue
		}
		l.host.slot.Report(rollout.Done{Host: s.Once, Unit: s.Unit.ID.Local(), Outcome: out})
	}
}

// protect keeps what the lifecycles of steps say that ended well, where that is new.
func (l *lane) protect(ctx context.Context, steps []*plan.Step) {
	protector := l.host.exec.Protector
	if protector == nil {
		return
	}
	var added, lifted []*unit.Unit
	h := l.host.plan
	for _, s := range steps {
		u := s.Unit
		o := l.host.outcomes.of(u)
		if o == nil || o.Status != unit.Unchanged && o.Status != unit.Changed {
			continue
		}
		if s.On != nil { // then it is alone
			h = s.On
		}
		switch keeps := l.host.protections.Of(s.Protections).Keeps(u); {
		case u.Lifecycle.Protects() && !keeps:
			added = append(added, u)
		case u.Lifecycle.Lifts() && keeps:
			lifted = append(lifted, u)
		}
	}
	var err error
	if len(added) > 0 {
		var kept []protect.Resource
		kept, err = protector.Protect(ctx, h, added)
		l.host.protections.Keep(h.Protections, kept...)
	}
	if len(lifted) > 0 {
		unkept := protector.Unprotect(ctx, h, lifted)
		if unkept == nil {
			l.host.protections.Drop(h.Protections, lifted...)
		}
		err = errors.Join(err, unkept)
	}
	if err != nil {
		l.unrecorded((&diag.Error{
			Summary: "what is protected could not be recorded: " + err.Error(), Host: l.host.Name(), Code: diag.Failed, Cause: err,
		}).WithHint("what was changed stays; the next apply records it"))
	}
}

// cancelPotential takes back which handlers steps might have notified, now that they have ended.
func (l *lane) cancelPotential(ctx context.Context) {
	_, lost := errors.AsType[*target.Error](l.err)
	l.unrecorded(l.host.log.CancelPotential(ctx, !lost && !errors.Is(l.err, context.Canceled)))
}

// unrecorded ends the host's part where what happened on it could not be recorded.
func (l *lane) unrecorded(err error) {
	if err == nil {
		return
	}
	if l.err == nil {
		l.host.countError(err)
	}
	l.err = errors.Join(l.err, err)
	l.host.exec.Events.Emit(event.Event{Kind: event.HostFailed, Host: l.host.Name(), Err: err})
}

// refuse ends the host's part in the run before anything was changed.
func (l *lane) refuse(err error) {
	l.err = err
	l.host.countError(err)
	l.host.emitHost(event.Event{Kind: event.HostRefused, Err: err})
}

// requestLock gives the op that locks the host for this run, to be sent ahead of
// the first change, or nothing where the host is locked already or nothing
// changes. Where it may not be locked, the host takes no further part.
func (l *lane) requestLock(ctx context.Context, s *plan.Step, changes bool) ([]target.Step, bool) {
	if !l.host.lock.Needed() || !changes {
		return nil, true
	}
	var request target.Step
	var err error
	l.host.unlocked(func() { request, err = l.host.lock.Request(ctx, s) })
	if err != nil {
		l.refuse(err)
		return nil, false
	}
	return []target.Step{request}, true
}

// lockAcquired takes the outcome of requestLock's op off the outcomes. It
// reports false where the host is another run's.
func (l *lane) lockAcquired(request []target.Step, outcomes []target.Outcome) ([]target.Outcome, bool) {
	if len(request) == 0 || len(outcomes) == 0 {
		return outcomes, true
	}
	if err := l.host.lock.Acquired(outcomes[0]); err != nil {
		l.refuse(err)
		return nil, false
	}
	if l.graph != nil {
		l.graph.lockAcquired()
	}
	return outcomes[1:], true
}

// wait waits for other hosts, while others of the lane's host may begin in its place.
func (l *lane) wait(wait func()) {
	if l.graph != nil {
		defer l.graph.park()()
	}
	l.host.unlocked(wait)
}

// send performs a sequence on the host that a step acts on; nil is the lane's own.
func (l *lane) send(ctx context.Context, s *plan.Step, steps []target.Step) (outcomes []target.Outcome, err error) {
	t := l.host.plan.Target
	if s != nil {
		t = s.Target(l.host.plan)
	}
	l.host.unlocked(func() { outcomes, err = t.Run(ctx, steps) })
	return outcomes, err
}
