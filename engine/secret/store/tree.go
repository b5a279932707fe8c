package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/openfroyo/froyo/engine/diag"
)

// Trust refuses a file or directory that others may have written.
type Trust func(path string, info fs.FileInfo) error

// tree is a directory of secrets that is open. Nothing is reached through links, and what was looked at is what is opened.
type tree struct {
	root  *os.Root
	name  string // as the operator would type it
	trust Trust
}

// openTree opens the directory itself.
func openTree(name string, trust Trust) (*tree, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	return (&tree{name: name, trust: trust}).entered(name, info, os.OpenRoot)
}

// entered opens a directory that was looked at.
func (t *tree) entered(name string, info fs.FileInfo, open func(string) (*os.Root, error)) (*tree, error) {
	if !info.IsDir() {
		return nil, &refusal{at: t.name, why: "it is " + kind(info) + ", not a directory"}
	}
	root, err := open(name)
	if err != nil {
		return nil, err
	}
	now, err := root.Stat(".")
	if err == nil && !os.SameFile(info, now) {
		err = &refusal{at: t.name, why: "it was replaced while it was opened"}
	}
	if err == nil && t.trust != nil {
		err = t.trust(t.name, now)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	t.root = root
	return t, nil
}

// refusal is a file or directory that is not as it has to be.
type refusal struct{ at, why string }

func (r *refusal) Error() string { return r.at + ": " + r.why }

// kind names what is no file of a secret.
func kind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode.IsDir():
		return "a directory"
	case mode.IsRegular():
		return "a file"
	}
	return "neither a file nor a directory"
}

// close lets go of the directory, in which nothing is kept.
func (t *tree) close() { _ = t.root.Close() }

// enter opens a directory in it, which is made where that is wanted.
func (t *tree) enter(segment string, create bool) (*tree, error) {
	info, err := t.root.Lstat(segment)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err = t.root.Mkdir(segment, 0o755); err != nil {
			return nil, err
		}
		info, err = t.root.Lstat(segment)
	}
	if err != nil {
		return nil, err
	}
	return (&tree{name: path.Join(t.name, segment), trust: t.trust}).entered(segment, info, t.root.OpenRoot)
}

// descend opens the directory of a secret, and gives the name of its file there.
func (t *tree) descend(name string, create bool) (dir *tree, file string, err error) {
	segments := strings.Split(name, "/")
	dir, err = t.enter(".", false)
	for _, s := range segments[:len(segments)-1] {
		if err != nil {
			return nil, "", err
		}
		up := dir
		dir, err = up.enter(s, create)
		up.close()
	}
	if err != nil {
		return nil, "", err
	}
	return dir, segments[len(segments)-1] + ext, nil
}

// read reads a file of at most so many bytes.
func (t *tree) read(file string, most int64) ([]byte, error) {
	at := path.Join(t.name, file)
	info, err := t.root.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &refusal{at, "it is " + kind(info) + ", not a file"}
	}
	f, err := t.root.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	now, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !os.SameFile(info, now):
		return nil, &refusal{at, "it was replaced while it was opened"}
	case now.Size() > most:
		return nil, &refusal{at, fmt.Sprintf("it is larger than %d bytes", most)}
	}
	if t.trust != nil {
		if err := t.trust(at, now); err != nil {
			return nil, err
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = &refusal{at, fmt.Sprintf("it is larger than %d bytes", most)}
	}
	return data, err
}

// draft is what a file is called until it is whole. There is one writer at a time.
func draft(file string) string { return "." + file + ".new" }

// write replaces a file, whole or not at all.
func (t *tree) write(file string, data []byte) (err error) {
	if info, err := t.root.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return &refusal{path.Join(t.name, file), "it is " + kind(info) + ", not a file"}
	}
	name := draft(file)
	if err := t.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = t.root.Rename(name, file)
	}
	if err != nil {
		_ = t.root.Remove(name) // what is wrong is known already
		return err
	}
	return t.sync()
}

// sync makes the names in the directory last.
func (t *tree) sync() error {
	d, err := t.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err // some file systems cannot
	}
	return nil
}

// names are the entries of the directory, by name.
func (t *tree) names() ([]fs.DirEntry, error) {
	return fs.ReadDir(t.root.FS(), ".")
}

// wrap says of an error of the system which file it is about, in plain words.
func wrap(at string, err error) error {
	if err == nil {
		return nil
	}
	if r, is := errors.AsType[*refusal](err); is {
		return (&diag.Error{Summary: r.Error(), Cause: err}).
			WithHint("look at it: ls -ld %s; links and the files of others are not touched", r.at)
	}
	if _, is := errors.AsType[*diag.Error](err); is {
		return err
	}
	return diag.WriteFailed(at, at, writable(err))
}

// writable leaves out of an error what makes diag.WriteFailed think of another case: the directories are made here.
func writable(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return errors.New("another program changed the directory meanwhile; try again")
	}
	return err
}

// flock waits until no other process changes the directory. It is the directory that is locked, so that no file is left for git to see.
func (t *tree) flock(wait func() error) (unlock func() error, err error) {
	d, err := t.root.Open(".")
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB) //nolint:gosec // a descriptor is a small number
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			break
		}
		if err := wait(); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the directory: %w", err), d.Close())
	}
	return d.Close, nil
}
