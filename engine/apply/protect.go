package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// Protector keeps durably which resources must not be removed: each method
// returns once what it was told would survive a power failure. It notes it in
// the host's Protections, too.
type Protector interface {
	Protect(ctx context.Context, h *plan.Host, u *unit.Unit) error
	Unprotect(ctx context.Context, h *plan.Host, u *unit.Unit) error
}

// protect keeps what the lifecycles of steps say, whose turns have ended well,
// where that is new.
func (r *hostRun) protect(ctx context.Context, steps []*plan.Step) {
	if r.Protector == nil {
		return
	}
	for _, s := range steps {
		u := s.Unit
		o := u.Outcome()
		if o == nil || o.Status != unit.Unchanged && o.Status != unit.Changed {
			continue
		}
		var err error
		h := r.host
		if s.On != nil {
			h = s.On
		}
		switch keeps := s.Protections.Keeps(u); {
		case u.Lifecycle.Protects() && !keeps:
			err = r.Protector.Protect(ctx, h, u)
		case u.Lifecycle.Lifts() && keeps:
			err = r.Protector.Unprotect(ctx, h, u)
		}
		if err != nil {
			r.unkept("what is protected could not be recorded: "+u.ID.Local(), err)
			return
		}
	}
}
