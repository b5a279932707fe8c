package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
)

// units runs the play's units, and the handlers that they or earlier runs call for.
func (r *hostRun) units(ctx context.Context) {
	done := 0
	for at, b := range r.play.Breaks() {
		r.section(ctx, r.play.Steps[done:at])
		done = at
		if b != nil {
			r.meet(ctx, *b)
		} else {
			r.deliver(ctx)
		}
	}
	r.section(ctx, r.play.Steps[done:])
	r.deliver(ctx)
}

// deliver runs the handlers that are owed, each once, in the order of the
// runbook; one that is called for by another comes after it.
func (r *hostRun) deliver(ctx context.Context) {
	r.delivering = map[string]bool{}
	for h := r.next(); h != nil && r.err == nil; h = r.next() {
		r.delivering[h.Name] = true
		for _, s := range h.Steps {
			s.Dormant = false
		}
		began := time.Now()
		r.declined = false
		r.run(ctx, h.Steps)
		if r.err == nil {
			r.delivered(ctx, h, began)
		}
	}
	r.delivering = nil
}

// next is the handler whose turn it is, or nil.
func (r *hostRun) next() *plan.Handler {
	i := slices.IndexFunc(r.play.Handlers, func(h *plan.Handler) bool { return r.owed[h.Name] && !r.delivering[h.Name] })
	if i < 0 {
		return nil
	}
	return r.play.Handlers[i]
}

// calls names the handlers that a step's change calls for. A handler's own
// change does not call for one that has had its turn in this delivery: two that
// call for each other would never come to an end.
func (r *hostRun) calls(s *plan.Step) []string {
	return slices.DeleteFunc(slices.Clone(s.Unit.Notify), func(name string) bool { return r.delivering[name] })
}

// delivered strikes a handler that ran well off what is owed. One of which the
// operator left something out stays owed to the next run.
func (r *hostRun) delivered(ctx context.Context, h *plan.Handler, began time.Time) {
	delete(r.owed, h.Name)
	if r.declined {
		return
	}
	if err := r.Ledger.Deliver(ctx, r.debt(began, h.Name)); err != nil {
		r.unkept(fmt.Sprintf("handler %q ran, but that could not be recorded", h.Name), err)
	}
}
