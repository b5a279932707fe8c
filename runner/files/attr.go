package files

import (
	"context"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/walk"
)

// attr sets modes and owners: see op.Attr.
func (fs *Files) attr(ctx context.Context, a *op.Attr) (*op.Done, error) {
	want, err := fs.users.owner(ctx, a.Owner, a.Group, keep)
	if err != nil {
		return nil, err
	}
	t, err := fs.users.target(ctx, a.Path, a.Unsafe)
	if err != nil {
		return nil, err
	}
	defer t.close()
	n, err := t.dir.Child(t.name)
	if err != nil {
		return nil, perform.Fault("look at "+t.path, err)
	}
	defer n.Close()
	if err := t.own(ctx, n); err != nil {
		return nil, err
	}
	done := &op.Done{}
	if a.Recurse && n.IsDir() {
		err = fs.attrAll(ctx, a, t, n, want, done)
	} else {
		err = t.setOne(t.path, n, topMode(a, n), want, done)
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

// attrAll sets modes and owners of a directory and of all below it. Root gives a
// directory away after what is in it: from then on its owner can put in names of
// other things. Others, who give nothing away, may need the mode to get in.
func (fs *Files) attrAll(ctx context.Context, a *op.Attr, t *target, n *fspath.Node, want owner, done *op.Done) error {
	const doing = "change what is below "
	if err := noMounts(ctx, doing, t.path, n, false); err != nil {
		return err
	}
	after := fs.uid == 0
	if !after {
		if err := t.setOne(t.path, n, topMode(a, n), want, done); err != nil {
			return err
		}
	}
	w := walk.Walker{Recurse: true, After: after, Mounted: mountedAt(doing, t.path)}
	w.Visit = func(rel string, n *fspath.Node, dir *fspath.Info) error {
		if !a.Unsafe {
			if err := fs.users.checkLinks(ctx, n, dir, t.path+"/"+rel); err != nil {
				return err
			}
		}
		return t.setOne(t.path+"/"+rel, n, modeFor(&a.Attributes, n.Mode), want, done)
	}
	if err := w.Below(ctx, t.path, n); err != nil || !after {
		return err
	}
	return t.setOne(t.path, n, topMode(a, n), want, done)
}

// noMounts refuses a directory where something is mounted below.
func noMounts(ctx context.Context, doing, p string, n *fspath.Node, deep bool) error {
	w := walk.Walker{Recurse: true, Deep: deep, Mounted: mountedAt(doing, p)}
	w.Visit = func(string, *fspath.Node, *fspath.Info) error { return nil }
	return w.Below(ctx, p, n)
}

func mountedAt(doing, p string) func(rel string) error {
	return func(rel string) error {
		return perform.Conflict("mount", doing+p+": something is mounted at "+p+"/"+rel+", where nothing recursive goes; unmount it first")
	}
}

// topMode is the mode for the path itself. DirMode is for what is below it,
// and for it as well where the change is recursive.
func topMode(a *op.Attr, n *fspath.Node) *uint32 {
	if a.Recurse {
		return modeFor(&a.Attributes, n.Mode)
	}
	return a.Mode
}

func (t *target) setOne(path string, n *fspath.Node, mode *uint32, want owner, done *op.Done) error {
	changed, err := set(n, mode, want)
	done.Changed = done.Changed || changed
	if err != nil {
		return t.fault("set the mode and owner of "+path, err, n)
	}
	return nil
}
