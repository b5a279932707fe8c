package state

import (
	"context"
	"time"
)

// Leases says which runs are changing hosts: one run a host.
type Leases interface {
	// TakeLease takes a host for a run. Where another run has it, nothing changes
	// and that lease is returned, unless its run is instead: then l takes its place.
	TakeLease(ctx context.Context, l Lease, instead string) (*Lease, error)
	// Heartbeat says of all leases of a run that it is alive.
	Heartbeat(ctx context.Context, run string, now time.Time) error
	// Leases lists the leases of a workspace by host.
	Leases(ctx context.Context, workspace string) ([]Lease, error)
	// DropLeases ends the leases of a run, or that on one host where host is not "".
	DropLeases(ctx context.Context, workspace, run, host string) error
}

// HeartbeatEvery is how often a run says that it is alive, LeaseTTL how long
// a lease lasts whose process nobody can look at, after it last did.
const (
	HeartbeatEvery = 10 * time.Second
	LeaseTTL       = 60 * time.Second
)

// Lease is a run that is changing a host.
type Lease struct {
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

// ID names the lease to operators.
func (l Lease) ID() string { return l.Run + "/" + l.Host }

// Expired reports whether nothing has been heard of the lease's run for too long.
func (l Lease) Expired(now time.Time) bool { return now.Sub(l.Heartbeat) >= LeaseTTL }
