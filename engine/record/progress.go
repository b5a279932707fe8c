package record

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runner/codec"
)

// reached is how far a unit had come, and on which machine.
type reached struct {
	machineID string
	resume.Progress
}

// progress is how far a run had come that is resumed, by host and unit.
type progress map[string]map[string]reached

// resume makes the run that is resumed this worker's, and reads how far it had come.
func (r *Record) resume(ctx context.Context, by worker.Identity) (last int64, done progress, err error) {
	if last, err = r.ref.store.ResumeRun(ctx, r.ID, by.Process, time.Now()); err != nil {
		return 0, nil, err
	}
	units, err := r.ref.store.Units(ctx, r.ID) // by now no other process changes them
	if err != nil {
		return 0, nil, err
	}
	done, r.unknown.units = progress{}, map[subject]bool{}
	for _, u := range units {
		if done[u.Host] == nil {
			done[u.Host] = map[string]reached{}
		}
		if u.Status == "" && !u.Started.IsZero() {
			r.unknown.units[subject{u.Host, u.Unit}] = true
		}
		done[u.Host][u.Unit] = reached{u.MachineID, resume.Progress{
			Action: u.Action, Status: unit.Status(u.Status), Started: u.Started, Outputs: codec.Raw(u.Outputs),
		}}
	}
	return last, done, nil
}

// of tells how far the units of a host had come. What was done on another machine of
// its name is not done, where it says which it is.
func (p progress) of(h *plan.Host) map[string]resume.Progress {
	known := map[string]resume.Progress{}
	for id, was := range p[h.Host.Name] {
		if h.Facts == nil || was.machineID == "" || was.machineID == h.MachineID() {
			known[id] = was.Progress
		}
	}
	return known
}
