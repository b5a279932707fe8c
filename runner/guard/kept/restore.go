package kept

import (
	"errors"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/fspath"
)

// Result names what was put back, and what could not be, with why.
type Result struct{ Restored, Failed []string }

// restorer puts files back.
type restorer struct {
	root, dir, skip string
	result          Result
	inside          map[string]map[string]bool // the names that were in a directory all of which was kept
}

// draftName is what a file is called before it takes its place.
const draftName = ".froyo-guard-new"

// load reads what is kept in a directory.
func load(dir string) ([]entry, error) {
	text, err := os.ReadFile(dir + "/kept")
	if err != nil {
		return nil, err
	}
	var entries []entry
	return entries, codec.Unmarshal(text, &entries)
}

// Restore puts back what differs from what Keep kept in dir, but what is below besides, "" for nothing. What cannot be put back
// costs nothing else.
func Restore(root, dir, skip, besides string) (Result, error) {
	entries, err := load(dir)
	if err != nil {
		return Result{}, err
	}
	if besides != "" {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return strings.HasPrefix(e.Path, besides+"/") })
	}
	r := &restorer{root: root, dir: dir, skip: skip, inside: map[string]map[string]bool{}}
	for i := range entries {
		if e := &entries[i]; e.Whole {
			r.inside[e.Path] = map[string]bool{}
		}
	}
	for i := range entries {
		if names := r.inside[path.Dir(entries[i].Path)]; names != nil {
			names[path.Base(entries[i].Path)] = true
		}
	}
	for i := range entries {
		r.entry(&entries[i])
	}
	return r.result, nil
}

// Differs reports whether anything that is kept below a path is another by now. Names that begin with skip do not count.
func Differs(root, dir, skip, below string) (bool, error) {
	entries, err := load(dir)
	if err != nil {
		return false, err
	}
	inside := map[string]int{}
	for i := range entries {
		e := &entries[i]
		if e.Path != below && !strings.HasPrefix(e.Path, below+"/") {
			continue
		}
		inside[path.Dir(e.Path)]++
		if differs(root, dir, e) {
			return true, nil
		}
	}
	for i := range entries {
		e := &entries[i]
		if !e.Whole || e.Path != below && !strings.HasPrefix(e.Path, below+"/") {
			continue
		}
		n, err := fspath.Open(root+e.Path, fspath.How{})
		if err != nil {
			return true, nil
		}
		names, err := namesIn(n)
		n.Close()
		names = slices.DeleteFunc(names, func(name string) bool { return skip != "" && strings.HasPrefix(name, skip) })
		if err != nil || len(names) != inside[e.Path] {
			return true, nil
		}
	}
	return false, nil
}

func differs(root, dir string, e *entry) bool {
	n, err := fspath.Open(root+e.Path, fspath.How{})
	if err != nil {
		return e.Kind != absent
	}
	defer n.Close()
	if kindOf(n) != e.Kind && e.Kind != other {
		return true
	}
	if e.Kind != regular {
		return false
	}
	want, err := os.ReadFile(dir + "/" + e.Content)
	return err == nil && (!same(n, want) || n.Mode&0o7777 != e.Mode || n.UID != e.UID)
}

func (r *restorer) entry(e *entry) {
	if e.Kind == other {
		return
	}
	changed, err := r.put(e)
	if changed {
		r.result.Restored = append(r.result.Restored, e.Path)
	}
	if err == nil && e.Whole {
		err = r.added(e.Path)
	}
	if err != nil {
		r.result.Failed = append(r.result.Failed, e.Path+": "+err.Error())
	}
}

// put makes a path what it was, and reports whether it was anything else.
func (r *restorer) put(e *entry) (changed bool, err error) {
	dir, name, err := fspath.OpenParent(r.root+e.Path, fspath.How{})
	if err != nil {
		if e.Kind == absent && (errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)) {
			return false, nil
		}
		return false, err
	}
	if name == "" {
		return r.attributes(dir, e)
	}
	defer dir.Close()
	if at := path.Join(dir.Real(), name); !r.leads(at, e) {
		if e.Kind == absent { // and it is still not there: what is found is something else
			return false, nil
		}
		return false, errors.New("a link leads to " + at + " instead by now")
	}
	now, err := dir.Child(name)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return false, err
	}
	there := err == nil
	if there {
		defer now.Close()
	}
	if e.Kind == absent {
		if !there {
			return false, nil
		}
		return true, remove(dir, now, name)
	}
	if !there || kindOf(now) != e.Kind || !r.equal(now, e) {
		if there && kindOf(now) != e.Kind && now.IsDir() {
			if err := remove(dir, now, name); err != nil {
				return false, err
			}
		}
		return true, r.make(dir, name, e)
	}
	return r.attributes(now, e)
}

// leads reports whether a path leads to where it led. What a link that was made meanwhile leads to is not what was kept.
func (r *restorer) leads(at string, e *entry) bool {
	return at == e.Real || e.Real == "" && at == r.root+e.Path || !strings.HasPrefix(at, "/") // without /proc it is not known
}

// equal reports whether a file or link of the right kind has the right content.
func (r *restorer) equal(n *fspath.Node, e *entry) bool {
	switch e.Kind {
	case link:
		target, err := n.Readlink()
		return err == nil && target == e.Target
	case regular:
		want, err := os.ReadFile(r.dir + "/" + e.Content)
		return err != nil || same(n, want)
	}
	return true
}

// make puts a file, a link or a directory in place.
func (r *restorer) make(dir *fspath.Node, name string, e *entry) error {
	if e.Kind == directory {
		_ = dir.Remove(name, false) // a file in its place; where there is none, there is nothing to remove
		if err := dir.Mkdir(name, 0o700); err != nil {
			return err
		}
		n, err := dir.Child(name)
		if err != nil {
			return err
		}
		defer n.Close()
		_, err = r.attributes(n, e)
		return err
	}
	_ = dir.Remove(draftName, false) // of an attempt that was broken off
	if e.Kind == link {
		if err := dir.Symlink(e.Target, draftName); err != nil {
			return err
		}
	} else if err := r.draft(dir, e); err != nil {
		_ = dir.Remove(draftName, false) // the error that led here is the one to tell
		return err
	}
	n, err := dir.Child(draftName)
	if err != nil {
		return err
	}
	defer n.Close()
	if _, err := r.attributes(n, e); err != nil {
		return err
	}
	return dir.Rename(draftName, name)
}

// draft writes what a file held beside its place.
func (r *restorer) draft(dir *fspath.Node, e *entry) error {
	content, err := os.ReadFile(r.dir + "/" + e.Content)
	if err != nil {
		return err
	}
	f, err := dir.Create(draftName, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	when := []syscall.Timeval{syscall.NsecToTimeval(e.Sec*1e9 + e.Nsec), syscall.NsecToTimeval(e.Sec*1e9 + e.Nsec)}
	_ = syscall.Futimes(int(f.Fd()), when) // when it was written is nothing that keeps anybody out
	return f.Sync()
}

// attributes gives a node its owner and mode back, and what else it had.
func (r *restorer) attributes(n *fspath.Node, e *entry) (changed bool, err error) {
	if n.UID != e.UID || n.GID != e.GID {
		changed = true
		if err := n.Chown(int(e.UID), int(e.GID)); err != nil {
			return true, err
		}
		if err := n.Refresh(); err != nil { // a change of owner takes bits of the mode away
			return true, err
		}
	}
	if e.Kind == link {
		return changed, nil
	}
	if has := attributes(n); !maps.Equal(has, e.Attr) {
		changed = true
		if err := setAttributes(n, e.Attr); err != nil {
			return true, err
		}
		if err := n.Refresh(); err != nil {
			return true, err
		}
	}
	if n.Mode&0o7777 != e.Mode {
		return true, n.Chmod(e.Mode)
	}
	return changed, nil
}

// added removes what was not in a directory.
func (r *restorer) added(p string) error {
	dir, err := fspath.Open(r.root+p, fspath.How{Directory: true})
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := namesIn(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.DeleteFunc(names, func(name string) bool { return r.inside[p][name] || r.skip != "" && strings.HasPrefix(name, r.skip) }) {
		n, err := dir.Child(name)
		if err != nil {
			continue // it is gone
		}
		err = remove(dir, n, name)
		n.Close()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.result.Restored = append(r.result.Restored, path.Join(p, name))
	}
	return errors.Join(errs...)
}

// remove removes what a directory has under a name, with what is below it.
func remove(dir, n *fspath.Node, name string) error {
	if n.IsDir() {
		if err := n.RemoveBelow(func() error { return nil }); err != nil {
			return err
		}
	}
	return dir.Remove(name, n.IsDir())
}
