// Package lockfile keeps two runs from changing one host at a time: the runner
// that makes a run's changes holds a lock (flock) on a file for as long as it
// lives; the kernel frees it with the runner, however that ends. The file says
// who holds it, and is removed at a clean end.
//
// Each user has a file of its own, because no user can write to another's: root
// in /run/froyo, others in /tmp, where all can read it, or in /run/user/UID where
// /tmp is of no use. Who has locked its own looks at all others that it can see. So
// any two users exclude each other, but for those of whom one has a /tmp of its own
// and the other is not root. Another user's lock only ever keeps a run waiting, and
// the answer says whose file it is.
//
// A run's other runners on the machine, those of other users, depend on the lock
// (Watch): before each change they look whether their run still has it.
//
// It imports runner/op, runner/codec and the standard library only; never fmt,
// encoding/json or net, since the runner's size is speed.
package lockfile

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

// Lock is one runner's lock of its host. It may be used by several goroutines.
type Lock struct {
	root string // before all paths; "/" except in tests
	uid  int
	// grace is how long a runner that is asked to end may take.
	grace time.Duration

	mu   sync.Mutex
	file *os.File // locked, nil where nothing is held; guarded by mu
	path string   // of file
	run  string   // that holds it
	// dependsOn is another runner's lock that all changes depend on; guarded by mu.
	dependsOn *dependency
}

// New returns a lock that is not held.
func New(root string, uid int) *Lock { return &Lock{root: root, uid: uid, grace: 10 * time.Second} }

// Acquire locks the host for a run. It waits as long as the op says, which note is
// told, and reports whether it did: a lock that this runner holds already stays as it
// is. An error of the code op.CodeHeld names who has it.
func (l *Lock) Acquire(ctx context.Context, o *op.Lock, note func(string)) (acquired bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil || l.dependsOn != nil {
		return false, l.check() // this runner serves one run
	}
	patience := time.NewTimer(time.Duration(o.WaitMS) * time.Millisecond)
	defer patience.Stop()
	for {
		held, err := l.attempt(ctx, o)
		if err != nil || held == nil {
			return err == nil, err
		}
		if held.shares(o) {
			return false, held.twice()
		}
		if o.WaitMS == 0 {
			return false, held.refusal()
		}
		note("waiting for " + held.who())
		select {
		case <-time.After(pace):
		case <-patience.C:
			return false, held.refusal()
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// attempt acquires the lock, or returns who has it.
func (l *Lock) attempt(ctx context.Context, o *op.Lock) (*record, error) {
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
	if o.Shared != nil && l.dependsOn == nil {
		l.release()
		return nil, unseen(o.Shared)
	}
	return nil, nil
}

// own locks this user's file and writes into it who holds it.
func (l *Lock) own(ctx context.Context, o *op.Lock) (*record, error) {
	last := record{Holder: op.Holder{UID: l.uid, Trusted: true}}
	var gone error
	for range tries {
		f, path, err := l.openOwn()
		if gone = nil; errors.Is(err, syscall.ENOENT) { // its directory went with its last holder, or there is none
			gone = err
			continue
		}
		if err != nil {
			return nil, err
		}
		held, err := l.lockOwn(ctx, f, path, o)
		if l.file == f || l.dependsOn != nil {
			return nil, nil
		}
		f.Close()
		if err != nil || held != nil && held.Run != "" && !l.fleeting(path, held) {
			return held, err
		}
		if held != nil { // its holder is just about to write, or is one that only looks
			last = *held
			time.Sleep(pace / 10)
		}
	}
	if gone != nil {
		return nil, errors.New("no place for the host lock: " + gone.Error())
	}
	return &last, nil
}

// lockOwn locks the file and writes into it who holds it, or returns who does.
// Where it does neither, it is to be tried again.
func (l *Lock) lockOwn(ctx context.Context, f *os.File, path string, o *op.Lock) (*record, error) {
	if !lock(f, syscall.LOCK_EX) {
		r := l.read(f)
		switch {
		case r.is(o.Shared):
			l.depend(*o.Shared, f, path)
			return nil, nil
		case r.yields(o):
			return nil, l.evict(ctx, f, path, r)
		}
		return &r, nil
	}
	if !same(f, path) { // its holder removed it meanwhile
		return nil, nil
	}
	if err := newRecord(o).write(f); err != nil {
		return nil, errors.New("write the host lock " + path + ": " + err.Error())
	}
	l.file, l.path, l.run = f, path, o.Run
	return nil, nil
}

// look returns who holds another user's lock, or nil where no runner does, or it
// cannot be seen.
func (l *Lock) look(ctx context.Context, path string, o *op.Lock) (*record, error) {
	var last record
	for range tries {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, nil //nolint:nilerr // none, or none that this user may see
		}
		if !regular(f) || lock(f, syscall.LOCK_SH) {
			f.Close()
			return nil, nil
		}
		r := l.read(f)
		if r.is(o.Shared) {
			l.depend(*o.Shared, f, path)
			return nil, nil
		}
		if !r.yields(o) {
			f.Close()
			if l.fleeting(path, &r) {
				last = r
				continue
			}
			return &r, nil
		}
		last = r
		err = l.evict(ctx, f, path, r)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return &last, nil
}

// Check reports that the run has lost the host: another run has locked it, or the
// runner that this one depends on is gone. Without a lock there is nothing to lose.
func (l *Lock) Check() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.check()
}

func (l *Lock) check() error {
	if l.dependsOn != nil {
		if err := l.dependsOn.check(l); err != nil {
			return err
		}
	}
	if l.file == nil || same(l.file, l.path) {
		return nil
	}
	return l.lost(l.run, "its lock was broken")
}

// Release releases the lock and removes its file.
func (l *Lock) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// release removes the file while it is locked: whoever has it open by then
// finds, once it gets the lock, that the file is not at its path any more.
func (l *Lock) release() {
	if l.dependsOn != nil {
		l.dependsOn.file.Close()
		l.dependsOn = nil
	}
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
