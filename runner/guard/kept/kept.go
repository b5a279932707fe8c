// Package kept keeps files as they are, and puts back what differs from that later. Paths in the home of a user are looked up
// as on every machine with untrusted users: no link of theirs leads anywhere else.
//
// It imports runner/fspath, runner/codec and the standard library only.
package kept

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/fspath"
)

// Bounds of what is kept.
const (
	maxFile    = 16 << 20
	maxAll     = 64 << 20
	maxEntries = 20000
)

// kind is what there is at a path.
type kind string

const (
	absent    kind = "-"
	regular   kind = "f"
	directory kind = "d"
	link      kind = "l"
	other     kind = "o" // a socket, a pipe, a device: it is left as it is
)

// entry is a path as it is kept.
type entry struct {
	Path   string `json:"path"`
	Kind   kind   `json:"kind"`
	Mode   uint32 `json:"mode,omitempty"`
	UID    uint32 `json:"uid,omitempty"`
	GID    uint32 `json:"gid,omitempty"`
	Target string `json:"target,omitempty"`
	// Real is where the path led, where links on its way made that another one.
	Real string `json:"real,omitempty"`
	// Content names the file that holds the content.
	Content string `json:"content,omitempty"`
	// Whole says that all that the directory holds is kept, so that what else is there later was added.
	Whole bool `json:"whole,omitempty"`
	// Sec and Nsec are when it was written.
	Sec  int64             `json:"sec,omitempty"`
	Nsec int64             `json:"nsec,omitempty"`
	Attr map[string]string `json:"attr,omitempty"`
}

// Set is what is to be kept.
type Set struct {
	// Trees are kept with what is below them.
	Trees []string
	// Known are the same, but where there is nothing and later something, that is left.
	Known []string
	// Programs are files, and those of directories, that are kept where there is room: they are large, and mostly stay as they are.
	Programs []string
	// Places are paths of which only owner and mode are kept.
	Places []string
	// Skip is the beginning of names that are left out.
	Skip string
}

// keeper keeps files.
type keeper struct {
	set     Set
	root    string // before all paths, "" but in tests
	dir     string // of the contents
	size    int64
	entries []entry
	seen    map[string]bool // the paths that are kept, and whether with what is below them
}

// TooMuchError is a path that has more than is kept.
type TooMuchError struct{ Path string }

func (e *TooMuchError) Error() string { return e.Path + " holds more than can be kept" }

// Keep keeps a set in a directory that is there. All paths begin below root, which is "" but in tests.
func Keep(root, dir string, set Set) error {
	k := &keeper{set: set, root: root, dir: dir, seen: map[string]bool{}}
	for _, p := range set.Places {
		if err := k.path(p, false, true); err != nil {
			return err
		}
	}
	for _, p := range set.Trees {
		if err := k.path(p, true, true); err != nil {
			return err
		}
	}
	for _, p := range set.Known {
		if err := k.path(p, true, false); err != nil {
			return err
		}
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err == nil && disk.Bavail*uint64(disk.Bsize) > 2*maxAll { //nolint:gosec // a size
		for _, p := range set.Programs {
			k.program(p)
		}
	}
	text, err := codec.Marshal(k.entries)
	if err != nil {
		return err
	}
	return os.WriteFile(dir+"/kept", text, 0o600)
}

// path keeps what is at a path, and where that is a link also what it leads to.
func (k *keeper) path(p string, whole, missing bool) error {
	p = path.Clean(p)
	dir, name, err := fspath.OpenParent(k.root+p, fspath.How{})
	if err != nil || name == "" {
		return k.missing(p, "", missing, err)
	}
	defer dir.Close()
	n, err := dir.Child(name)
	if err != nil {
		return k.missing(p, k.another(path.Join(dir.Real(), name), p), missing, err)
	}
	defer n.Close()
	if err := k.node(n, p, whole, 0); err != nil {
		return err
	}
	if !n.IsLink() || !whole || k.root != "" {
		return nil
	}
	to, err := fspath.Open(p, fspath.How{Follow: true})
	if err != nil {
		return nil // a link to nothing, or one that is not to be followed
	}
	defer to.Close()
	if real := to.Real(); real != "" && !strings.HasPrefix(real, "/proc/") && !strings.HasPrefix(real, "/run/") {
		return k.node(to, real, false, 0)
	}
	return nil
}

// program keeps the files at a path, where there are any, by their own names.
func (k *keeper) program(p string) {
	n, err := fspath.Open(k.root+p, fspath.How{Follow: true})
	if err != nil {
		return
	}
	defer n.Close()
	real, is := strings.CutPrefix(n.Real(), k.root+"/")
	if real = "/" + real; !is {
		return
	}
	if real != p { // the link that a program, or a directory of some, is
		_ = k.path(p, false, false)
	}
	if !n.IsDir() {
		k.file(n, real)
		return
	}
	names, _ := namesIn(n) // those that can be read are kept
	for _, name := range names {
		if child, err := n.Child(name); err == nil {
			if !child.IsDir() {
				k.file(child, path.Join(real, name))
			}
			child.Close()
		}
	}
}

// file keeps one file where there is room.
func (k *keeper) file(n *fspath.Node, p string) {
	if n.Size <= maxFile && k.size+n.Size <= maxAll && n.Mode&0o002 == 0 {
		_ = k.node(n, p, false, 0) // it is kept beside what has to be
	}
}

// another is where a path leads, "" where that is what it says.
func (k *keeper) another(real, p string) string {
	if real == k.root+p {
		return ""
	}
	return real
}

func (k *keeper) missing(p, real string, keep bool, err error) error {
	switch {
	case err == nil: // the root of all
		return nil
	case errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR):
		if keep && !k.seen[p] && errors.Is(err, syscall.ENOENT) {
			k.seen[p] = true
			k.entries = append(k.entries, entry{Path: p, Kind: absent, Real: real})
		}
		return nil
	}
	if _, is := errors.AsType[*fspath.Unsafe](err); is {
		return nil // it is not what it seems to be, and lets no one in
	}
	return errors.New("keep " + p + ": " + err.Error())
}

// node keeps a file, link or directory.
func (k *keeper) node(n *fspath.Node, p string, whole bool, depth int) error {
	if before, seen := k.seen[p]; seen && (before || !whole || !n.IsDir()) {
		return nil
	}
	k.seen[p] = whole
	if len(k.entries) >= maxEntries || depth > 32 {
		return &TooMuchError{p}
	}
	e := entry{Path: p, Mode: n.Mode & 0o7777, UID: n.UID, GID: n.GID, Kind: kindOf(n), Real: k.another(n.Real(), p)}
	var err error
	switch e.Kind {
	case link:
		e.Target, err = n.Readlink()
	case regular:
		err = k.content(n, &e)
	case directory:
		e.Attr, e.Whole = attributes(n), whole
		k.entries = append(k.entries, e)
		if !whole {
			return nil
		}
		return k.below(n, p, depth)
	}
	if err != nil {
		return errors.New("keep " + p + ": " + err.Error())
	}
	k.entries = append(k.entries, e)
	return nil
}

func (k *keeper) below(n *fspath.Node, p string, depth int) error {
	names, err := namesIn(n)
	if err != nil {
		return errors.New("keep " + p + ": " + err.Error())
	}
	for _, name := range names {
		if k.skips(name) {
			continue
		}
		child, err := n.Child(name)
		if errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil {
			return errors.New("keep " + path.Join(p, name) + ": " + err.Error())
		}
		err = k.node(child, path.Join(p, name), true, depth+1)
		child.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) skips(name string) bool {
	return k.set.Skip != "" && strings.HasPrefix(name, k.set.Skip)
}

// ownedAlike reports whether a file is of who owns the directory that it is in.
func (k *keeper) ownedAlike(p string, uid uint32) bool {
	for _, e := range slices.Backward(k.entries) {
		if e.Path == path.Dir(p) {
			return e.UID == uid
		}
	}
	return uid == 0
}

// content keeps what a file holds. A hard link in a user's directory to a file of somebody else is none of the user's files.
func (k *keeper) content(n *fspath.Node, e *entry) error {
	if n.Nlink > 1 && os.Geteuid() == 0 && !k.ownedAlike(e.Path, n.UID) {
		e.Kind = other
		return nil
	}
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return err
	}
	if k.size += int64(len(text)); len(text) > maxFile || k.size > maxAll {
		return &TooMuchError{e.Path}
	}
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err == nil {
		e.Sec, e.Nsec = int64(s.Mtim.Sec), int64(s.Mtim.Nsec) //nolint:unconvert // narrower on some platforms
	}
	e.Attr = attributes(n)
	e.Content = strconv.Itoa(len(k.entries))
	return os.WriteFile(k.dir+"/"+e.Content, text, 0o600)
}

func kindOf(n *fspath.Node) kind {
	switch {
	case n.IsDir():
		return directory
	case n.IsLink():
		return link
	case n.Mode&syscall.S_IFMT == syscall.S_IFREG:
		return regular
	}
	return other
}

// namesIn are the names in a directory, sorted.
func namesIn(n *fspath.Node) ([]string, error) {
	f, err := n.Open(syscall.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(maxEntries)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	slices.Sort(names)
	return names, err
}

// same reports whether a file holds what was kept of it.
func same(n *fspath.Node, want []byte) bool {
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return false
	}
	defer f.Close()
	has, err := io.ReadAll(io.LimitReader(f, int64(len(want))+1))
	return err == nil && bytes.Equal(has, want)
}
