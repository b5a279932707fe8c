package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fault"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/worker"
)

// Items keeps in the workspace's queue what hosts have still to do in a run. What the
// state says counts; the queue is brought in line with it at first use.
type Items struct {
	queue     queue.Queue
	store     state.Store
	workspace string
	run       string
	resumed   bool
	worker    string

	settling sync.Once
	unusable error // why it could not be brought in line

	mu     sync.Mutex
	taken  []string // IDs that this worker has
	ended  []string // of those, what it is through with
	back   []string // of those, what it gives back
	wake   chan struct{}
	over   sync.WaitGroup
	closed chan struct{}
	lost   error
}

var _ rollout.WorkQueue = (*Items)(nil)

// NewItems returns what keeps the work items of a run. Nothing is opened before the first.
// resumed says that the run had begun before.
func NewItems(q queue.Queue, store state.Store, workspace, run string, resumed bool, by worker.Identity) *Items {
	return &Items{
		queue: q, store: store, workspace: workspace, run: run, resumed: resumed, worker: by.String(),
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// itemTTL is how long an item is this worker's without its saying so again.
const itemTTL = 60 * time.Second

// Claim implements rollout.WorkQueue.
func (s *Items) Claim(ctx context.Context, b rollout.Batch, hosts []string) (map[string]error, error) {
	s.settling.Do(func() {
		s.unusable = settle(ctx, s.queue, s.store, s.workspace, s.run)
		if s.unusable == nil {
			s.over.Go(s.keep)
		}
	})
	if s.unusable != nil {
		return nil, s.unusable
	}
	items := make([]queue.Item, len(hosts))
	ids := make([]string, len(hosts))
	for i, host := range hosts {
		ids[i] = s.id(b, host)
		items[i] = queue.Item{
			ID: ids[i], Run: s.run, Workspace: s.workspace, Play: b.Play, Host: host, Batch: b.Index,
		}
	}
	fault.Point("put shares")
	if err := s.queue.Put(ctx, items...); err != nil {
		return nil, err
	}
	fault.Point("take shares")
	got, err := s.queue.Claim(ctx, s.worker, queue.Filter{IDs: ids}, len(ids), itemTTL)
	if err != nil {
		return nil, err
	}
	fault.Point("have shares")
	s.mu.Lock()
	defer s.mu.Unlock()
	refused := map[string]error{}
	for i, host := range hosts {
		if slices.ContainsFunc(got, func(item queue.Item) bool { return item.ID == ids[i] }) {
			s.taken = append(s.taken, ids[i])
			continue
		}
		refused[host] = s.withheld(host)
	}
	return refused, nil
}

func (s *Items) id(b rollout.Batch, host string) string {
	return queue.ID(s.run, b.Index, b.Play, host)
}

// withheld is why a host's item cannot be had: no other worker has those of a run.
func (s *Items) withheld(host string) error {
	return (&diag.Error{
		Summary: fmt.Sprintf("its part of the run was begun %d times and never ended, so it is dead-lettered", queue.MaxAttempts), Host: host, Code: diag.Failed,
	}).WithHint("froyo queue list shows it; fix what ends froyo, then: froyo queue drop %s; froyo resume %s", s.run, s.run)
}

// Complete implements rollout.WorkQueue.
func (s *Items) Complete(b rollout.Batch, host string) { s.note(&s.ended, s.id(b, host)) }

// Release implements rollout.WorkQueue.
func (s *Items) Release(b rollout.Batch, host string) { s.note(&s.back, s.id(b, host)) }

func (s *Items) note(list *[]string, id string) {
	s.mu.Lock()
	*list = append(*list, id)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// keep tells the queue what is through, many hosts at once, and that the rest is
// still at work, until close.
func (s *Items) keep() {
	tick := time.NewTicker(itemTTL / 4)
	defer tick.Stop()
	for {
		select {
		case <-s.wake:
			s.flush()
		case <-tick.C:
			s.extend()
		case <-s.closed:
			s.flush()
			return
		}
	}
}

// flush tells the queue what is through. Should that fail, the run goes on: the
// state knows better, and the end tells.
func (s *Items) flush() {
	s.mu.Lock()
	ended, back := s.ended, s.back
	s.ended, s.back = nil, nil
	s.taken = slices.DeleteFunc(s.taken, func(id string) bool { return slices.Contains(ended, id) || slices.Contains(back, id) })
	s.mu.Unlock()
	ctx := context.Background()
	if len(ended) > 0 {
		fault.Point("end shares")
		s.miss(s.queue.Complete(ctx, s.worker, ended...))
		fault.Point("ended shares")
	}
	if len(back) > 0 {
		s.miss(s.queue.Release(ctx, s.worker, back...))
	}
}

func (s *Items) extend() {
	s.mu.Lock()
	taken := slices.Clone(s.taken)
	s.mu.Unlock()
	if len(taken) > 0 {
		s.miss(s.queue.Extend(context.Background(), s.worker, itemTTL, taken...))
	}
}

// miss keeps the first error. What was dropped by hand meanwhile is no error.
func (s *Items) miss(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.lost == nil && !errors.Is(err, queue.ErrLost) {
		s.lost = err
	}
}

// Close tells the queue the rest. What is left of a run that was resumed and has
// succeeded was of its first attempt.
func (s *Items) Close(ctx context.Context, succeeded bool) error {
	close(s.closed)
	s.over.Wait()
	err := s.lost
	if succeeded && s.resumed {
		err = errors.Join(err, s.queue.Drop(context.WithoutCancel(ctx), s.run))
	}
	return errors.Join(err, s.queue.Close())
}
