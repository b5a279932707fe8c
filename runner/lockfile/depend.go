package lockfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// dependency is another runner's lock, on which all changes of this one depend. Its
// file stays open, so that it cannot be taken for one that came after it.
type dependency struct {
	on   op.Watch
	file *os.File
	path string
	pid  int    // of the runner that holds the lock
	text []byte // of the record, when it was last understood
	lost error  // it is over, and stays so
}

// Watch makes all further changes depend on the lock that another runner of this
// machine holds. Of this runner's own it reports whether it is still held.
func (l *Lock) Watch(w *op.Watch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil || l.dependsOn != nil {
		return l.check()
	}
	var there error
	for _, path := range l.placesOf(w.UID) {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() || owner(info) != w.UID {
			f.Close()
			continue
		}
		l.depend(*w, f, path)
		err = l.dependsOn.check(l)
		if err == nil {
			return nil
		}
		f.Close()
		l.dependsOn = nil
		if there == nil {
			there = err
		}
	}
	if there != nil {
		return there
	}
	return unseen(w)
}

func unseen(w *op.Watch) error {
	return &op.Error{
		Class: op.Conflict, Code: op.CodeUnseen,
		Message: "the lock of run " + w.Run + ", of the user with id " + strconv.Itoa(w.UID) + ", cannot be seen from here",
	}
}

// depend makes changes depend on a lock whose file is open.
func (l *Lock) depend(w op.Watch, f *os.File, path string) {
	l.dependsOn = &dependency{on: w, file: f, path: path}
}

// check reports that the lock is no longer the one that is depended on: its file
// is not at its path any more, names another run, no runner holds it, or the runner
// that acquired it is gone, though programs that it began may hold it still.
func (d *dependency) check(l *Lock) error {
	if d.lost == nil {
		d.lost = d.look(l)
	}
	return d.lost
}

func (d *dependency) look(l *Lock) error {
	if !same(d.file, d.path) {
		return l.lost(d.on.Run, "its lock was broken, or its runner"+d.runner()+" is gone")
	}
	if lock(d.file, syscall.LOCK_SH) {
		_ = syscall.Flock(int(d.file.Fd()), syscall.LOCK_UN) // whoever locks it meanwhile tries again
		return l.lost(d.on.Run, "its runner"+d.runner()+" is gone")
	}
	if text := content(d.file); !bytes.Equal(text, d.text) {
		r := l.read(d.file)
		if !r.is(&d.on) {
			return l.lost(d.on.Run, "another run has taken it")
		}
		d.text, d.pid = text, r.PID
	}
	if d.pid > 0 && errors.Is(syscall.Kill(d.pid, 0), syscall.ESRCH) {
		return l.lost(d.on.Run, "its runner"+d.runner()+" is gone")
	}
	return nil
}

func (d *dependency) runner() string {
	if d.pid <= 0 {
		return ""
	}
	return " (process " + strconv.Itoa(d.pid) + ")"
}

// lost is the answer to a run that no longer has the host, with who has it now
// where that shows.
func (l *Lock) lost(run, why string) error {
	e := &op.Error{
		Class: op.Conflict, Code: op.CodeBroken, Message: "run " + run + " no longer holds the host: " + why,
	}
	for _, path := range append([]string{filepath.Join(l.root, rootFile)}, l.others()...) {
		if r := l.holder(path); r != nil && r.Run != run && r.Run != "" {
			e.Message += "; it is now being changed by " + r.who()
			e.Holder = &r.Holder
			break
		}
	}
	return e
}

// holder is who holds the lock of a file, or nil.
func (l *Lock) holder(path string) *record {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	defer f.Close() // which frees a lock acquired here
	if !regular(f) || lock(f, syscall.LOCK_SH) {
		return nil
	}
	r := l.read(f)
	return &r
}

// fleeting reports whether a file may be locked only by those that look whether
// it is: the process that it names is gone. They take next to no time, so that
// whoever has it for longer holds it.
func (l *Lock) fleeting(path string, r *record) bool {
	if r.PID <= 0 || !errors.Is(syscall.Kill(r.PID, 0), syscall.ESRCH) {
		return false
	}
	for range 5 {
		time.Sleep(pace / 20)
		if l.holder(path) == nil {
			return true
		}
	}
	return false
}

// placesOf lists where a user's lock may be.
func (l *Lock) placesOf(uid int) []string {
	var paths []string
	if uid == 0 {
		paths = append(paths, filepath.Join(l.root, rootFile))
	}
	for n := range tmpNames {
		paths = append(paths, l.inTmp(uid, n))
	}
	if uid != 0 {
		paths = append(paths, l.inRun(uid))
	}
	return paths
}
