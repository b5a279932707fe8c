package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fault"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/state"
)

// shares keeps in the workspace's queue what hosts have still to do in a run.
// What the state says counts; the queue is brought in line with it at first use.
type shares struct {
	run    *run
	queue  queue.Queue
	worker string

	agree sync.Once
	odd   error // why it could not be brought in line

	mu     sync.Mutex
	taken  []string // IDs that this worker has
	ended  []string // of those, what it is through with
	back   []string // of those, what it gives back
	wake   chan struct{}
	over   sync.WaitGroup
	closed chan struct{}
	lost   error
}

var _ apply.Shares = (*shares)(nil)

// shares makes what keeps the run's shares. Nothing is opened before the first.
func (r *run) shares() *shares {
	return &shares{
		run: r, queue: openQueue(r.workspace), worker: whoAndWhere() + ", process " + strconv.Itoa(os.Getpid()),
		wake: make(chan struct{}, 1), closed: make(chan struct{}),
	}
}

// shareTTL is how long a share is this worker's without its saying so again.
const shareTTL = 60 * time.Second

// Take implements apply.Shares.
func (s *shares) Take(ctx context.Context, b apply.Batch, hosts []string) (map[string]error, error) {
	s.agree.Do(func() {
		s.odd = settleQueue(ctx, s.queue, s.run.record.store, s.run.record.workspace, s.run.record.id)
		if s.odd == nil {
			s.over.Go(s.keep)
		}
	})
	if s.odd != nil {
		return nil, s.odd
	}
	items := make([]queue.Item, len(hosts))
	ids := make([]string, len(hosts))
	for i, host := range hosts {
		ids[i] = s.id(b, host)
		items[i] = queue.Item{
			ID: ids[i], Run: s.run.record.id, Workspace: s.run.record.workspace, Play: b.Play, Host: host, Batch: b.Index,
		}
	}
	fault.Point("put shares")
	if err := s.queue.Put(ctx, items...); err != nil {
		return nil, err
	}
	fault.Point("take shares")
	got, err := s.queue.Lease(ctx, s.worker, queue.Filter{IDs: ids}, len(ids), shareTTL)
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

func (s *shares) id(b apply.Batch, host string) string {
	return queue.ID(s.run.record.id, b.Index, b.Play, host)
}

// withheld is why a host's share cannot be had: no other worker has those of a run.
func (s *shares) withheld(host string) error {
	return (&diag.Error{
		Summary: fmt.Sprintf("its share of the run was begun %d times and never ended, so it is set aside", queue.MaxAttempts), Host: host, Code: diag.Failed,
	}).WithHint("froyo queue list shows it; find out what ends froyo, then: froyo queue drop %s; froyo resume %s", s.run.record.id, s.run.record.id)
}

// Done implements apply.Shares.
func (s *shares) Done(b apply.Batch, host string) { s.note(&s.ended, s.id(b, host)) }

// Return implements apply.Shares.
func (s *shares) Return(b apply.Batch, host string) { s.note(&s.back, s.id(b, host)) }

func (s *shares) note(list *[]string, id string) {
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
func (s *shares) keep() {
	tick := time.NewTicker(shareTTL / 4)
	defer tick.Stop()
	for {
		select {
		case <-s.wake:
			s.settle()
		case <-tick.C:
			s.extend()
		case <-s.closed:
			s.settle()
			return
		}
	}
}

// settle tells the queue what is through. Should that fail, the run goes on: the
// state knows better, and the end tells.
func (s *shares) settle() {
	s.mu.Lock()
	ended, back := s.ended, s.back
	s.ended, s.back = nil, nil
	s.taken = slices.DeleteFunc(s.taken, func(id string) bool { return slices.Contains(ended, id) || slices.Contains(back, id) })
	s.mu.Unlock()
	ctx := context.Background()
	if len(ended) > 0 {
		fault.Point("end shares")
		s.miss(s.queue.Ack(ctx, s.worker, ended...))
		fault.Point("ended shares")
	}
	if len(back) > 0 {
		s.miss(s.queue.Release(ctx, s.worker, back...))
	}
}

func (s *shares) extend() {
	s.mu.Lock()
	taken := slices.Clone(s.taken)
	s.mu.Unlock()
	if len(taken) > 0 {
		s.miss(s.queue.Extend(context.Background(), s.worker, shareTTL, taken...))
	}
}

// miss keeps the first error. What was dropped by hand meanwhile is no error.
func (s *shares) miss(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.lost == nil && !errors.Is(err, queue.ErrLost) {
		s.lost = err
	}
}

// close tells the queue the rest. What is left of a run that was gone on with and
// has come to its end was of its first attempt.
func (s *shares) close(ctx context.Context, well bool) error {
	close(s.closed)
	s.over.Wait()
	err := s.lost
	if well && s.run.job != nil && s.run.resumed != nil {
		err = errors.Join(err, s.queue.Drop(context.WithoutCancel(ctx), s.run.record.id))
	}
	return errors.Join(err, s.queue.Close())
}

// settleQueue brings the queue in line with what the state says of its runs:
// what belongs to runs that nobody goes on with is dropped, and what a dead
// process had is on offer again, its attempt counted.
func settleQueue(ctx context.Context, q queue.Queue, store state.Store, workspace, own string) error {
	items, err := q.List(ctx, workspace)
	if err != nil || len(items) == 0 {
		return err
	}
	runs, err := store.Runs(ctx, workspace, -1)
	if err != nil {
		return err
	}
	leases, err := store.Leases(ctx, workspace)
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
		case r == nil || i.Run != own && !r.Resumable && (r.Status != state.Running || !atWork(r, leases, now)):
			err = errors.Join(err, q.Drop(ctx, i.Run, i.ID))
		case i.Worker != "" && i.Leased(now) && (i.Run == own || r.Status != state.Running):
			dead[i.Worker] = append(dead[i.Worker], i.ID)
		}
	}
	for worker, ids := range dead {
		// A lease that ends at once is one whose worker is gone.
		if lost := q.Extend(ctx, worker, time.Microsecond, ids...); !errors.Is(lost, queue.ErrLost) {
			err = errors.Join(err, lost)
		}
	}
	return err
}
