// Package claim takes what a worker needs of a run for itself: the locks of hosts in the store, which a
// heartbeat keeps, and work items of the queue, which is brought in line with the store.
//
// It imports engine/hostlock, engine/rollout, engine/state, engine/queue and engine/worker.
package claim

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runner/op"
)

// Hosts locks hosts for a run before its first change: in the store, so that runs of
// this workspace see each other before they go to the host, and on the host, so that
// all runs do. All fields but Stop must be set before the first use.
type Hosts struct {
	Store     state.Store
	Workspace string
	Run       string
	Worker    worker.Identity
	// Wait is how long other runs are waited for.
	Wait time.Duration
	// Stop is closed where nothing more shall begin.
	Stop <-chan struct{}
	// Waiting is told what a unit's host waits for.
	Waiting func(host, unit, text string)
	// Warn is told what is no error.
	Warn func(*diag.Error)

	any  atomic.Bool // one was locked
	beat sync.Once
	end  context.CancelFunc
	over sync.WaitGroup
	life context.Context // of the heartbeat
}

var _ hostlock.Locker = (*Hosts)(nil)

// look is how often a lock in the store is looked at that is waited for.
const look = 250 * time.Millisecond

// Acquire implements hostlock.Locker: it locks a host in the store, and gives the lock to
// be acquired on the host itself.
func (l *Hosts) Acquire(ctx context.Context, h *plan.Host, s *plan.Step) (*hostlock.Lock, error) {
	until := time.Now().Add(l.Wait)
	for {
		held, err := l.attempt(ctx, h.Host.Name)
		if err != nil {
			return nil, err
		}
		if held == nil {
			break
		}
		if !time.Now().Before(until) {
			return nil, hostlock.Held(h.Host.Name, op.Holder{Run: held.Run, Owner: held.Owner, Since: held.Acquired.UnixMilli(), Trusted: true})
		}
		l.Waiting(h.Host.Name, s.Unit.ID.Sent(), "waiting for "+held.Owner+", run "+held.Run)
		select {
		case <-time.After(look):
		case <-l.Stop:
			return nil, &diag.Error{Summary: "interrupted", Host: h.Host.Name, Code: diag.Interrupted}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &hostlock.Lock{User: h.Host.ActsAs(), Op: op.Lock{
		Run: l.Run, Owner: l.Worker.Owner(), Since: time.Now().UnixMilli(), Token: time.Now().UnixMilli(), Name: h.Host.Name,
		WaitMS: max(0, time.Until(until).Milliseconds()),
	}}, nil
}

// attempt locks a host in the store, or returns whose it is. A lock whose
// process is gone gives way.
func (l *Hosts) attempt(ctx context.Context, host string) (*state.HostLock, error) {
	now := time.Now()
	mine := state.HostLock{
		Workspace: l.Workspace, Host: host, Run: l.Run, Owner: l.Worker.Owner(), PID: l.Worker.Process.PID, Process: l.Worker.Process.Birth,
		Acquired: now, Heartbeat: now,
	}
	held, err := l.Store.LockHost(ctx, mine, "")
	if err == nil && held != nil && !worker.Holds(held, now) {
		held, err = l.Store.LockHost(ctx, mine, held.Run)
	}
	if err == nil && held == nil {
		l.beat.Do(func() {
			l.life, l.end = context.WithCancel(context.Background())
			l.over.Go(l.heartbeat)
		})
		l.any.Store(true)
	}
	return held, err
}

// heartbeat says of all hosts at once that the run is alive. Where that cannot
// be kept the run goes on: on each host its runner holds the lock.
func (l *Hosts) heartbeat() {
	tick := time.NewTicker(state.HeartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.Store.Heartbeat(l.life, l.Run, time.Now()); err != nil && l.life.Err() == nil {
				l.Warn(&diag.Error{Summary: "the locks' heartbeat was not kept: " + err.Error(), Cause: err})
			}
		case <-l.life.Done():
			return
		}
	}
}

// Release gives the hosts back in the store; their runners do so as they end.
func (l *Hosts) Release(ctx context.Context) error {
	if !l.any.Load() {
		return nil
	}
	l.end()
	l.over.Wait()
	return l.Store.UnlockHosts(context.WithoutCancel(ctx), l.Workspace, l.Run, "")
}
