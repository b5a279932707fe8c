package cli

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
)

// begun is how far a unit had come, and on which machine.
type begun struct {
	machineID string
	plan.Progress
}

// resume makes the run that is gone on with this process's, and reads how far it had come.
func (r *recording) resume(ctx context.Context) (last int64, err error) {
	if last, err = r.store.ResumeRun(ctx, r.id, here(), time.Now()); err != nil {
		return 0, err
	}
	units, err := r.store.Units(ctx, r.id) // by now nobody else changes them
	if err != nil {
		return 0, err
	}
	r.units, r.doubts = map[string]map[string]begun{}, map[subject]bool{}
	for _, u := range units {
		if r.units[u.Host] == nil {
			r.units[u.Host] = map[string]begun{}
		}
		if u.Status == "" && !u.Started.IsZero() {
			r.doubts[subject{u.Host, u.Unit}] = true
		}
		r.units[u.Host][u.Unit] = begun{u.MachineID, plan.Progress{
			Action: u.Action, Status: unit.Status(u.Status), Started: u.Started, Outputs: codec.Raw(u.Outputs),
		}}
	}
	return last, nil
}

// progress tells how far the units of a host had come, or nothing in a new run.
// What was done on another machine of its name is not done, where it says which it is.
func (r *recording) progress(_ context.Context, h *plan.Host) (map[string]plan.Progress, error) {
	known := map[string]plan.Progress{}
	for id, was := range r.units[h.Host.Name] {
		if h.Facts == nil || was.machineID == "" || was.machineID == h.MachineID() {
			known[id] = was.Progress
		}
	}
	return known, nil
}

// settled notes that it is known by now how a unit ended.
func (r *recording) settled(u unit.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.doubts, subject{u.Host, u.Local()})
}
