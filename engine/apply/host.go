package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply/early"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/target"
)

// hostRun is one host's part in a run. It implements rollout.Member.
type hostRun struct {
	exec      *Executor
	delegates *hostlock.Delegates
	plan      *plan.Host
	end       ending
	// outcomes are how the units ended, protections what must not be removed from
	// hosts by now: the plan stays as it is.
	outcomes    outcomes
	protections *protect.Run

	// mu is the host mutex: whoever executes steps of the host holds it, but while
	// it waits for something outside. It guards all that follows.
	mu    sync.Mutex
	count Count
	log   *runlog.Recorder
	lock  *hostlock.HostLock
	// own is the state of the steps that are executed in script order.
	own lane
	// touched says that it was this run that changed something on the host.
	touched bool
	// declined says that a unit was left out because the operator wanted that.
	declined bool
	// unverified says that the play's verify failed here.
	unverified bool
	// passed are steps of handlers that were executed before the run was broken off
	// and were passed over since: when they are notified again, they are executed.
	passed map[unit.ID]bool
	// early are the questions of the runbook that are asked again behind steps that changed the host.
	early *early.Looks

	slot  *rollout.Slot // its worker slot in the phase at work
	name  string        // of the play at work
	play  *plan.Play
	hooks changeHooks
}

// ending is where a host's part in a run ends.
type ending struct {
	play     int // the index of its last play, or -1
	reported bool
}

func newHostRun(e *Executor, h *plan.Host, delegates *hostlock.Delegates, p *protect.Run) *hostRun {
	r := &hostRun{
		exec: e, delegates: delegates, plan: h, end: ending{play: -1}, count: Count{Host: h.Host.Name},
		protections: p, passed: map[unit.ID]bool{},
		log: runlog.NewRecorder(e.Log, e.Contents, h), lock: hostlock.New(e.Locker, h), early: early.New(h),
	}
	r.own = lane{host: r, err: h.Err}
	if h.Err != nil {
		r.countError(h.Err)
	}
	for play, s := range h.Steps() {
		r.end.play = max(r.end.play, play)
		if known := s.Unit.Known; known != nil {
			r.outcomes.end(s.Unit, *known)
		}
	}
	for play, p := range h.Plays {
		if len(p.Barriers) > 0 {
			r.end.play = max(r.end.play, play)
		}
	}
	return r
}

// Name implements rollout.Member.
func (r *hostRun) Name() string { return r.plan.Host.Name }

// Err implements rollout.Member.
func (r *hostRun) Err() error { return r.own.err }

// Enter implements rollout.Member.
func (r *hostRun) Enter(index int, play string) *rollout.Part {
	p := r.plan.Plays[index]
	if p == nil {
		return nil
	}
	r.name, r.play, r.unverified, r.hooks = play, p, false, changeHooks{host: r}
	r.log.Enter(play, p)
	part := &rollout.Part{Barriers: p.Barriers, Verifies: len(p.Verify) > 0, Last: index == r.end.play}
	for s := range p.All() {
		part.Changes = part.Changes || s.Acts() && s.Change.Action != abi.Probe || s.Err != nil
		if s.Done && s.Once != "" && !s.Elsewhere() {
			part.Done = append(part.Done, rollout.Done{Host: s.Once, Unit: s.Unit.ID.Local(), Outcome: s.Unit.Known})
		}
	}
	return part
}

// Refuse implements rollout.Member.
func (r *hostRun) Refuse(err error) { r.own.refuse(err) }

// Skip implements rollout.Member.
func (r *hostRun) Skip(reason *diag.Error) {
	if r.own.err != nil {
		return
	}
	for _, s := range r.play.Steps {
		r.own.leave(s, "the play stopped before this host")
	}
	err := *reason
	err.Host, err.Code = r.Name(), diag.Failed
	r.own.err = err.WithHint("nothing of the play was done on it; fix the cause and apply again")
	r.emitHost(event.Event{Kind: event.HostStopped, Err: r.own.err})
}

// Stop implements rollout.Member.
func (r *hostRun) Stop(err *diag.Error) {
	err.Host, err.Code = r.Name(), diag.Failed
	r.own.err = err
	r.count.Failed++
	r.emitHost(event.Event{Kind: event.HostStopped, Err: err})
}

// Finish implements rollout.Member. It reports the end once.
func (r *hostRun) Finish() {
	if r.end.reported {
		return
	}
	r.end.reported = true
	r.exec.Events.Emit(event.Event{Kind: event.HostFinished, Host: r.Name(), Err: r.own.err, Unreachable: r.count.Unreachable > 0})
}

// RunUnits implements rollout.Member: it executes the play's units, and the
// handlers that they notify or that earlier runs left pending. Where the play has no
// verify, which would come before it, after_change follows.
func (r *hostRun) RunUnits(ctx context.Context, slot *rollout.Slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot = slot
	done := 0
	for at, b := range r.play.Breaks() {
		r.section(ctx, r.play.Steps[done:at])
		done = at
		if b != nil {
			r.meet(ctx, *b)
		} else {
			r.runHandlers(ctx)
		}
	}
	r.section(ctx, r.play.Steps[done:])
	r.runHandlers(ctx)
	if len(r.play.Verify) == 0 {
		r.hooks.after(ctx)
	}
}

// Verify implements rollout.Member. What passes it gets its after_change.
func (r *hostRun) Verify(ctx context.Context, slot *rollout.Slot) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slot = slot
	r.own.run(ctx, r.play.Verify)
	if len(r.play.Verify) > 0 {
		r.hooks.after(ctx)
	}
	return !r.unverified
}

// runHandlers runs the handlers that are pending, each once.
func (r *hostRun) runHandlers(ctx context.Context) {
	r.log.BeginHandlers()
	defer r.log.EndHandlers()
	for r.own.err == nil {
		h := r.log.NextHandler()
		if h == nil {
			return
		}
		r.runHandler(ctx, h)
	}
}

// runHandler runs a handler or an after_change that is pending. Where the operator left
// something of it out, it stays so.
func (r *hostRun) runHandler(ctx context.Context, h *plan.Handler) {
	began := time.Now()
	r.declined = false
	left := r.log.LeftOut(h)
	r.own.run(ctx, slices.DeleteFunc(r.notified(h), func(s *plan.Step) bool {
		by, out := left[s.Unit.ID]
		if out {
			r.own.skip(s, fmt.Sprintf("handler %q includes it", by))
		}
		return out
	}))
	if r.own.err == nil {
		r.own.unrecorded(r.log.HandlerRan(ctx, h, began, r.declined))
	}
}

// notified are a handler's steps, now that something has notified it.
func (r *hostRun) notified(h *plan.Handler) []*plan.Step {
	steps := make([]*plan.Step, len(h.Steps))
	for i, planned := range h.Steps {
		s := *planned
		s.Dormant = false
		if r.passed[s.Unit.ID] {
			s.Done, s.Interrupted, s.Confirmed = false, time.Time{}, false
		}
		steps[i] = &s
	}
	return steps
}

// countError counts a host that is lost or refuses.
func (r *hostRun) countError(err error) {
	if lost, ok := errors.AsType[*target.Error](err); ok && lost.Unreachable() {
		r.count.Unreachable++
		return
	}
	r.count.Failed++
}

// changed reports whether a unit of the host changed something in this run.
func (r *hostRun) changed(id unit.ID) bool {
	out := r.outcomes.named(id)
	return out != nil && out.Status == unit.Changed
}

// unlocked does what waits for something outside, while other steps of the host
// go on. It is called, and returns, with the host mutex held.
func (r *hostRun) unlocked(wait func()) {
	r.mu.Unlock()
	defer r.mu.Lock()
	wait()
}

// key is the key by which the host notes that it performed the nth effect of a step.
func (r *hostRun) key(s *plan.Step, n int) string {
	if r.exec.Run == "" {
		return ""
	}
	return resume.Key(r.exec.Run, s.Unit, r.log.Started(s), n)
}

// stopped reports whether no further unit shall begin.
func (r *hostRun) stopped(ctx context.Context) bool {
	select {
	case <-r.exec.Stop: // never where it is nil
		return true
	default:
		return ctx.Err() != nil
	}
}

// emitHost emits an event about the host.
func (r *hostRun) emitHost(e event.Event) {
	e.Time, e.Host, e.Play = time.Now(), r.Name(), r.name
	r.exec.Events.Emit(e)
}

// emit emits an event about a step.
func (r *hostRun) emit(s *plan.Step, e event.Event) {
	e.Unit, e.Pos = s.Unit.ID, s.Unit.Pos
	if s.Change != nil && e.Action == "" {
		e.Action = s.Change.Action
	}
	e.Reason = strings.TrimSpace(e.Reason)
	if s.Unit.Sensitive && (e.Status == unit.Changed || e.Status == unit.Unchanged) {
		e.Reason = "" // the provider gave it, and it may quote what the unit was given
	}
	r.emitHost(e)
}

// waiting is the event that a step waits for other hosts.
func (r *hostRun) waiting(s *plan.Step, text string) event.Event {
	return event.Event{
		Kind: event.HostWaits, Time: time.Now(), Host: r.Name(), Play: r.name, Unit: s.Unit.ID, Pos: s.Unit.Pos, Text: text,
	}
}
