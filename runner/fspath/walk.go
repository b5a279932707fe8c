package fspath

import (
	"errors"
	"path"
	"slices"
	"strings"
	"syscall"
)

// maxLinks is how many links a path may go through, as in the kernel.
const maxLinks = 40

// walker looks a path up one name at a time. It holds every directory on the
// way, so that ".." is where it came from, whatever is renamed meanwhile.
type walker struct {
	dirs  []int    // from / to the directory it is in
	names []string // of dirs, without that of /
	rest  []step   // what is to be looked up, the next one last
	links int
}

// step is a name to be looked up. Where it is the last of a link's target, by is that link,
// nil where that is trusted.
type step struct {
	name string
	by   *hop
}

// hop is a link that was followed, and that leads no further than to what is the user's with uid.
type hop struct {
	path  string
	owner uint32 // of the link
	uid   uint32 // its owner, or that of dir
	dir   string // of a user who can have put it there, or ""
}

// walk looks a path up by hand.
func walk(p string, how How) (*Node, error) {
	w := &walker{}
	defer w.leave(0)
	root, err := openat(atFdCwd, "/", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	w.dirs = append(w.dirs, root)
	w.push(strip(p), nil)
	for len(w.rest) > 0 {
		s := w.rest[len(w.rest)-1]
		w.rest = w.rest[:len(w.rest)-1]
		n, err := w.step(s, how)
		if n != nil || err != nil {
			return n, err
		}
	}
	return w.here()
}

// push puts the names of a path before what is to be looked up. The last one
// is judged by the link that the path comes from.
func (w *walker) push(p string, by *hop) {
	names := strings.Split(p, "/")
	for i := len(names) - 1; i >= 0; i-- {
		if names[i] == "" && i < len(names)-1 {
			continue
		}
		if names[i] == "" {
			names[i] = "." // a slash at the end wants a directory
		}
		w.rest = append(w.rest, step{names[i], by})
		by = nil
	}
}

// leave goes up to a depth; 0 leaves everything.
func (w *walker) leave(depth int) {
	for _, fd := range w.dirs[depth:] {
		_ = syscall.Close(fd) // nothing was written
	}
	w.dirs = w.dirs[:depth]
	w.names = w.names[:max(depth-1, 0)]
}

func (w *walker) top() int       { return w.dirs[len(w.dirs)-1] }
func (w *walker) called() string { return "/" + strings.Join(w.names, "/") }

// here makes a node of the directory the walker is in.
func (w *walker) here() (*Node, error) {
	fd, err := openat(w.top(), ".", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return newNode(fd, w.called())
}

// step looks one name up. It returns a node where the path ends there.
func (w *walker) step(s step, how How) (*Node, error) {
	switch s.name {
	case ".":
		return nil, w.judgeHere(s.by)
	case "..":
		if len(w.dirs) > 1 {
			w.leave(len(w.dirs) - 1)
		}
		return nil, w.judgeHere(s.by)
	}
	last := len(w.rest) == 0
	if !last || how.Directory && how.Follow {
		fd, err := openat(w.top(), s.name, oPath|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err == nil {
			w.dirs, w.names = append(w.dirs, fd), append(w.names, s.name)
			return nil, w.judgeHere(s.by)
		}
		if !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
	}
	fd, err := openat(w.top(), s.name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	n, err := newNode(fd, path.Join(w.called(), s.name))
	if err != nil {
		return nil, err
	}
	return w.found(n, s, last, how)
}

// found goes on from what a name is.
func (w *walker) found(n *Node, s step, last bool, how How) (*Node, error) {
	err := s.by.judge(&n.Info, n.real)
	switch {
	case err != nil:
	case n.IsLink() && (!last || how.Follow):
		err = w.follow(n)
	case n.IsDir() && !last:
		w.dirs, w.names = append(w.dirs, n.fd), append(w.names, s.name)
		return nil, nil // it stays open
	case !last:
		err = syscall.ENOTDIR
	default:
		n.parent = &Info{}
		if err = look(w.top(), n.parent); err == nil {
			return n, nil
		}
	}
	n.Close()
	return nil, err
}

// follow goes where a link leads.
func (w *walker) follow(n *Node) error {
	if w.links++; w.links > maxLinks {
		return syscall.ELOOP
	}
	target, err := n.Readlink()
	if err != nil {
		return err
	}
	if target == "" {
		return syscall.ENOENT
	}
	if magic, err := isMagic(n, target); err != nil {
		return err
	} else if magic {
		return &Unsafe{Path: n.real, Magic: true, Target: target}
	}
	by, err := w.author(n)
	if err != nil {
		return err
	}
	if target[0] == '/' {
		w.leave(1)
		if strings.Trim(target, "/") == "" {
			return w.judgeHere(by)
		}
	}
	w.push(target, by)
	return nil
}

// author is whom a link is judged by, nil where it is trusted: its owner, as far as no other user
// could have given it its name. A link of root's in a user's directory may be one that the user renamed, or whose
// directory the user did, and is judged as that user's; in /tmp and the like, the sticky bit keeps it where it is.
func (w *walker) author(n *Node) (*hop, error) {
	at := path.Dir(n.real)
	for i, fd := range slices.Backward(w.dirs) {
		var dir Info
		if err := look(fd, &dir); err != nil {
			return nil, err
		}
		if i == len(w.dirs)-1 {
			if err := n.CheckLinks(&dir, n.real); err != nil {
				return nil, err
			}
		}
		switch {
		case !trusted(n.UID):
			return &hop{n.real, n.UID, n.UID, ""}, nil
		case !trusted(dir.UID):
			return &hop{n.real, n.UID, dir.UID, at}, nil
		case dir.othersRename():
			return nil, &Unsafe{Path: n.real, UID: n.UID, Moved: true, Dir: at, DirUID: dir.UID}
		}
		at = path.Dir(at)
	}
	return nil, nil
}

// judgeHere judges the directory that the walker is in as a link's target.
func (w *walker) judgeHere(by *hop) error {
	if by == nil {
		return nil
	}
	var info Info
	if err := look(w.top(), &info); err != nil {
		return err
	}
	return by.judge(&info, w.called())
}

// judge refuses what a link leads to where it belongs to another user.
func (h *hop) judge(found *Info, where string) error {
	if h == nil || found.UID == h.uid {
		return nil
	}
	return &Unsafe{Path: h.path, UID: h.owner, Target: where, TargetUID: found.UID, Dir: h.dir, DirUID: h.uid}
}
