package worker

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/state"
)

// CloseDead closes runs whose process died: those that had begun to change
// something were interrupted and can be resumed, the others never started.
func CloseDead(ctx context.Context, store state.Store, workspace string, now time.Time) error {
	open, err := store.Unfinished(ctx, workspace)
	if err != nil || len(open) == 0 {
		return err
	}
	locks, err := store.LockedHosts(ctx, workspace)
	if err != nil {
		return err
	}
	var errs []error
	for i := range open {
		r := &open[i]
		if AtWork(r, locks, now) {
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

// AtWork reports whether a run's process is there. One of this machine is looked
// at; any other is believed as long as one of its locks is, and a minute at first.
func AtWork(r *state.Run, locks []state.HostLock, now time.Time) bool {
	if here := machine(); here != "" && strings.HasPrefix(r.Birth, here+"/") {
		return processOf(r.PID) == r.Birth
	}
	for i := range locks {
		if locks[i].Run == r.ID && !locks[i].Expired(now) {
			return true
		}
	}
	began := r.Started
	if r.Resumed.After(began) {
		began = r.Resumed
	}
	return now.Sub(began) < state.HostLockTTL
}

// Holds reports whether the process that has a host's lock is there. One of this machine is
// looked at; any other is believed for a minute after it was last heard of.
func Holds(l *state.HostLock, now time.Time) bool {
	if here := machine(); here != "" && strings.HasPrefix(l.Process, here+"/") {
		return processOf(l.PID) == l.Process
	}
	return !l.Expired(now)
}
