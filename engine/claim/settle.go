package claim

import (
	"context"
	"errors"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/worker"
)

// settle brings the queue in line with what the state says of its runs:
// what belongs to runs that cannot be resumed is dropped, and what a dead
// process had is on offer again, its attempt counted.
func settle(ctx context.Context, q queue.Queue, store state.Store, workspace, own string) error {
	items, err := q.List(ctx, workspace)
	if err != nil || len(items) == 0 {
		return err
	}
	runs, err := store.Runs(ctx, workspace, -1)
	if err != nil {
		return err
	}
	locks, err := store.LockedHosts(ctx, workspace)
	if err != nil {
		return err
	}
	known := map[string]*state.Run{}
	for i := range runs {
		known[runs[i].ID] = &runs[i]
	}
	now := time.Now()
	dead := map[string][]string{} // worker → IDs
	for _, i := range items {
		r := known[i.Run]
		switch {
		case r == nil || i.Run != own && !r.Resumable && (r.Status != state.Running || !worker.AtWork(r, locks, now)):
			err = errors.Join(err, q.Drop(ctx, i.Run, i.ID))
		case i.Worker != "" && i.Claimed(now) && (i.Run == own || r.Status != state.Running):
			dead[i.Worker] = append(dead[i.Worker], i.ID)
		}
	}
	for name, ids := range dead {
		// A claim that ends at once is one whose worker is gone.
		if lost := q.Extend(ctx, name, time.Microsecond, ids...); !errors.Is(lost, queue.ErrLost) {
			err = errors.Join(err, lost)
		}
	}
	return err
}
