package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
)

// run gives steps their turns, in their order.
func (r *hostRun) run(ctx context.Context, steps []*plan.Step) {
	r.ctx = ctx
	for i := 0; i < len(steps); {
		n, begun := r.advance(ctx, steps[i:])
		if begun && r.side == nil { // others may be at what they were presumed to call for
			r.withdraw(ctx)
		}
		i += n
	}
}

// advance gives the first of steps their turn, and returns how many had it. It
// reports whether anything was begun: else the host's part had ended before.
func (r *hostRun) advance(ctx context.Context, steps []*plan.Step) (had int, begun bool) {
	if r.err == nil && r.stopped(ctx) {
		r.interrupt(ctx)
	}
	if steps[0].Done {
		r.pass(steps[0])
		r.protect(ctx, steps[:1]) // the run may have been broken off before that
		r.tell(steps[:1])
		return 1, false
	}
	if r.err != nil {
		r.leave(steps[0], NotReached)
		return 1, false
	}
	if n := r.ahead(steps); n > 0 {
		had = r.sequence(ctx, steps[:n])
	} else {
		r.single(ctx, steps[0])
		had = 1
	}
	r.protect(ctx, steps[:had])
	r.tell(steps[:had])
	return had, true
}

// interrupt ends the host's part because nothing more shall begin.
func (r *hostRun) interrupt(ctx context.Context) {
	r.err = &diag.Error{Summary: "interrupted", Host: r.host.Host.Name, Code: diag.Interrupted, Cause: context.Cause(ctx)}
}

// stopped reports whether no further unit shall begin.
func (r *hostRun) stopped(ctx context.Context) bool {
	select {
	case <-r.Stop: // never where it is nil
		return true
	default:
		return ctx.Err() != nil
	}
}
