package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
)

// settleDead closes runs whose process died: those that had begun to change
// something were interrupted and can be gone on with, the others never started.
func settleDead(ctx context.Context, store state.Store, workspace string, now time.Time) error {
	open, err := store.Unfinished(ctx, workspace)
	if err != nil || len(open) == 0 {
		return err
	}
	leases, err := store.Leases(ctx, workspace)
	if err != nil {
		return err
	}
	var errs []error
	for i := range open {
		r := &open[i]
		if atWork(r, leases, now) {
			continue
		}
		end := state.End{Ended: now, Status: state.NeverStarted, Code: diag.Interrupted}
		if r.Resumable {
			end.Status = state.Interrupted
		}
		errs = append(errs, store.EndDead(ctx, r.ID, r.Process, end))
	}
	return errors.Join(errs...)
}

// atWork reports whether a run's process is there. One of this machine is looked
// at; any other is believed as long as one of its leases is, and a minute at first.
func atWork(r *state.Run, leases []state.Lease, now time.Time) bool {
	if here := machine(); here != "" && strings.HasPrefix(r.Birth, here+"/") {
		return processOf(r.PID) == r.Birth
	}
	for i := range leases {
		if leases[i].Run == r.ID && !leases[i].Expired(now) {
			return true
		}
	}
	began := r.Started
	if r.Resumed.After(began) {
		began = r.Resumed
	}
	return now.Sub(began) < state.LeaseTTL
}
