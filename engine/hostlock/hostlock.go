// Package hostlock says which run has a host: a host is locked before its first
// change, and no other run changes it until the runner that holds the lock ends.
//
// It imports engine/plan and what that imports.
package hostlock

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Lock is what a host is locked with before its first change.
type Lock struct {
	Op   op.Lock
	User string // whose runner holds it
}

// Locker decides whether a run may lock a host.
type Locker interface {
	// Acquire locks a host for the run wherever the run's workspace keeps its
	// locks, just before the host's first change, which is the step's, and gives
	// the lock to be acquired on the host itself. It may wait for another run. On
	// an error the host must not be changed.
	Acquire(ctx context.Context, h *plan.Host, s *plan.Step) (*Lock, error)
}

// acquireTimeout bounds acquiring a lock, beside the time that it waits for another run.
const acquireTimeout = time.Minute

// HostLock is the lock of one host in a run. Its methods must not be called by
// several goroutines at once, but for Request.
type HostLock struct {
	locker Locker
	host   *plan.Host
	held   bool
}

// New is the lock of a host that is not locked yet. Where locker is nil, the
// host is changed without a lock.
func New(locker Locker, h *plan.Host) *HostLock { return &HostLock{locker: locker, host: h} }

// Needed reports whether the host must still be locked before it is changed.
func (l *HostLock) Needed() bool { return l.locker != nil && !l.held }

// Held reports whether the run has locked the host.
func (l *HostLock) Held() bool { return l.held }

// Request gives the op that locks the host, to be sent ahead of its first
// change. On an error the host must not be changed.
func (l *HostLock) Request(ctx context.Context, s *plan.Step) (target.Step, error) {
	lock, err := l.locker.Acquire(ctx, l.host, s)
	if err != nil {
		return target.Step{}, err
	}
	return lock.send(s.Unit.ID.Local()), nil
}

// Acquired takes over what came of Request's op. An error is that the host is
// another run's, or that it could not be locked.
func (l *HostLock) Acquired(o target.Outcome) error {
	if e := o.Result.Error; e != nil {
		return refusal(l.host.Host.Name, e)
	}
	l.held = o.Ran
	return nil
}

// Adopt locks a host that an earlier attempt of the run changed and that needs
// no change any more: so its runner belongs to the run, and removes the run's
// journal as it ends. Where another run has the host, that one's runner does.
func (l *HostLock) Adopt(ctx context.Context, s *plan.Step) {
	lock, err := l.locker.Acquire(ctx, l.host, s)
	if err != nil {
		return
	}
	lock.Op.WaitMS = 0
	// A host that is lost by now keeps a file in memory.
	_, _ = l.host.Target.Run(ctx, []target.Step{lock.send(s.Unit.ID.Local())})
}

// send is the lock as it is sent to the host.
func (l *Lock) send(unit string) target.Step {
	wait := time.Duration(l.Op.WaitMS) * time.Millisecond
	return target.Step{Op: op.Op{Lock: &l.Op}, User: l.User, Unit: unit, Timeout: wait + acquireTimeout}
}
