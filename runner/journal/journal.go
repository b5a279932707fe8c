// Package journal keeps on the host which commands of a run were performed, so
// that a controller that lost the connection, or its life, can find out. Only
// commands that have a key are kept, with the digest of their result alone.
//
// A journal is a file in a directory of its run: root's in /run/froyo/RUN, others'
// in /run/user/UID/froyo/RUN, or in /tmp where that is missing. A runner locks it
// (flock) for as long as it lives and removes it at a clean end; what an unclean
// end leaves goes when the run goes on and ends, when another run takes the host,
// or when the host starts anew.
//
// It imports runner/op, runner/codec and the standard library only; never fmt,
// encoding/json or net, since the runner's size is speed.
package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// tries bounds how often a directory is made that others keep removing.
const tries = 50

// Journal is what a runner notes. It may be used by several goroutines.
type Journal struct {
	root string // before all paths; "/" except in tests
	uid  int

	mu   sync.Mutex
	run  string   // whose journal this is, "" until that is known
	file *os.File // locked, nil until the first entry
}

// New returns a journal of no run yet.
func New(root string, uid int) *Journal { return &Journal{root: root, uid: uid} }

// Append notes that a command was performed. The run is that of the first key.
func (j *Journal) Append(e op.JournalEntry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	run := op.RunOf(e.Key)
	if j.run == "" {
		j.run = run
	}
	if err := e.Validate(j.run); err != nil {
		return err
	}
	if j.file == nil {
		f, err := j.open(run)
		if err != nil {
			return errors.New("open the journal: " + err.Error())
		}
		j.file = f
	}
	line, err := codec.Marshal(e)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err != nil {
		return errors.New("write the journal: " + err.Error())
	}
	return nil
}

// Enter makes the journal that of a run which has the host for itself, and
// removes those of other runs that no runner holds.
func (j *Journal) Enter(run string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.run == "" && op.IsRun(run) {
		j.run = run
	}
	base := j.base()
	if checkDir(base, j.uid) != nil {
		return // there is none, or none of this user's
	}
	for _, name := range names(base) {
		if op.IsRun(name) && name != run && name != j.run {
			j.discard(filepath.Join(base, name))
		}
	}
	_ = os.Remove(base) // unless something is in it
}

// Remove ends the journal: its run has come to a clean end here.
func (j *Journal) Remove() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
	if j.run == "" {
		return
	}
	base := j.base()
	if checkDir(base, j.uid) == nil {
		j.discard(filepath.Join(base, j.run))
		_ = os.Remove(base) // unless something is in it
	}
}

// Close lets go of the journal and leaves it where it is.
func (j *Journal) Close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		j.file.Close()
		j.file = nil
	}
}

// discard removes the directory of a run, unless a runner holds its journal.
// Nothing can be done about what cannot be removed; it does no harm.
func (j *Journal) discard(dir string) {
	if checkDir(dir, j.uid) != nil {
		return
	}
	path := filepath.Join(dir, fileName)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err == nil {
		defer f.Close()
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil || !same(f, path) {
			return // a runner holds it, or has made a new one meanwhile
		}
		_ = os.Remove(path)
	}
	_ = os.Remove(dir)
}

// open opens the journal of a run, making it where it is missing, and locks it
// beside other runners of the run.
func (j *Journal) open(run string) (*os.File, error) {
	for i := range tries {
		time.Sleep(time.Duration(i) * time.Millisecond) // whoever is removing it needs a moment
		dir, err := j.makeDir(run)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, fileName)
		f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
		if errors.Is(err, os.ErrNotExist) {
			continue // its directory was removed just now
		}
		if err != nil {
			return nil, err
		}
		if err := claim(f, j.uid); err != nil {
			f.Close()
			return nil, errors.New(path + ": " + err.Error())
		}
		if same(f, path) && syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil && same(f, path) {
			if err := endLine(f); err != nil {
				f.Close()
				return nil, err
			}
			return f, nil
		}
		f.Close() // another runner is removing it
	}
	return nil, errors.New("the journal of run " + run + " is being removed over and over")
}

// claim refuses a file that is not this user's own.
func claim(f *os.File, uid int) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || owner(info) != uid || info.Mode().Perm()&0o077 != 0 {
		return errors.New("it must be a file that its user alone can read and write")
	}
	return nil
}

// endLine ends a line that was left without its end.
func endLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if last[0] != '\n' {
		_, err = f.Write([]byte{'\n'})
	}
	return err
}
