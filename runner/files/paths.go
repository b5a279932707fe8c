package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path"
	"syscall"

	"github.com/openfroyo/froyo/runner/fsattr"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// newDirMode is the mode of a new directory for which none is given.
const newDirMode = 0o755

// mkdir makes a directory: see op.Mkdir.
func (fs *Files) mkdir(ctx context.Context, d *op.Mkdir) (*op.Done, error) {
	there, err := fs.directoryAt(ctx, d.Path, d.Unsafe)
	if err != nil {
		return nil, err
	}
	if there != nil {
		there.Close()
		return &op.Done{}, nil
	}
	t, err := fs.targetWithParents(ctx, d.Path, d.Unsafe)
	if err != nil {
		return nil, err
	}
	defer t.close()
	made, err := fs.makeDirectory(ctx, t, d.Attributes)
	if err != nil {
		return nil, err
	}
	made.Close()
	return &op.Done{Changed: true}, nil
}

// targetWithParents opens the directory that holds a path, and makes it where it is missing.
func (fs *Files) targetWithParents(ctx context.Context, p string, unsafe bool) (*target, error) {
	parent, name := fspath.Split(p)
	dir, err := fs.makeParents(ctx, parent, unsafe)
	if err != nil {
		return nil, err
	}
	return &target{path: path.Join(calledDir(p, dir), name), dir: dir, name: name, unsafe: unsafe, users: fs.users}, nil
}

// makeParents makes what is missing of a path, and opens the directory there.
func (fs *Files) makeParents(ctx context.Context, p string, unsafe bool) (*fspath.Node, error) {
	there, err := fs.directoryAt(ctx, p, unsafe)
	if there != nil || err != nil {
		return there, err
	}
	t, err := fs.targetWithParents(ctx, p, unsafe)
	if err != nil {
		return nil, err
	}
	defer t.close()
	made, err := fs.makeDirectory(ctx, t, op.Attributes{})
	if perform.IsCode(err, "eexist") {
		return fs.appeared(ctx, t) // another op made it meanwhile, or it is a link to nothing
	}
	return made, err
}

// appeared opens a directory that was not there a moment ago.
func (fs *Files) appeared(ctx context.Context, t *target) (*fspath.Node, error) {
	there, err := fs.directoryAt(ctx, t.path, t.unsafe)
	if there != nil || err != nil {
		return there, err
	}
	return nil, perform.Conflict("enoent", t.path+" is a link that leads nowhere, so that nothing can be made below it")
}

// directoryAt opens the directory that is at a path or where a link there
// points to; nil where there is nothing. Anything else that is there is an error.
func (fs *Files) directoryAt(ctx context.Context, p string, unsafe bool) (*fspath.Node, error) {
	n, err := fspath.Open(p, fspath.How{Follow: true, Directory: true, Unsafe: unsafe})
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, syscall.ENOTDIR):
		return nil, perform.Conflict("enotdir", p+" is not a directory, or is below something that is none")
	case errors.Is(err, syscall.ENOENT):
		return nil, nil
	}
	return nil, fs.users.unsafe(ctx, "look at "+p, err)
}

// makeDirectory makes one directory and opens it. Its mode does not depend on the umask.
func (fs *Files) makeDirectory(ctx context.Context, t *target, a op.Attributes) (*fspath.Node, error) {
	bits := uint32(0o700)
	if a.Mode != nil {
		bits &= *a.Mode
	}
	if err := t.dir.Mkdir(t.name, bits); err != nil {
		return nil, t.fault("make the directory "+t.path, err)
	}
	n, err := t.dir.Child(t.name)
	if err != nil {
		return nil, perform.Fault("look at "+t.path, err)
	}
	if err := fs.dress(ctx, t, n, bits, a); err != nil {
		n.Close()
		_ = t.dir.Remove(t.name, true) // the error that led here is the one to tell
		return nil, err
	}
	return n, nil
}

// dress gives a new directory its owner and mode. It is the one that was made:
// in a directory of another user's the name could lead to another by now. Elsewhere
// what was made may look otherwise: vfat, CIFS and sshfs give owners and modes of their own.
func (fs *Files) dress(ctx context.Context, t *target, n *fspath.Node, bits uint32, a op.Attributes) error {
	others := t.dir.OthersWrite()
	if !n.IsDir() || others && (int(n.UID) != fs.uid || n.Mode&0o777&^bits != 0) {
		return perform.Conflict("enotdir", t.path+" was replaced while it was made")
	}
	if others {
		if err := t.checkEmpty(n); err != nil {
			return err
		}
	}
	want, err := fs.users.owner(ctx, a.Owner, a.Group, keep)
	if err != nil {
		return err
	}
	if t.foreign(want) {
		if err := fsattr.DropInherited(n.Proc()); err != nil {
			return perform.Fault("make the directory "+t.path, err)
		}
	}
	mode := newDirMode | n.Mode&syscall.S_ISGID // which comes from the directory above
	if a.Mode != nil {
		mode = *a.Mode
	}
	if _, err := set(n, &mode, want); err != nil {
		return t.fault("set the mode and owner of "+t.path, err, n)
	}
	return nil
}

// checkEmpty refuses a directory that holds something.
func (t *target) checkEmpty(n *fspath.Node) error {
	dir, err := n.Open(syscall.O_RDONLY)
	if err != nil {
		return perform.Fault("open the directory "+t.path, err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(1)
	switch {
	case len(names) > 0:
		return perform.Conflict("enotdir", t.path+" was replaced while it was made")
	case err != nil && !errors.Is(err, io.EOF):
		return perform.Fault("read the directory "+t.path, err)
	}
	return nil
}

// link makes a symbolic link: see op.Link.
func (fs *Files) link(ctx context.Context, l *op.Link) (*op.Done, error) {
	t, err := fs.users.target(ctx, l.Path, l.Unsafe)
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := t.at()
	if err != nil {
		return nil, err
	}
	own := keep
	if old != nil {
		defer old.Close()
		switch typeOf(old.Mode) {
		case op.TypeDir:
			return nil, perform.Conflict("eisdir", t.path+" is a directory, which a link does not replace")
		case op.TypeLink:
			own = ownerOf(&old.Info)
		}
	}
	want, err := fs.users.owner(ctx, l.Owner, l.Group, own)
	if err != nil {
		return nil, err
	}
	if old != nil && old.IsLink() && want == own {
		if target, err := old.Readlink(); err == nil && target == l.Target {
			return &op.Done{}, nil
		}
	}
	draft := t.beside()
	if err := t.dir.Symlink(l.Target, draft); err != nil {
		return nil, t.fault("make the link "+t.path, err)
	}
	if err := fs.settle(t, draft, l.Target, want, old); err != nil {
		_ = t.dir.Remove(draft, false) // the error that led here is the one to tell
		return nil, err
	}
	return &op.Done{Changed: true}, t.sync()
}

// settle gives a link its owner, where that is another than it has, and puts it
// in place.
func (fs *Files) settle(t *target, draft, target string, want owner, old *fspath.Node) error {
	made, err := t.dir.Child(draft)
	if err != nil {
		return perform.Fault("look at the new "+t.path, err)
	}
	defer made.Close()
	leads, err := made.Readlink()
	others := t.dir.OthersWrite() // elsewhere the file system alone says whose it is
	if err != nil || leads != target || others && (int(made.UID) != fs.uid || made.Nlink != 1) {
		return perform.Conflict("changed", t.path+" was exchanged while it was made")
	}
	if want.over(ownerOf(&made.Info)) != ownerOf(&made.Info) {
		if err := made.Chown(want.uid, want.gid); err != nil {
			return perform.Fault("set the owner of the link "+t.path, err)
		}
	}
	if !others {
		made = nil
	}
	return t.put(draft, made, old)
}

// remove deletes what is at a path: see op.Remove.
func (fs *Files) remove(ctx context.Context, r *op.Remove) (*op.Done, error) {
	t, err := fs.users.target(ctx, r.Path, r.Unsafe)
	if perform.IsCode(err, "enoent", "enotdir") {
		return &op.Done{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer t.close()
	old, err := t.at()
	if err != nil {
		return nil, err
	}
	if old == nil {
		return &op.Done{}, nil
	}
	defer old.Close()
	if r.Recurse && old.IsDir() {
		if err := t.removeBelow(ctx, old); err != nil {
			return nil, err
		}
	}
	switch err := t.dir.Remove(t.name, old.IsDir()); {
	case err == nil, errors.Is(err, syscall.ENOENT):
		return &op.Done{Changed: true}, nil
	case errors.Is(err, syscall.ENOTEMPTY) && !r.Recurse:
		return nil, perform.Conflict("enotempty", t.path+" is a directory that is not empty, and recurse was not given")
	case errors.Is(err, syscall.EBUSY):
		return nil, perform.Conflict("mount", "remove "+t.path+": something is mounted there; unmount it first")
	default:
		return nil, t.fault("remove "+t.path, err, old)
	}
}

// removeBelow empties a directory. Where something is mounted there or below,
// nothing is removed.
func (t *target) removeBelow(ctx context.Context, n *fspath.Node) error {
	const doing = "remove what is below "
	is, err := n.IsMount()
	if err != nil {
		return perform.Fault("look at "+t.path, err)
	}
	if is {
		return perform.Conflict("mount", "remove "+t.path+": something is mounted there; unmount it first")
	}
	if err := noMounts(ctx, doing, t.path, n, true); err != nil {
		return err
	}
	err = n.RemoveBelow(func() error { return perform.Stopped(ctx) })
	if mounted, ok := errors.AsType[*fspath.Mounted](err); ok {
		return perform.Conflict("mount", doing+t.path+": something was mounted at "+mounted.Path+" meanwhile, which stays; unmount it first")
	}
	if fixed, ok := errors.AsType[*fspath.Fixed](err); ok {
		return perform.Refuse(op.CodeFixed, doing+t.path+": "+fixed.Error())
	}
	if at, ok := errors.AsType[*os.PathError](err); ok {
		return perform.Fault("remove "+at.Path, at.Err)
	}
	if err != nil {
		return t.fault("remove "+t.path, err, n)
	}
	return nil
}
