package runlog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// Notifies names the handlers that a step's change notifies. A handler's own
// change does not notify one that has run since BeginHandlers: two that notify
// each other would never come to an end.
func (r *Recorder) Notifies(s *plan.Step) []string {
	return slices.DeleteFunc(slices.Clone(s.Unit.Notify), func(name string) bool { return r.running[name] })
}

// BeginHandlers begins to run the pending handlers, each once.
func (r *Recorder) BeginHandlers() {
	r.running, r.included = map[string]bool{}, map[unit.ID]inclusion{}
}

// EndHandlers ends what BeginHandlers began.
func (r *Recorder) EndHandlers() { r.running = nil }

// NextHandler is the next pending handler to run, in the order of the runbook, or
// nil; one that is notified by another comes after it.
func (r *Recorder) NextHandler() *plan.Handler {
	i := slices.IndexFunc(r.handlers, func(h *plan.Handler) bool { return r.pending[h.Name] && !r.running[h.Name] })
	if i < 0 {
		return nil
	}
	r.running[r.handlers[i].Name] = true
	return r.handlers[i]
}

// RecordPending records that an after_change is pending, before the before_change that
// goes with it begins.
func (r *Recorder) RecordPending(ctx context.Context, h *plan.Handler) error {
	if err := r.log.RecordIntent(ctx, Intent{Pending: r.pendingHandlers(time.Now(), h.Name)}); err != nil {
		return (&diag.Error{
			Summary: fmt.Sprintf("nothing was done, because it could not be recorded that %s is pending: %v", h.Name, err),
			Host:    r.host.Host.Name, Code: diag.Failed, Cause: err,
		}).WithHint("make room for the state and apply again")
	}
	r.pending[h.Name] = true
	return nil
}

// Pending reports whether a handler or an after_change is pending.
func (r *Recorder) Pending(h *plan.Handler) bool { return r.pending[h.Name] }

// inclusion is that a handler which has run did the work of a step, whose own handler had been notified so often by then.
type inclusion struct {
	by       string
	notified int
}

// LeftOut are those of a handler's steps that need not be executed in its run, which begins, each with the handler that
// does its work: one that is still to run, or has run since this one was notified.
func (r *Recorder) LeftOut(h *plan.Handler) map[unit.ID]string {
	waiting := slices.DeleteFunc(slices.Clone(r.handlers), func(o *plan.Handler) bool { return !r.pending[o.Name] || r.running[o.Name] })
	left := map[unit.ID]string{}
	for _, s := range h.Steps {
		if done, ok := r.included[s.Unit.ID]; ok && done.notified == r.notified[h.Name] {
			left[s.Unit.ID] = done.by
		}
		for _, o := range waiting {
			if s.IncludedIn(o) {
				left[s.Unit.ID] = o.Name
			}
		}
	}
	for _, o := range waiting {
		for _, s := range o.Steps {
			if s.IncludedIn(h) {
				r.included[s.Unit.ID] = inclusion{h.Name, r.notified[o.Name]}
			}
		}
	}
	return left
}

// HandlerRan ends a handler that succeeded and had begun at a time. Where keep is
// set, it stays pending for the next run.
func (r *Recorder) HandlerRan(ctx context.Context, h *plan.Handler, began time.Time, keep bool) error {
	delete(r.pending, h.Name)
	if keep {
		return nil
	}
	err := r.log.ClearPending(ctx, r.pendingHandlers(began, h.Name))
	return r.explain(fmt.Sprintf("handler %q ran, but that could not be recorded", h.Name), err)
}

// CancelPotential removes the handlers that units might have notified and did
// not, now that they have ended. Where it is not known what they did, those stay pending.
func (r *Recorder) CancelPotential(ctx context.Context, known bool) error {
	maps.DeleteFunc(r.potential, func(name string, _ bool) bool { return r.pending[name] })
	if len(r.potential) == 0 || !known {
		return nil
	}
	names := slices.Sorted(maps.Keys(r.potential))
	clear(r.potential)
	return r.explain("which handlers are pending could not be recorded", r.log.CancelIntent(ctx, r.pendingHandlers(time.Now(), names...)))
}

func (r *Recorder) pendingHandlers(at time.Time, handlers ...string) PendingHandlers {
	return PendingHandlers{Host: r.host.Host.Name, MachineID: r.host.MachineID(), Play: r.play, Handlers: handlers, Time: at}
}
