package fspath

import (
	"errors"
	"io"
	"os"
	"path"
	"syscall"
)

// Mounted is a mount point where there must be none.
type Mounted struct{ Path string }

func (m *Mounted) Error() string { return m.Path + " is a mount point" }

// Fixed is a file that cannot be removed, for its flags or those of its directory.
type Fixed struct{ Path, Why string }

func (f *Fixed) Error() string { return f.Path + " is " + f.Why }

// IsMount reports whether a directory is the root of what is mounted there.
func (n *Node) IsMount() (bool, error) {
	up, err := n.above()
	if err != nil {
		return false, err
	}
	defer up.Close()
	return n.mount != up.mount, nil
}

// Private reports whether only root and this process's user can change
// what a path to what is in the directory leads to.
func (n *Node) Private() (bool, error) {
	if n.othersWrite() {
		return false, nil
	}
	for at := n; ; {
		next, err := at.above()
		if err != nil {
			return false, err
		}
		top := next.Same(&at.Info) && next.mount == at.mount // the directory above / is /
		open := next.othersWrite() && (!trusted(next.UID) || next.Mode&syscall.S_ISVTX == 0)
		if at != n {
			at.Close()
		}
		if top || open {
			next.Close()
			return !open, nil
		}
		at = next
	}
}

// above opens the directory above a directory, and sees to it that the mounts of both are known.
func (n *Node) above() (*Node, error) {
	fd, err := openat(n.fd, "..", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	up, err := newNode(fd, path.Dir(n.real))
	if err != nil {
		return nil, err
	}
	if _, err = n.Mount(); err == nil {
		_, err = up.Mount()
	}
	if err != nil {
		up.Close()
		return nil, err
	}
	return up, nil
}

// entriesAtOnce is how many names are read of a directory before they are removed.
const entriesAtOnce = 1024

// RemoveBelow empties the directory n. It enters no mount: that is a *Mounted,
// as is a file that something is mounted on. Between any two removals stop is asked for an error.
func (n *Node) RemoveBelow(stop func() error) error {
	mount, err := n.Mount()
	if err != nil {
		return err
	}
	dir, err := n.Open(syscall.O_RDONLY)
	if err != nil {
		return err
	}
	defer dir.Close()
	return removeBelow(n, dir, mount, stop)
}

func removeBelow(n *Node, dir *os.File, mount uint64, stop func() error) error {
	for {
		names, err := dir.Readdirnames(entriesAtOnce)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(names) == 0 {
			return nil
		}
		for _, name := range names {
			if err := stop(); err != nil {
				return err
			}
			if err := removeAll(n, name, mount, stop); err != nil {
				return err
			}
		}
		// What was removed may have moved the rest before where the reading is.
		if _, err := dir.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
}

// removeAll removes what is in the directory n under a name, with all that is in it.
func removeAll(n *Node, name string, mount uint64, stop func() error) error {
	at := path.Join(n.real, name)
	err := n.Remove(name, false)
	switch {
	case err == nil, errors.Is(err, syscall.ENOENT):
		return nil
	case errors.Is(err, syscall.EBUSY):
		return &Mounted{at}
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.EPERM):
	default:
		return &os.PathError{Op: "remove", Path: at, Err: err}
	}
	fd, dirErr := openat(n.fd, name, oPath|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if dirErr != nil {
		return fixed(n, name, err)
	}
	below, err := newNode(fd, at)
	if err != nil {
		return err
	}
	defer below.Close()
	on, err := below.Mount()
	if err != nil {
		return err
	}
	if on != mount {
		return &Mounted{at}
	}
	if err := below.RemoveBelow(stop); err != nil {
		return err
	}
	switch err := n.Remove(name, true); {
	case err == nil, errors.Is(err, syscall.ENOENT):
		return nil
	case errors.Is(err, syscall.EBUSY):
		return &Mounted{at}
	default:
		return fixed(n, name, err)
	}
}

// fixed says why something in the directory n was not removed.
func fixed(n *Node, name string, err error) error {
	at := path.Join(n.real, name)
	if errors.Is(err, syscall.EPERM) {
		if why := n.Fixed(); why != "" {
			return &Fixed{n.real, why}
		}
		if c, lookErr := n.Child(name); lookErr == nil {
			defer c.Close()
			if why := c.Fixed(); why != "" {
				return &Fixed{at, why}
			}
		}
	}
	return &os.PathError{Op: "remove", Path: at, Err: err}
}
