package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
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

// window is guarded steps of a lane that stand together. The host is armed before the first of them acts. They have been
// executed, and count, once a new connection has proven that froyo still gets in.
type window struct {
	lane  *lane
	on    *plan.Host // that is guarded
	armed *guard.Window
	about map[unit.ID]bool // those that the guard knows of
	steps []*plan.Step     // that act
	held  []held
	// fault is how the last of them failed, nil where it did not.
	fault *fault
}

// held is a step that was executed, and how to conclude it.
type held struct {
	attempt  *attempt
	conclude func() error
}

// end ends a step that does nothing. Where it acted within the window before, in a try that failed, it counts only once that is proven.
func (w *window) end(a *attempt, how func()) {
	if w.has(a.step) {
		w.held = append(w.held, held{a, func() error { how(); return nil }})
		return
	}
	how()
}

// fault is how a step failed.
type fault struct {
	attempt *attempt
	started time.Time
	err     error
}

// has reports whether the step acts within the window.
func (w *window) has(s *plan.Step) bool {
	return w != nil && s.Guarded && len(w.steps) > 0 && w.steps[len(w.steps)-1] == s
}

// takes counts the steps from the first that may share the window: those that are guarded as well, on the same host, and wait
// for nothing that would be known only then.
func (w *window) takes(steps []*plan.Step) int {
	for i, s := range steps {
		c := s.Unit.Conditions
		if !s.Guarded || s.Done || w.about != nil && !w.about[s.Unit.ID] || s.On != nil && s.On != w.on || s.On == nil && w.on != w.lane.host.plan || w.lane.host.exec.Confirmer != nil ||
			c.When != nil || len(c.OnChange)+len(s.Unit.Later) > 0 || s.Unit.Rollout.Throttle > 0 || s.Once != "" || w.needed(s) {
			return i
		}
	}
	return len(steps)
}

// needed reports whether a step comes after one of the window because it says so: that one has to count first.
func (w *window) needed(s *plan.Step) bool {
	for _, id := range s.Unit.Require {
		for _, before := range w.steps {
			if before.Unit.ID == id {
				return true
			}
		}
	}
	return false
}

// bound has an op end while there is still time to prove that froyo gets in.
func (w *window) bound(s *target.Step) error {
	left := w.armed.Left()
	if left <= 0 {
		return w.late("it had begun", nil)
	}
	if s.Limit() > left {
		s.Timeout = left
	}
	return nil
}

// late is the error of what the end of the window has cut off, which is err.
func (w *window) late(before string, err error) error {
	e := &diag.Error{Summary: "the window of " + w.armed.Length().Round(time.Second).String() + " of its guard was over before " + before, Code: diag.Failed, Cause: err}
	if err != nil {
		e.Detail = err.Error()
	}
	return e.WithHint("give it more: --guard-window 5m")
}

// cut says of an error whether it is that the window was over.
func (w *window) cut(err error) error {
	_, lost := errors.AsType[*target.Error](err)
	_, told := errors.AsType[*diag.Error](err)
	if lost || told || w.armed.Left() > 0 {
		return err
	}
	return w.late("it had ended", err)
}

// limit has what is sent end with the window: by then the host has put back what was there.
func (w *window) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if w == nil {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, w.armed.Until())
}

// apart refuses a step that is not guarded and whose paths lead to what lets one in by now.
func (a *attempt) apart(ctx context.Context) (err error) {
	h := a.lane.host
	if h.exec.Guard == nil {
		return nil
	}
	t := a.step.Target(h.plan)
	h.unlocked(func() { err = guard.Apart(ctx, t, a.step) })
	return err
}

// guard arms the host of a guarded step before that acts, where it is not yet.
func (a *attempt) guard(ctx context.Context) (err error) {
	s, l := a.step, a.lane
	if !s.Guarded || l.host.exec.Guard == nil {
		return nil
	}
	if err := guard.Keepable(s); err != nil {
		return err
	}
	if l.window == nil {
		w := &window{lane: l, on: l.host.plan}
		if s.On != nil {
			w.on = s.On
		}
		l.host.emit(s, event.Event{Kind: event.UnitNoted, Text: "arming the guard"})
		about := append([]*plan.Step{s}, following(l.host, w, s)...)
		w.about = map[unit.ID]bool{}
		for _, other := range about {
			w.about[other.Unit.ID] = true
		}
		l.host.unlocked(func() { w.armed, err = l.host.exec.Guard.Arm(ctx, w.on, about) })
		if err != nil {
			return err
		}
		l.window = w
	}
	if !l.window.has(s) { // it is not a further try
		l.window.steps = append(l.window.steps, s)
	}
	return nil
}

// following are the steps behind one that may share its window.
func following(h *hostRun, w *window, s *plan.Step) []*plan.Step {
	var rest []*plan.Step
	found := false
	for other := range h.play.All() {
		switch {
		case other.Unit.ID == s.Unit.ID:
			found = true
		case found && other.Unit.ID.Scope != s.Unit.ID.Scope:
			return rest[:w.takes(rest)]
		case found:
			rest = append(rest, other)
		}
	}
	return rest[:w.takes(rest)]
}

// prove ends the window: its steps count, or they have failed.
func (w *window) prove(ctx context.Context) {
	l := w.lane
	l.window = nil
	ctx = context.WithoutCancel(ctx) // what was begun is brought to its end
	last := w.steps[len(w.steps)-1]
	var err error
	l.host.emit(last, event.Event{Kind: event.UnitNoted, Text: "connecting anew to prove that froyo still gets in"})
	l.host.unlocked(func() {
		if w.fault != nil {
			if _, lost := errors.AsType[*target.Error](w.fault.err); lost {
				err = l.host.exec.Guard.Recover(ctx, w.armed, w.fault.err)
				return
			}
		}
		err = l.host.exec.Guard.Prove(ctx, w.armed)
	})
	if err != nil {
		w.undone(err)
		return
	}
	for _, h := range w.held {
		if failed := h.conclude(); failed != nil {
			l.fail(h.attempt.step, h.attempt.started, failed, h.attempt.output)
		}
	}
	if f := w.fault; f != nil {
		l.fail(f.attempt.step, f.started, f.err, f.attempt.output)
	}
	l.protect(ctx, w.steps)
	l.report(w.steps)
}

// undone fails the steps of a window: the host has put back what was there, or cannot be reached any more.
func (w *window) undone(err error) {
	l := w.lane
	unreachable := l.host.count.Unreachable
	for _, h := range w.held {
		l.fail(h.attempt.step, h.attempt.started, err, h.attempt.output)
	}
	if f := w.fault; f != nil {
		if told, ok := errors.AsType[*diag.Error](err); ok {
			with := *told
			with.Detail = "it had failed: " + f.err.Error() + "\n" + told.Detail
			err = &with
		}
		l.fail(f.attempt.step, f.started, err, f.attempt.output)
	}
	l.host.count.Unreachable = min(l.host.count.Unreachable, unreachable+1)
	l.report(w.steps)
}
