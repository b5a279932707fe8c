package machine

import (
	"context"
	"errors"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// newDirMode is the mode of a new directory that nobody gave one.
const newDirMode = 0o755

// mkdir makes a directory: see op.Mkdir.
func (m *Machine) mkdir(ctx context.Context, d *op.Mkdir) (*op.Done, error) {
	p := path.Clean(d.Path)
	there, err := isDirectory(p)
	if there || err != nil {
		return &op.Done{}, err
	}
	if err := m.makeParents(ctx, path.Dir(p)); err != nil {
		return nil, err
	}
	if err := m.makeDirectory(ctx, p, d.Attributes); err != nil {
		return nil, err
	}
	return &op.Done{Changed: true}, nil
}

// makeParents makes what is missing of a path.
func (m *Machine) makeParents(ctx context.Context, p string) error {
	there, err := isDirectory(p)
	if there || err != nil {
		return err
	}
	if err := m.makeParents(ctx, path.Dir(p)); err != nil {
		return err
	}
	err = m.makeDirectory(ctx, p, op.Attributes{})
	if isCode(err, "eexist") {
		return nil // another op made it meanwhile; if it is no directory, the next step tells
	}
	return err
}

// isDirectory reports whether a directory is at a path or where a link there
// points to. Anything else that is there is an error.
func isDirectory(p string) (bool, error) {
	info, err := os.Stat(p)
	switch {
	case err == nil && info.IsDir():
		return true, nil
	case err == nil || errors.Is(err, syscall.ENOTDIR):
		return false, conflict("enotdir", p+" is not a directory, or is below something that is none")
	case errors.Is(err, syscall.ENOENT):
		return false, nil
	}
	return false, Fault("look at "+p, err)
}

// makeDirectory makes one directory. Its mode does not depend on the umask.
func (m *Machine) makeDirectory(ctx context.Context, p string, a op.Attributes) error {
	t, err := openTarget(p)
	if err != nil {
		return err
	}
	defer t.close()
	bits := os.FileMode(0o700)
	if a.Mode != nil {
		bits &= os.FileMode(*a.Mode)
	}
	if err := t.dir.Mkdir(t.name, bits); err != nil {
		return Fault("make the directory "+p, err)
	}
	if err := m.dress(ctx, t, a); err != nil {
		_ = t.dir.Remove(t.name) // the error that led here is the one to tell
		return err
	}
	return nil
}

// dress gives a new directory its owner and mode.
func (m *Machine) dress(ctx context.Context, t *target, a op.Attributes) error {
	dir, err := t.dir.Open(".")
	if err != nil {
		return Fault("open the directory of "+t.path, err)
	}
	defer dir.Close()
	h, err := openHandle(int(dir.Fd()), t.name)
	if err != nil {
		return Fault("look at "+t.path, err)
	}
	defer h.close()
	if typeOf(h.st.Mode) != op.TypeDir {
		return conflict("enotdir", t.path+" was replaced while it was made")
	}
	want, err := m.owner(ctx, a.Owner, a.Group, keep)
	if err != nil {
		return err
	}
	mode := newDirMode | h.st.Mode&syscall.S_ISGID // which comes from the directory above
	if a.Mode != nil {
		mode = *a.Mode
	}
	if _, err := h.set(&mode, want); err != nil {
		return Fault("set the mode and owner of "+t.path, err)
	}
	return nil
}

// link makes a symbolic link: see op.Link.
func (m *Machine) link(ctx context.Context, l *op.Link) (*op.Done, error) {
	t, err := openTarget(l.Path)
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := t.stat()
	if err != nil {
		return nil, err
	}
	own := keep
	if old != nil {
		switch typeOf(old.Mode) {
		case op.TypeDir:
			return nil, conflict("eisdir", t.path+" is a directory, which a link does not replace")
		case op.TypeLink:
			own = ownerOf(old)
		}
	}
	want, err := m.owner(ctx, l.Owner, l.Group, own)
	if err != nil {
		return nil, err
	}
	if old != nil && typeOf(old.Mode) == op.TypeLink && want == own {
		if target, err := t.dir.Readlink(t.name); err == nil && target == l.Target {
			return &op.Done{}, nil
		}
	}
	draft := t.beside()
	if err := t.dir.Symlink(l.Target, draft); err != nil {
		return nil, Fault("make the link "+t.path, err)
	}
	if err := t.settle(draft, want); err != nil {
		_ = t.dir.Remove(draft) // the error that led here is the one to tell
		return nil, err
	}
	return &op.Done{Changed: true}, t.sync()
}

// settle gives a link its owner, where that is another than it has, and puts it
// in place.
func (t *target) settle(draft string, want owner) error {
	made := &target{path: t.path, dir: t.dir, name: draft}
	st, err := made.stat()
	if err != nil {
		return err
	}
	if st != nil && want.over(ownerOf(st)) != ownerOf(st) {
		if err := t.dir.Lchown(draft, want.uid, want.gid); err != nil {
			return Fault("set the owner of the link "+t.path, err)
		}
	}
	if err := t.dir.Rename(draft, t.name); err != nil {
		return Fault("make the link "+t.path, err)
	}
	return nil
}

// remove deletes what is at a path: see op.Remove.
func (m *Machine) remove(r *op.Remove) (*op.Done, error) {
	t, err := openTarget(r.Path)
	if isCode(err, "enoent", "enotdir") {
		return &op.Done{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := t.stat()
	if err != nil {
		return nil, err
	}
	if old == nil {
		return &op.Done{}, nil
	}
	if r.Recurse {
		err = t.dir.RemoveAll(t.name)
	} else {
		err = t.dir.Remove(t.name)
	}
	switch {
	case errors.Is(err, syscall.ENOTEMPTY) && !r.Recurse:
		return nil, conflict("enotempty", t.path+" is a directory that is not empty, and recurse was not given")
	case err != nil:
		return nil, Fault("remove "+t.path, err)
	}
	return &op.Done{Changed: true}, nil
}

// isCode reports whether err is an op's error with one of the codes.
func isCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*op.Error](err)
	if !ok {
		return false
	}
	return slices.Contains(codes, e.Code)
}
