// Package bolt keeps a queue in a bbolt file. bbolt lets one process have the
// file, and several froyos of a workspace share it, so it is opened for the
// time of each call and never held in between.
//
// It imports engine/queue.
package bolt

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/queue"
)

// Queue implements queue.Queue.
type Queue struct {
	path string
	now  func() time.Time
	wait time.Duration
	turn chan struct{} // holds a token while a call is under way
}

var _ queue.Queue = (*Queue)(nil)

// patience is how long a call waits for other processes to close the file.
const patience = 5 * time.Second

// New returns the queue in a file. The file is made when the first items are
// put; until then there is nothing in the queue. Only local file systems will do.
func New(path string, now func() time.Time) *Queue {
	return &Queue{path: path, now: now, wait: patience, turn: make(chan struct{}, 1)}
}

// Put implements queue.Queue.
func (q *Queue) Put(ctx context.Context, items ...queue.Item) error {
	for i := range items {
		if err := items[i].Check(); err != nil {
			return misuse(err)
		}
	}
	if len(items) == 0 {
		return ctx.Err()
	}
	now := q.now().UTC().Truncate(time.Microsecond)
	return q.use(ctx, making, func(tx *bbolt.Tx) error {
		t := tableOf(tx)
		for _, i := range items {
			if t.ids.Get([]byte(i.ID)) != nil {
				continue
			}
			fresh := queue.Item{ID: i.ID, Run: i.Run, Workspace: i.Workspace, Play: i.Play, Host: i.Host, Batch: i.Batch, Put: now}
			if err := t.add(&fresh); err != nil {
				return err
			}
		}
		return nil
	})
}

// Claim implements queue.Queue.
func (q *Queue) Claim(ctx context.Context, worker string, which queue.Filter, n int, ttl time.Duration) (got []queue.Item, err error) {
	if err := queue.CheckClaim(worker, ttl); err != nil {
		return nil, misuse(err)
	}
	if n <= 0 {
		return nil, ctx.Err()
	}
	now := q.now()
	err = q.use(ctx, writing, func(tx *bbolt.Tx) error {
		t := tableOf(tx)
		var changed []*entry
		err := t.visit(&which, func(e *entry) bool {
			outcome := e.item.Deliver(worker, now, ttl)
			if outcome != queue.Kept {
				changed = append(changed, e)
			}
			if outcome == queue.Delivered {
				got = append(got, e.item)
			}
			return len(got) < n
		})
		return errors.Join(err, t.set(changed...))
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Extend implements queue.Queue.
func (q *Queue) Extend(ctx context.Context, worker string, ttl time.Duration, ids ...string) error {
	if err := queue.CheckClaim(worker, ttl); err != nil {
		return misuse(err)
	}
	now := q.now()
	return q.each(ctx, worker, ids, true, func(t *table, e *entry) error {
		e.item.Extend(now, ttl)
		return t.set(e)
	})
}

// Complete implements queue.Queue.
func (q *Queue) Complete(ctx context.Context, worker string, ids ...string) error {
	return q.each(ctx, worker, ids, false, func(t *table, e *entry) error { return t.remove(e) })
}

// Release implements queue.Queue.
func (q *Queue) Release(ctx context.Context, worker string, ids ...string) error {
	return q.each(ctx, worker, ids, false, func(t *table, e *entry) error {
		e.item.Release()
		return t.set(e)
	})
}

// each does something with the items of a worker. Those that it does not have
// are lost to it, and where needed says so, those that are gone as well.
func (q *Queue) each(ctx context.Context, worker string, ids []string, needed bool, do func(*table, *entry) error) error {
	if len(ids) == 0 {
		return ctx.Err()
	}
	there := false
	var lost []string
	err := q.use(ctx, writing, func(tx *bbolt.Tx) error {
		there = true
		t := tableOf(tx)
		for _, id := range unique(ids) {
			e, err := t.get(id)
			switch {
			case err != nil:
				return err
			case e == nil && !needed:
			case e == nil || worker == "" || e.item.Worker != worker:
				lost = append(lost, id)
			default:
				if err := do(t, e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if !there && needed {
		lost = ids
	}
	if err == nil && len(lost) > 0 {
		return queue.Lost(worker, lost)
	}
	return err
}

// List implements queue.Queue.
func (q *Queue) List(ctx context.Context, workspace string) (items []queue.Item, err error) {
	err = q.use(ctx, reading, func(tx *bbolt.Tx) error {
		return tableOf(tx).visit(&queue.Filter{}, func(e *entry) bool {
			if e.item.Workspace == workspace {
				items = append(items, e.item)
			}
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Drop implements queue.Queue.
func (q *Queue) Drop(ctx context.Context, run string, ids ...string) error {
	if run == "" {
		return misuse(errors.New("no run is named"))
	}
	return q.use(ctx, writing, func(tx *bbolt.Tx) error {
		t := tableOf(tx)
		var doomed []*entry
		err := t.visit(&queue.Filter{Run: run, IDs: ids}, func(e *entry) bool {
			doomed = append(doomed, e)
			return true
		})
		return errors.Join(err, t.remove(doomed...))
	})
}

// Close implements queue.Queue.
func (q *Queue) Close() error {
	q.turn <- struct{}{}
	return nil
}

// misuse says what is wrong with the arguments of a call.
func misuse(err error) error {
	return (&diag.Error{Summary: "queue: " + err.Error(), Cause: err}).WithHint("nothing was queued or changed")
}
