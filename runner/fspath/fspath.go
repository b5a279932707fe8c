// Package fspath opens paths on machines that others use, too. A path is looked
// up once, and what was found is held by a descriptor from then on, so that no
// name is trusted twice.
//
// The rule is that of systemd-tmpfiles: a symbolic link is followed wherever it
// leads if root or this process's own user made it. One that another user made
// is followed only to what belongs to the same user, and so is one of root's that
// another user can have put where it is, by renaming it. The same goes for hard
// links to files whose content or attributes are used: see How.Content.
//
// It imports runner/op and the standard library only.
package fspath

import (
	"errors"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// How says how a path is looked up.
type How struct {
	// Follow goes through a link at the path itself, too, and not only through
	// those on the way there.
	Follow bool
	// Unsafe follows links as the kernel does, whoever made them, and does not
	// mind hard links.
	Unsafe bool
	// Directory wants a directory; anything else is ENOTDIR.
	Directory bool
	// Content says that the content or the attributes of what is there will be
	// used, so that it must not be a hard link that another user may
	// have made.
	Content bool
}

// Node is what was found at a path. It refers to the file, directory or link
// itself, whatever the path comes to name. It gives no access to content, and
// opening it has no effect on devices or pipes.
type Node struct {
	Info

	fd     int
	real   string
	parent *Info // of the directory it lies in, where that was looked at
}

// maxPath is the kernel's limit for a path, without its NUL byte.
const maxPath = 4095

// Open looks an absolute path up. Slashes at its end and "." mean nothing, so that /a/ is /a.
// Errors of the kernel are a syscall.Errno; links that are not followed give an *Unsafe.
func Open(p string, how How) (*Node, error) {
	if len(p) > maxPath {
		return nil, syscall.ENAMETOOLONG
	}
	if how.Unsafe {
		return openAsKernel(p, how)
	}
	n, err := openPlain(p, how)
	switch {
	case errors.Is(err, syscall.ELOOP) || errors.Is(err, errByHand):
		n, err = walk(p, how)
	case err == nil && how.Content && n.hardLinked():
		n.Close() // the directory it lies in counts, too
		n, err = walk(p, how)
	}
	if err != nil {
		return nil, err
	}
	if err := n.accept(p, how); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// accept checks what a node has to be.
func (n *Node) accept(p string, how How) error {
	if how.Directory && !n.IsDir() {
		return syscall.ENOTDIR
	}
	if how.Content && !how.Unsafe && n.parent != nil {
		return n.CheckLinks(n.parent, p)
	}
	return nil
}

// OpenParent looks up the directory that holds a path, and gives the path's
// last name. The name is "" for "/".
func OpenParent(p string, how How) (dir *Node, name string, err error) {
	parent, name := Split(p)
	if name == ".." {
		return nil, "", ErrDots
	}
	dir, err = Open(parent, How{Follow: true, Directory: true, Unsafe: how.Unsafe})
	return dir, name, err
}

// Split parts a path from its last name, which is "" for "/". Unlike path.Dir it
// leaves ".." to the kernel, to which /link/../x is beside what the link leads to.
func Split(p string) (parent, name string) { return path.Split(strip(p)) }

// strip takes slashes and "." off the end of a path.
func strip(p string) string {
	for {
		short := strings.TrimRight(p, "/")
		if short == "" {
			return "/"
		}
		if !strings.HasSuffix(short, "/.") {
			return short
		}
		p = strings.TrimSuffix(short, ".")
	}
}

// openPlain opens a path without any link on its way in one call of the kernel.
// errByHand says that it cannot tell.
func openPlain(p string, how How) (*Node, error) {
	clean := path.Clean(p)
	if hasDots(p) {
		return nil, errByHand // what is above a directory may change while it is looked up
	}
	flags := oPath | syscall.O_CLOEXEC
	if how.Directory {
		flags |= syscall.O_DIRECTORY
	}
	if !how.Follow {
		flags |= syscall.O_NOFOLLOW
	}
	fd, err := openat2(clean, flags, resolveNoSymlinks)
	if err != nil {
		return nil, err
	}
	return newNode(fd, clean)
}

func openAsKernel(p string, how How) (*Node, error) {
	flags := oPath | syscall.O_CLOEXEC
	if how.Directory {
		flags |= syscall.O_DIRECTORY
	}
	if !how.Follow {
		flags |= syscall.O_NOFOLLOW
	}
	fd, err := openat(atFdCwd, strip(p), flags, 0)
	if err != nil {
		return nil, err
	}
	return newNode(fd, "")
}

func newNode(fd int, real string) (*Node, error) {
	n := &Node{fd: fd, real: real}
	if err := look(fd, &n.Info); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// hasDots reports whether a path goes up.
func hasDots(p string) bool {
	return strings.Contains(p, "/../") || strings.HasSuffix(p, "/..")
}

// Close gives the descriptor back.
func (n *Node) Close() { _ = syscall.Close(n.fd) } // nothing was written

// FD is the descriptor, opened with O_PATH.
func (n *Node) FD() int { return n.fd }

// Real is the node's path without any link, as it was when it was looked up.
func (n *Node) Real() string {
	if n.real == "" {
		n.real, _ = os.Readlink(n.Proc()) // without /proc it is not known
	}
	return n.real
}

// Proc is a path that leads to the node itself. It holds no character that is
// special to a shell, and works for other processes of this user as long as the node is open.
func (n *Node) Proc() string { return procFD(strconv.Itoa(os.Getpid()), n.fd) }

// Reopen refers to an open file without being able to write it, so that it can be run.
func Reopen(f *os.File) (*Node, error) {
	fd, err := openat(atFdCwd, procFD("self", int(f.Fd())), oPath|syscall.O_CLOEXEC, 0)
	if errors.Is(err, syscall.ENOENT) {
		return nil, errNoProc
	}
	if err != nil {
		return nil, err
	}
	return newNode(fd, f.Name())
}

// Refresh looks at the node again: its owner or mode may have been changed.
func (n *Node) Refresh() error { return look(n.fd, &n.Info) }

// Child opens what a directory holds under a name, never through a link.
func (n *Node) Child(name string) (*Node, error) {
	fd, err := openat(n.fd, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c, err := newNode(fd, "")
	if err != nil {
		return nil, err
	}
	if n.real != "" {
		c.real = path.Join(n.real, name)
	}
	return c, nil
}

// Open opens the node's content. O_NOFOLLOW and O_CREAT mean nothing here.
func (n *Node) Open(flags int) (*os.File, error) {
	if n.IsDir() {
		return n.openIn(".", flags|syscall.O_DIRECTORY, n.real)
	}
	fd, err := openat(atFdCwd, procFD("self", n.fd), flags|syscall.O_CLOEXEC|syscall.O_NOCTTY, 0)
	if errors.Is(err, syscall.ENOENT) {
		return nil, errNoProc
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), n.real), nil
}

// Create makes a file in a directory; there must be none of the name.
func (n *Node) Create(name string, perm uint32) (*os.File, error) {
	fd, err := openat(n.fd, name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path.Join(n.real, name)), nil
}

func (n *Node) openIn(name string, flags int, called string) (*os.File, error) {
	fd, err := openat(n.fd, name, flags|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), called), nil
}

// Same reports whether two nodes are one file.
func (i *Info) Same(o *Info) bool { return i.Dev == o.Dev && i.Ino == o.Ino }
