// Package lease keeps two runs from changing one host at a time. The runner
// that makes a run's changes holds a lock (flock) on a file for as long as it
// lives; the kernel frees it with the runner, however that ends. The file says
// who holds it, and is removed at a clean end.
//
// Each user has a file of its own, because nobody can write to another's: root
// in /run/froyo, others in /run/user/UID, or in /tmp where that is missing. Who
// has taken its own looks at the others that it can see. So root and any user
// exclude each other; two users neither of whom is root do not see into each
// other's folder.
//
// It imports runner/op, runner/codec and the standard library only; never fmt,
// encoding/json or net, since the runner's size is speed.
package lease

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

const (
	pace  = 100 * time.Millisecond // between two looks at a lock that is held
	tries = 50                     // to lock what others keep removing, or look at
)

// Lease is a runner's hold on its host. It may be used by several goroutines.
type Lease struct {
	root string // before all paths; "/" except in tests
	uid  int
	// grace is how long a runner that is asked to end may take.
	grace time.Duration

	mu   sync.Mutex
	file *os.File // locked, nil where nothing is held; guarded by mu
	path string   // of file
	// shared says that the run has the lease in another runner; guarded by mu.
	shared bool
}

// New returns a lease that is not taken.
func New(root string, uid int) *Lease { return &Lease{root: root, uid: uid, grace: 10 * time.Second} }

// Take takes the host for a run. It waits as long as the op says, which note is
// told. An error of the code op.CodeHeld names who has it.
func (l *Lease) Take(ctx context.Context, o *op.Lease, note func(string)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil || l.shared {
		return nil // this runner serves one run
	}
	patience := time.NewTimer(time.Duration(o.WaitMS) * time.Millisecond)
	defer patience.Stop()
	for {
		held, err := l.attempt(ctx, o)
		if err != nil || held == nil {
			return err
		}
		if o.WaitMS == 0 {
			return held.refusal()
		}
		note("waiting for " + held.who())
		select {
		case <-time.After(pace):
		case <-patience.C:
			return held.refusal()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// attempt takes the lease, or returns who has it.
func (l *Lease) attempt(ctx context.Context, o *op.Lease) (*record, error) {
	held, err := l.own(ctx, o)
	if held != nil || err != nil {
		return held, err
	}
	// Both of two runners have their own by now, so at least one sees the other's.
	for _, path := range l.others() {
		held, err := l.look(ctx, path, o)
		if held != nil || err != nil {
			l.release()
			return held, err
		}
	}
	return nil, nil
}

// own locks this user's file and writes into it who holds it.
func (l *Lease) own(ctx context.Context, o *op.Lease) (*record, error) {
	path, err := l.place()
	if err != nil {
		return nil, err
	}
	for range tries {
		f, err := open(path, l.uid)
		if errors.Is(err, syscall.ENOENT) { // its folder went with its last holder
			if path, err = l.place(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		held, err := l.lockOwn(ctx, f, path, o)
		if l.file != nil {
			return nil, nil
		}
		f.Close()
		if l.shared {
			return nil, nil
		}
		if err != nil || held != nil && held.Run != "" {
			return held, err
		}
		if held != nil { // its holder is just about to write, or is one that only looks
			time.Sleep(pace / 10)
		}
	}
	return &record{}, nil
}

// lockOwn locks the file and writes into it who holds it, or returns who does.
// Where it does neither, it is to be tried again.
func (l *Lease) lockOwn(ctx context.Context, f *os.File, path string, o *op.Lease) (*record, error) {
	if !lock(f, syscall.LOCK_EX) {
		r := read(f)
		if r.shares(o) {
			l.shared = true
			return nil, nil
		}
		if r.yields(o) {
			return nil, l.evict(ctx, f, path, r)
		}
		return &r, nil
	}
	if !same(f, path) { // its holder removed it meanwhile
		return nil, nil
	}
	if err := newRecord(o).write(f); err != nil {
		return nil, errors.New("write the lease " + path + ": " + err.Error())
	}
	l.file, l.path = f, path
	return nil, nil
}

// look returns who holds another user's lease, or nil where nobody does, or it
// cannot be seen.
func (l *Lease) look(ctx context.Context, path string, o *op.Lease) (*record, error) {
	for range tries {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, nil //nolint:nilerr // none, or none that this user may see
		}
		if !regular(f) || lock(f, syscall.LOCK_SH) {
			f.Close()
			return nil, nil
		}
		r := read(f)
		if r.shares(o) {
			f.Close()
			return nil, nil
		}
		if !r.yields(o) {
			f.Close()
			return &r, nil
		}
		err = l.evict(ctx, f, path, r)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return &record{}, nil
}

// Check reports that another run has taken the host from this one. Without a
// lease there is nothing to lose.
func (l *Lease) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || same(l.file, l.path) {
		return nil
	}
	return &op.Error{
		Class: op.Conflict, Code: op.CodeBroken,
		Message: "another run has broken this one's lease of the host, so nothing more is done",
	}
}

// Release ends the lease and removes its file.
func (l *Lease) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// release removes the file while it is locked: whoever has it open by then
// finds, once it gets the lock, that the file is not at its path any more.
func (l *Lease) release() {
	if l.file == nil {
		return
	}
	if same(l.file, l.path) {
		_ = os.Remove(l.path) // what cannot be removed says nothing without its lock
		l.tidy()
	}
	l.file.Close()
	l.file = nil
}
