package apply

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
)

// meet waits at a barrier of the play for the hosts that have it as well.
func (r *hostRun) meet(ctx context.Context, b unit.Barrier) {
	if r.own.err != nil || r.stopped(ctx) {
		return
	}
	told := event.Event{
		Kind: event.HostWaits, Time: time.Now(), Host: r.Name(), Play: r.name, Pos: b.Pos, Text: "waits at " + b.Kind() + " " + b.Name,
	}
	var v rollout.Verdict
	r.own.wait(func() { v = r.slot.Meet(b, told) })
	if v == rollout.Deadlock {
		r.Stop((&diag.Error{Summary: "it waits at " + b.Kind() + " \"" + b.Name + "\" for hosts that wait for it", Pos: b.Pos}).WithHint(sameOrder))
	}
}

// sameOrder is what to do about hosts that wait for each other.
const sameOrder = "barriers, and units that are done once, must come in the same order on all hosts of a batch"

// admit holds the step back until no other host is in its way. It returns what is
// to be called when the step has ended, or nil where it has ended already.
func (a *attempt) admit(ctx context.Context) (release func()) {
	s, h := a.step, a.lane.host
	name, most := s.Unit.ID.Local(), s.Unit.Rollout.Throttle
	switch {
	case s.Elsewhere():
		a.follow(ctx)
		return nil
	case most == 0:
		return func() {}
	}
	told := h.waiting(s, fmt.Sprintf("waits for other hosts: at most %d at once", most))
	var v rollout.Verdict
	a.lane.wait(func() { v = h.slot.AcquireThrottle(name, most, told) })
	if v != rollout.Granted {
		a.notGranted(ctx, v)
		return nil
	}
	return func() { h.slot.ReleaseThrottle(name) }
}

// follow takes over what came of the step on the host that does it for all.
func (a *attempt) follow(ctx context.Context) {
	s, l := a.step, a.lane
	told := l.host.waiting(s, "waits for "+s.Once+", where it is done once")
	var outcome *unit.Outcome
	var v rollout.Verdict
	l.wait(func() { outcome, v = l.host.slot.Follow(s.Once, s.Unit.ID.Local(), told) })
	if v != rollout.Granted {
		a.notGranted(ctx, v)
		return
	}
	switch {
	case outcome == nil:
		l.fail(s, time.Now(), (&diag.Error{
			Summary: fmt.Sprintf("%s is done once, on %s, which did not come to it", s.Unit.ID.Bare(), s.Once), Pos: s.Unit.Pos,
		}).WithHint("fix %s; or leave it out, and another host does it: -l '!%s'", s.Once, s.Once), nil)
	case outcome.Status == unit.Failed:
		l.fail(s, time.Now(), (&diag.Error{
			Summary: fmt.Sprintf("%s is done once, on %s, and failed there", s.Unit.ID.Bare(), s.Once), Pos: s.Unit.Pos,
		}).WithHint("fix it on %s and apply again", s.Once), nil)
	default:
		out := *outcome
		out.Outputs = maps.Clone(out.Outputs)
		l.host.count.Skipped++
		l.host.outcomes.end(s.Unit, out)
		l.host.emit(s, event.Event{Kind: event.UnitFinished, Status: unit.Skipped, Reason: "done once, on " + s.Once})
	}
}

// notGranted ends the step because waiting for other hosts came to nothing.
func (a *attempt) notGranted(ctx context.Context, v rollout.Verdict) {
	if v == rollout.Deadlock {
		a.lane.fail(a.step, time.Now(), (&diag.Error{Summary: "it waits for hosts that wait for this one", Pos: a.step.Unit.Pos}).WithHint(sameOrder), nil)
		return
	}
	a.lane.interrupt(ctx)
	a.lane.leave(a.step, NotReached)
}
