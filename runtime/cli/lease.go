package cli

import (
	"context"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
)

// leases takes hosts for a run before its first change: in the store, so that runs
// of this workspace see each other before they go to the host, and on the host,
// so that all runs do.
type leases struct {
	run   *run
	wait  time.Duration
	began time.Time
	owner string
	stop  <-chan struct{} // closed where nothing more shall begin

	any  atomic.Bool // one was taken
	beat sync.Once
	end  context.CancelFunc
	over sync.WaitGroup
	life context.Context // of the heartbeat
}

// leases makes what takes hosts for the run, and waits for others at most so long.
func (r *run) leases(wait time.Duration) *leases {
	l := &leases{run: r, wait: wait, began: r.record.began, owner: whoAndWhere()}
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

// whoAndWhere names the operator: alice@laptop.
func whoAndWhere() string {
	host, err := os.Hostname()
	if err != nil {
		return operator()
	}
	return operator() + "@" + host
}

// look is how often a lease in the store is looked at that is waited for.
const look = 250 * time.Millisecond

// take takes a host in the store, and gives what it is to be taken with on the host itself.
func (l *leases) take(ctx context.Context, h *plan.Host, s *plan.Step) (*apply.Lease, error) {
	until := time.Now().Add(l.wait)
	for {
		held, err := l.attempt(ctx, h.Host.Name)
		if err != nil {
			return nil, err
		}
		if held == nil {
			break
		}
		if !time.Now().Before(until) {
			return nil, apply.Held(h.Host.Name, op.Holder{Run: held.Run, Owner: held.Owner, Since: held.Acquired.UnixMilli()})
		}
		l.run.notes.take(h.Host.Name, s.Unit.ID.Sent(), "waiting for "+held.Owner+", run "+held.Run)
		select {
		case <-time.After(look):
		case <-l.stop:
			return nil, &diag.Error{Summary: "interrupted", Host: h.Host.Name, Code: diag.Interrupted}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &apply.Lease{User: h.Host.ActsAs(), Op: op.Lease{
		Run: l.run.record.id, Owner: l.owner, Since: l.began.UnixMilli(), Token: time.Now().UnixMilli(), Name: h.Host.Name,
		WaitMS: max(0, time.Until(until).Milliseconds()),
	}}, nil
}

// attempt takes a host in the store, or returns whose it is. A lease whose
// process is gone gives way.
func (l *leases) attempt(ctx context.Context, host string) (*state.Lease, error) {
	record, now := l.run.record, time.Now()
	mine := state.Lease{
		Workspace: record.workspace, Host: host, Run: record.id, Owner: l.owner, PID: os.Getpid(), Process: self(),
		Acquired: l.began, Heartbeat: now,
	}
	held, err := record.store.TakeLease(ctx, mine, "")
	if err == nil && held != nil && !alive(held, now) {
		held, err = record.store.TakeLease(ctx, mine, held.Run)
	}
	if err == nil && held == nil {
		l.any.Store(true)
		l.beat.Do(func() { l.over.Go(l.heartbeat) })
	}
	return held, err
}

// heartbeat says of all hosts at once that the run is alive. Where that cannot
// be kept the run goes on: on each host its runner holds the lease.
func (l *leases) heartbeat() {
	tick := time.NewTicker(state.HeartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := l.run.record.store.Heartbeat(l.life, l.run.record.id, time.Now()); err != nil && l.life.Err() == nil {
				l.run.env.errors.Warnings([]*diag.Error{{Summary: "the locks' heartbeat was not kept: " + err.Error(), Cause: err}})
			}
		case <-l.life.Done():
			return
		}
	}
}

// close gives the hosts back in the store; their runners do so as they end.
func (l *leases) close(ctx context.Context) error {
	l.end()
	l.over.Wait()
	if !l.any.Load() {
		return nil
	}
	record := l.run.record
	return record.store.DropLeases(context.WithoutCancel(ctx), record.workspace, record.id, "")
}
