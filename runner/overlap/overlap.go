// Package overlap tells whether two paths lead to one place, as the kernel sees
// it: through links, bind mounts and ".." in the directories on their way.
//
// It imports runner/op, runner/fspath and the standard library only.
package overlap

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
)

// Find answers which of the losses concern which of the paths to keep.
func Find(asked *op.Overlap) (*op.OverlapResult, error) {
	mounts, err := fspath.ReadMounts()
	if err != nil {
		return nil, err
	}
	keep := make([]*entry, len(asked.Keep))
	for i, p := range asked.Keep {
		if keep[i], err = look(mounts, p, false); err != nil {
			return nil, err
		}
	}
	result := &op.OverlapResult{}
	for i, l := range asked.Losses {
		lost, err := look(mounts, l.Path, l.Tree)
		if err != nil {
			return nil, err
		}
		for j, k := range keep {
			if asked.Keep[j] == l.Own {
				continue
			}
			if pair, hit := lost.covers(k, l); hit {
				pair.Loss, pair.Keep = i, j
				result.Pairs = append(result.Pairs, pair)
				break
			}
		}
	}
	return result, nil
}

// entry is what a path names: an entry of a directory, which need not be there.
type entry struct {
	path  string
	spots []spot
	node  *fspath.Info // of what is there, nil where there is nothing
}

// spot is one place of an entry: a mount point has two, the directory's entry and
// what is mounted there, and a tree has those that are mounted below.
type spot struct {
	fspath.Place
	rel   string // below the entry
	mount string // where the file system is mounted
}

func look(mounts fspath.Mounts, p string, tree bool) (*entry, error) {
	dir, rest, err := parent(p)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	at, err := mounts.Place(dir)
	if err != nil {
		return nil, err
	}
	at.Path = path.Join(at.Path, rest)
	e := &entry{path: p, spots: []spot{{Place: at, mount: mounts.Point(dir)}}}
	real := path.Join(dir.Real(), rest)
	for _, m := range mounts.Below(real) {
		if tree || m.Point == real {
			rel := strings.TrimPrefix(strings.TrimPrefix(m.Point, real), "/")
			e.spots = append(e.spots, spot{m.Place, rel, m.Point})
		}
	}
	if n, err := fspath.Open(real, fspath.How{Unsafe: true}); err == nil {
		e.node = &n.Info
		n.Close()
	}
	return e, nil
}

// parent opens the directory that holds a path, or the nearest one above it that
// is there and may be looked at, and gives what is left of the path.
func parent(p string) (dir *fspath.Node, rest string, err error) {
	at := p
	for {
		if up := strings.TrimRight(at, "/"); up != "" {
			above, name := path.Split(up)
			at, rest = above, path.Join(name, rest)
		}
		dir, err = fspath.Open(at, fspath.How{Follow: true, Directory: true, Unsafe: true})
		if err == nil || strings.Trim(at, "/") == "" || !passable(err) {
			return dir, rest, err
		}
	}
}

// passable reports whether an error says that nothing is there, or nothing that
// this process could come to.
func passable(err error) bool {
	for _, passes := range []syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES, syscall.ELOOP, syscall.ENAMETOOLONG} {
		if errors.Is(err, passes) {
			return true
		}
	}
	return false
}

// covers reports whether the loss of an entry concerns one to keep.
func (e *entry) covers(k *entry, l op.Loss) (op.OverlapPair, bool) {
	for _, a := range e.spots {
		for _, b := range k.spots {
			rel, ok := within(b.Place, a.Place, l.Tree)
			if !ok {
				continue
			}
			pair := op.OverlapPair{Below: valid(path.Join(a.rel, rel)), Links: links(e.path, k.path)}
			if a.mount != b.mount {
				pair.Mounts = named(a.mount, b.mount)
			}
			return pair, true
		}
	}
	if e.is(k, l.File) {
		return op.OverlapPair{Links: links(e.path, k.path)}, true
	}
	return op.OverlapPair{}, false
}

// is reports whether two entries are one thing, whatever they are called: names
// that differ in case are the same on some file systems. Of a file with several
// names another one may be lost, unless it is written into.
func (e *entry) is(k *entry, into bool) bool {
	a, b := e.node, k.node
	return a != nil && b != nil && a.Dev == b.Dev && a.Ino == b.Ino && (into || a.Nlink == 1 || a.IsDir())
}

// within returns the path of a place relative to another one that it is, or, of
// a tree, that it is below of.
func within(p, of fspath.Place, tree bool) (rel string, ok bool) {
	switch {
	case p.Dev != of.Dev:
		return "", false
	case p.Path == of.Path:
		return "", true
	case !tree:
		return "", false
	}
	return strings.CutPrefix(p.Path, strings.TrimSuffix(of.Path, "/")+"/")
}

// links names the first link on the way to each of the paths.
func links(paths ...string) []string {
	var found []string
	for _, p := range paths {
		for i := 1; i < len(p); i++ {
			if p[i] != '/' {
				continue
			}
			if target, err := os.Readlink(p[:i]); err == nil && target != "" {
				found = append(found, valid(p[:i]))
				break
			}
		}
	}
	return slices.Compact(found)
}

// named are mount points that explain something, which the root does not.
func named(points ...string) []string {
	var found []string
	for _, p := range points {
		if p != "/" && p != "" {
			found = append(found, valid(p))
		}
	}
	return found
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
