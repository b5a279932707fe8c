package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/openfroyo/froyo/engine/storefault"
)

// purpose is what a call wants with the file.
type purpose int

// The purposes. Where there is no file, only making makes one; others find the queue empty.
const (
	reading purpose = iota
	writing
	making
)

// retry is how long to wait between looks at a file that another process has.
const retry = 5 * time.Millisecond

// use opens the file, does something in one transaction and closes it again.
func (q *Queue) use(ctx context.Context, p purpose, do func(*bbolt.Tx) error) error {
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if p == making {
		if err := create(q.path); err != nil {
			return explain(err, q.path)
		}
	}
	s := &session{ctx: ctx, path: q.path, wait: q.wait, write: p != reading}
	err := s.run(do)
	if errors.Is(err, fs.ErrNotExist) && p != making {
		return nil
	}
	return explain(err, q.path)
}

// session is the file for the time of one call.
type session struct {
	ctx   context.Context
	path  string
	wait  time.Duration
	write bool
	file  *os.File
}

// run does the work. bbolt trusts its pages: what is damaged makes it panic, or
// read past the end of the file, which is a fault of the memory.
func (s *session) run(do func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = errors.Join(fmt.Errorf("%w: its parts contradict each other (%v)", storefault.ErrCorrupt, r), s.abandon())
		}
	}()
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{
		ReadOnly: !s.write, OpenFile: s.open, Timeout: time.Millisecond, NoStatistics: true,
	})
	if err != nil {
		return err
	}
	if s.write {
		err = db.Update(func(tx *bbolt.Tx) error { return s.checked(tx, do) })
	} else {
		err = db.View(func(tx *bbolt.Tx) error { return s.checked(tx, do) })
	}
	return errors.Join(err, db.Close())
}

// abandon lets go of a file whose database has panicked, and might for ever wait
// for itself when it is closed. The memory that maps it stays, and would keep the lock.
func (s *session) abandon() error {
	if s.file == nil {
		return nil
	}
	err := syscall.Flock(int(s.file.Fd()), syscall.LOCK_UN)
	return errors.Join(err, s.file.Close())
}

// checked does the work where the file is of the format that is known here.
func (s *session) checked(tx *bbolt.Tx, do func(*bbolt.Tx) error) error {
	if err := checkFormat(tx); err != nil {
		return err
	}
	if info, err := s.file.Stat(); err == nil && s.write && info.Mode().Perm()&0o077 != 0 {
		if err := s.file.Chmod(0o600); err != nil {
			return err
		}
	}
	return do(tx)
}

// open opens the file for bbolt, waits until no other process has it, and looks
// at what bbolt would believe. It never makes the file.
func (s *session) open(path string, flag int, _ os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag&^os.O_CREATE, 0)
	if err != nil {
		return nil, err
	}
	if err := s.lock(f); err != nil {
		f.Close()
		return nil, err
	}
	if err := checkHeader(f); err != nil {
		f.Close()
		return nil, err
	}
	s.file = f
	return f, nil
}

// lock takes the lock that bbolt is about to take, for which it would wait
// whatever becomes of the context.
func (s *session) lock(f *os.File) error {
	how := syscall.LOCK_SH
	if s.write {
		how = syscall.LOCK_EX
	}
	for begun := time.Now(); ; {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return err
		case time.Since(begun) >= s.wait:
			return fmt.Errorf("%w for %v", storefault.ErrBusy, s.wait)
		}
		select {
		case <-time.After(retry):
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
}

// create makes an empty queue where there is none. It appears whole, or not at all.
func create(path string) (err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*") // for its owner alone
	if err != nil {
		return err
	}
	draft.Close()
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	if err := fill(draft.Name()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) { // or another froyo was quicker
		return err
	}
	return syncDir(dir)
}

// fill makes an empty file an empty queue.
func fill(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoStatistics: true})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{metaBucket, itemsBucket, idsBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return writeFormat(tx)
	})
	return errors.Join(err, db.Close())
}

// syncDir has the name of a new file survive a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
