package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

// attr sets modes and owners: see op.Attr.
func (m *Machine) attr(ctx context.Context, a *op.Attr) (*op.Done, error) {
	want, err := m.owner(ctx, a.Owner, a.Group, keep)
	if err != nil {
		return nil, err
	}
	t, err := openTarget(a.Path)
	if err != nil {
		return nil, err
	}
	defer t.close()
	dir, err := t.dir.Open(".")
	if err != nil {
		return nil, Fault("open the directory of "+t.path, err)
	}
	defer dir.Close()
	h, err := openHandle(int(dir.Fd()), t.name)
	if err != nil {
		return nil, Fault("look at "+t.path, err)
	}
	defer h.close()
	done := &op.Done{}
	if err := setOne(t.path, h, topMode(a, h), want, done); err != nil {
		return nil, err
	}
	if a.Recurse && typeOf(h.st.Mode) == op.TypeDir {
		err = m.attrBelow(ctx, a, t.path, h, want, done)
	}
	if err != nil {
		return nil, err
	}
	return done, nil
}

func (m *Machine) attrBelow(ctx context.Context, a *op.Attr, path string, h *handle, want owner, done *op.Done) error {
	dir, err := openDirectory(h, path)
	if err != nil {
		return Fault("open the directory "+path, err)
	}
	defer dir.Close()
	walk := walker{recurse: true, visit: func(rel string, h *handle) error {
		return setOne(path+"/"+rel, h, modeFor(&a.Attributes, h.st.Mode), want, done)
	}}
	return walk.below(ctx, path, dir)
}

// topMode is the mode for the path itself. DirMode is for what is below it,
// and for it as well where the change is recursive.
func topMode(a *op.Attr, h *handle) *uint32 {
	if a.Recurse {
		return modeFor(&a.Attributes, h.st.Mode)
	}
	return a.Mode
}

func setOne(path string, h *handle, mode *uint32, want owner, done *op.Done) error {
	changed, err := h.set(mode, want)
	done.Changed = done.Changed || changed
	if err != nil {
		return Fault("set the mode and owner of "+path, err)
	}
	return nil
}
