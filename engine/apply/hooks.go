package apply

import (
	"context"
	"errors"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/target"
)

// changeHooks are the change hooks of the play at work on one host. The host mutex guards them.
type changeHooks struct {
	host *hostRun
	// over is closed when before_change has ended, which is then true of ended; nil is that it
	// has not begun. waiting counts the lanes that wait for it.
	over    chan struct{}
	ended   bool
	waiting int
	// err is why nothing of the play may change the host.
	err error
	// dirty says that before_change changed something on the host.
	dirty bool
}

// calledFor is the first of steps that is going to change something, or nil; what
// depends on conditions is not known before its turn.
func (c *changeHooks) calledFor(steps []*plan.Step) *plan.Step {
	i := slices.IndexFunc(steps, func(s *plan.Step) bool {
		u := s.Unit
		return s.CallsForHooks() && s.Err == nil && s.Acts() && s.Change.Action != abi.Probe && !s.OutcomeUnknown() &&
			u.Conditions.When == nil && len(u.Conditions.OnChange)+len(u.Later) == 0
	})
	if i < 0 {
		return nil
	}
	return steps[i]
}

// before has before_change done, once, ahead of a step that is going to change something.
// Where that failed, nothing more is to begin: ok is false, and the lane's error says why. It
// reports whether it took time, by which the host may have become another.
func (c *changeHooks) before(ctx context.Context, l *lane, s *plan.Step) (waited, ok bool) {
	switch {
	case len(c.host.play.Hooks()) == 0:
		return false, true
	case c.over == nil:
		c.over = make(chan struct{})
		c.err = c.begin(ctx, l, s)
		c.ended, waited = true, true
		c.host.slot.AddActive(c.waiting)
		close(c.over)
	case !c.ended:
		c.wait(l)
		waited = true
	}
	l.dirty = l.dirty || c.dirty
	if c.err == nil {
		return waited, true
	}
	if l.err == nil {
		l.err = c.err
	}
	return waited, false
}

// wait waits for before_change, which another lane has begun.
func (c *changeHooks) wait(l *lane) {
	if l.graph != nil {
		defer l.graph.park()()
	}
	c.waiting++
	c.host.slot.AddActive(-1)
	c.host.unlocked(func() { <-c.over })
}

// begin does before_change in the place of a lane's step. From here on after_change is
// pending, until it has been done. A host that another run has is left as it is.
func (c *changeHooks) begin(ctx context.Context, l *lane, s *plan.Step) error {
	r := c.host
	if r.stopped(ctx) {
		l.interrupt(ctx)
		return l.err
	}
	if err := c.lock(ctx, l, s); err != nil {
		return err
	}
	if after := r.play.After; after != nil {
		if err := r.log.RecordPending(ctx, after); err != nil {
			l.unrecorded(err)
			return err
		}
		for _, s := range after.Steps { // what of it was done before the run was broken off does not count any more
			if s.Done {
				r.passed[s.Unit.ID] = true
			}
		}
	}
	if r.play.Before == nil {
		return nil
	}
	own := &lane{host: r, ctx: ctx, graph: l.graph, dirty: l.dirty}
	r.declined = false
	own.run(ctx, r.notified(r.play.Before))
	c.dirty = own.dirty
	if own.err == nil && r.declined {
		own.err = c.declined()
	}
	return own.err
}

// lock locks the host before anything is done for its change.
func (c *changeHooks) lock(ctx context.Context, l *lane, s *plan.Step) error {
	request, ok := l.requestLock(ctx, s, true)
	if ok && len(request) > 0 {
		outcomes, err := l.send(ctx, nil, request)
		if err != nil {
			l.err = err
			l.host.countError(err)
			_, lost := errors.AsType[*target.Error](err)
			l.host.emitHost(event.Event{Kind: event.HostFailed, Err: err, Unreachable: lost})
			return err
		}
		_, ok = l.lockAcquired(request, outcomes)
	}
	if !ok {
		return l.err
	}
	return nil
}

// declined ends the host's part: the operator did not want before_change.
func (c *changeHooks) declined() error {
	r := c.host
	err := (&diag.Error{
		Summary: "before_change was declined, so nothing of the play is changed here", Host: r.Name(), Pos: r.play.Before.Pos, Code: diag.Failed,
	}).WithHint("apply again, and let it run")
	r.count.Failed++
	r.emitHost(event.Event{Kind: event.HostStopped, Err: err})
	return err
}

// after does after_change where it is pending and all of the play has succeeded.
func (c *changeHooks) after(ctx context.Context) {
	r := c.host
	if h := r.play.After; h != nil && r.own.err == nil && r.log.Pending(h) {
		r.runHandler(ctx, h)
	}
}
