// Package queue says how the work of a run is handed out: an item is one host's
// part of a batch of a play, and is delivered until its worker says that it is
// done. Queues implement Queue; queuetest holds what all of them must do.
//
// Delivery is at least once. A worker that is slow, or whose machine's clock
// jumps, may see its item delivered to another, so what it does must bear being
// done twice. An item says where to go on and not what to do; the state has that.
//
// It imports engine/diag alone.
package queue

import (
	"context"
	"time"
)

// MaxAttempts is how often an item is delivered. One that was not done by then
// is dead-lettered, since it may be what ends its workers.
const MaxAttempts = 5

// MaxTTL is the longest claim.
const MaxTTL = 24 * time.Hour

// Item is the work of one host in a batch of a play in a run. Who puts it gives
// all up to Batch; the rest is the queue's. Times are kept in microseconds.
type Item struct {
	ID        string // unique in the queue; see ID
	Run       string
	Workspace string // path of its root
	Play      string // "" where the runbook declares none
	Host      string
	Batch     int // counts from 0

	// Put is when the item came. The clock may jump; items are ordered by their coming.
	Put time.Time
	// Attempts is how often the item was delivered, releases not counted.
	Attempts int
	// Worker was the last to get it, "" where it was given back or dead-lettered.
	Worker string
	// Until is when the claim ends, and TTL how long it is.
	Until time.Time
	TTL   time.Duration
	// DeadLettered says that the item is delivered no more, Reason why.
	DeadLettered bool
	Reason       string
}

// Filter picks items. What is empty picks all.
type Filter struct {
	Workspace string
	Run       string
	IDs       []string
}

// Queue keeps items until they are done. All methods MUST be safe for
// concurrent use, also by several processes. What a method has accepted MUST
// survive a power failure. Errors are *diag.Error with a hint, and match the
// sentinels of this package; where one is returned, nothing of that call is
// kept, unless the method says otherwise.
type Queue interface {
	// Put adds items. One whose ID is there stays as it is, whatever has become of it.
	Put(ctx context.Context, items ...Item) error
	// Claim delivers up to n items to a worker for a time, the oldest first. Items
	// whose claim has ended are delivered again; those that were delivered
	// MaxAttempts times are dead-lettered instead.
	//
	// A claim never lasts longer than its TTL from when it is looked at, so a
	// clock that is set back makes none last for ever.
	Claim(ctx context.Context, worker string, which Filter, n int, ttl time.Duration) ([]Item, error)
	// Extend has the worker's claims end a TTL from now. A claim that has ended can
	// be extended until another worker gets the item. Where the worker does not have
	// all of them, the rest is extended and the error matches ErrLost.
	Extend(ctx context.Context, worker string, ttl time.Duration, ids ...string) error
	// Complete removes items that the worker has done. What is gone already is fine;
	// where another worker has some, or none, the rest is removed and the error
	// matches ErrLost.
	Complete(ctx context.Context, worker string, ids ...string) error
	// Release gives items back that the worker has not begun; they are waiting at
	// once, and the attempt does not count. What is gone already is fine; where another
	// worker has some, or none, the rest is released and the error matches ErrLost.
	Release(ctx context.Context, worker string, ids ...string) error
	// List lists a workspace's items, the oldest first.
	List(ctx context.Context, workspace string) ([]Item, error)
	// Drop removes items of a run whoever has them, all of them where no IDs are given.
	Drop(ctx context.Context, run string, ids ...string) error
	// Close waits for what is under way. No other method may follow.
	Close() error
}
