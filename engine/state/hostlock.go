package state

import (
	"context"
	"time"
)

// HostLocks says which runs are changing hosts: one run a host.
type HostLocks interface {
	// LockHost takes a host for a run. Where another run has it, nothing changes
	// and that lock is returned, unless its run is instead: then l takes its place.
	LockHost(ctx context.Context, l HostLock, instead string) (*HostLock, error)
	// Heartbeat says of all locks of a run that it is alive.
	Heartbeat(ctx context.Context, run string, now time.Time) error
	// LockedHosts lists the locks of a workspace by host.
	LockedHosts(ctx context.Context, workspace string) ([]HostLock, error)
	// UnlockHosts ends the locks of a run, or that on one host where host is not "".
	UnlockHosts(ctx context.Context, workspace, run, host string) error
}

// HeartbeatEvery is how often a run says that it is alive, HostLockTTL how long
// a lock lasts whose process cannot be looked at, after it last did.
const (
	HeartbeatEvery = 10 * time.Second
	HostLockTTL    = 60 * time.Second
)

// HostLock is a run that is changing a host.
type HostLock struct {
	Workspace string
	Host      string
	Run       string
	Owner     string // alice@laptop
	PID       int
	// Process tells the process from all others that its machine had, "" where that is not known.
	Process   string
	Acquired  time.Time
	Heartbeat time.Time
}

// ID names the lock to operators.
func (l HostLock) ID() string { return l.Run + "/" + l.Host }

// Expired reports whether nothing has been heard of the lock's run for too long.
func (l HostLock) Expired(now time.Time) bool { return now.Sub(l.Heartbeat) >= HostLockTTL }
