package record

import (
	"context"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
)

// UsePlan records that the run begins to carry out its saved plan, which is done once.
func (r *Record) UsePlan(ctx context.Context) error {
	u := r.use
	u.Run, u.Time = r.ID, time.Now()
	return usePlan(ctx, r.ref.store, u, r.was != nil)
}

// usePlan refuses a saved plan that another run has begun to carry out. One that is resumed has
// used its own.
func usePlan(ctx context.Context, store state.Store, u state.PlanUse, resumed bool) error {
	if u.Plan == "" || resumed {
		return nil
	}
	before, err := store.UsePlan(ctx, u)
	if err != nil || before == "" || u.Again {
		return err
	}
	refused := &diag.Error{Summary: fmt.Sprintf("run %s has applied this plan already; a saved plan is applied once", before), Code: diag.Stale}
	runs, err := store.Runs(ctx, u.Workspace, -1)
	if err != nil {
		return err
	}
	const fresh = "make a new plan: froyo plan --out FILE; --again applies this one once more"
	refused.Hint = fresh
	for _, run := range runs {
		if run.ID != before {
			continue
		}
		refused.Summary = fmt.Sprintf("run %s of %s has applied this plan already; a saved plan is applied once", run.ID, wording.When(run.Started))
		switch {
		case run.Status == state.Running:
			refused.Hint = fmt.Sprintf("that run has not ended: froyo runs show %s", run.ID)
		case run.Resumable:
			refused.Hint = fmt.Sprintf("for what is left of it: froyo resume %s; for hosts that it refused, %s", run.ID, fresh)
		}
	}
	return refused
}
