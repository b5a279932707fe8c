package apply

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// Protector keeps durably which resources must not be removed: each method
// returns once what it was told would survive a power failure. It notes it in
// the host's Protections, too.
type Protector interface {
	Protect(ctx context.Context, h *plan.Host, units []*unit.Unit) error
	Unprotect(ctx context.Context, h *plan.Host, units []*unit.Unit) error
}

// protect keeps what the lifecycles of steps say, whose turns have ended well,
// where that is new.
func (r *hostRun) protect(ctx context.Context, steps []*plan.Step) {
	if r.Protector == nil {
		return
	}
	var fresh, lifted []*unit.Unit
	h := r.host
	for _, s := range steps {
		u := s.Unit
		o := u.Outcome()
		if o == nil || o.Status != unit.Unchanged && o.Status != unit.Changed {
			continue
		}
		if s.On != nil { // then it is alone
			h = s.On
		}
		switch keeps := s.Protections.Keeps(u); {
		case u.Lifecycle.Protects() && !keeps:
			fresh = append(fresh, u)
		case u.Lifecycle.Lifts() && keeps:
			lifted = append(lifted, u)
		}
	}
	var err error
	if len(fresh) > 0 {
		err = r.Protector.Protect(ctx, h, fresh)
	}
	if len(lifted) > 0 {
		err = errors.Join(err, r.Protector.Unprotect(ctx, h, lifted))
	}
	if err != nil {
		r.unprotected(err)
	}
}

// unprotected ends the host's part, since what is protected there could not be kept.
func (r *hostRun) unprotected(err error) {
	err = (&diag.Error{
		Summary: "what is protected could not be recorded: " + err.Error(), Host: r.host.Host.Name, Code: diag.Failed, Cause: err,
	}).WithHint("what was changed stays; the next apply records it")
	if r.err == nil {
		r.countError(err)
	}
	r.err = errors.Join(r.err, err)
	r.Events.Emit(event.Event{Kind: event.HostFailed, Host: r.host.Host.Name, Err: err})
}
