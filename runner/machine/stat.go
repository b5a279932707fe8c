package machine

import (
	"context"
	"errors"
	"os"
	"path"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

func (m *Machine) stat(ctx context.Context, s *op.Stat) (*op.StatResult, error) {
	look := os.Lstat
	if s.Follow {
		look = os.Stat
	}
	info, err := look(s.Path)
	if isAbsent(err) {
		return &op.StatResult{}, nil
	}
	if err != nil {
		return nil, Fault("look at "+s.Path, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("the state of " + s.Path + " is of an unknown kind")
	}
	result := &op.StatResult{
		Exists: true,
		Type:   typeOf(st.Mode),
		Mode:   permissions(st.Mode),
		UID:    st.Uid,
		GID:    st.Gid,
		Owner:  m.names.User(ctx, st.Uid),
		Group:  m.names.Group(ctx, st.Gid),
	}
	switch result.Type {
	case op.TypeFile:
		result.Size = st.Size
	case op.TypeLink:
		target, err := os.Readlink(s.Path)
		if err != nil {
			return nil, Fault("read the link "+s.Path, err)
		}
		result.Target = clean(target)
	}
	return result, stopped(ctx)
}

// isAbsent reports whether an error says that nothing is there.
func isAbsent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR)
}

// How many entries of a directory come back: without a limit, and at most.
const (
	defaultEntries = 10_000
	maxEntries     = 100_000
)

// errEnough ends a walk that has what it wants.
var errEnough = errors.New("enough")

func (m *Machine) list(ctx context.Context, l *op.List) (*op.ListResult, error) {
	root := path.Clean(l.Path)
	info, err := os.Stat(root)
	if isAbsent(err) {
		return &op.ListResult{}, nil
	}
	if err != nil {
		return nil, Fault("look at "+root, err)
	}
	if !info.IsDir() {
		return nil, conflict("enotdir", root+" is not a directory")
	}
	differs, err := m.differs(ctx, l.Unless)
	if err != nil {
		return nil, err
	}
	dir, err := os.Open(root)
	if err != nil {
		return nil, Fault("open the directory "+root, err)
	}
	defer dir.Close()
	limit := l.Limit
	if limit == 0 {
		limit = defaultEntries
	}
	limit = min(limit, maxEntries)
	result := &op.ListResult{Exists: true}
	walk := walker{recurse: l.Recurse, visit: func(rel string, h *handle) error {
		if !differs(&h.st) {
			return nil
		}
		if len(result.Entries) == limit {
			result.More = true
			return errEnough
		}
		result.Entries = append(result.Entries, m.entry(ctx, rel, &h.st))
		return nil
	}}
	if err := walk.below(ctx, root, dir); err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return result, stopped(ctx)
}

func (m *Machine) entry(ctx context.Context, rel string, st *syscall.Stat_t) op.Entry {
	e := op.Entry{
		Path:  clean(rel),
		Type:  typeOf(st.Mode),
		Mode:  permissions(st.Mode),
		Owner: m.names.User(ctx, st.Uid),
		Group: m.names.Group(ctx, st.Gid),
	}
	if e.Type == op.TypeFile {
		e.Size = st.Size
	}
	return e
}

// differs returns what tells whether a thing lacks some of the attributes; nil
// attributes differ from everything, and so does an owner there is not yet.
func (m *Machine) differs(ctx context.Context, a *op.Attributes) (func(*syscall.Stat_t) bool, error) {
	everything := func(*syscall.Stat_t) bool { return true }
	if a == nil {
		return everything, nil
	}
	want, err := m.owner(ctx, a.Owner, a.Group, keep)
	if isCode(err, "nouser", "nogroup") {
		return everything, nil
	}
	return func(st *syscall.Stat_t) bool {
		mode := modeFor(a, st.Mode)
		return want.over(ownerOf(st)) != ownerOf(st) || mode != nil && *mode != permissions(st.Mode)
	}, err
}

// modeFor is the mode that attributes give to a thing of some type, nil for none.
func modeFor(a *op.Attributes, mode uint32) *uint32 {
	switch kind := typeOf(mode); {
	case kind == op.TypeLink:
		return nil
	case kind == op.TypeDir && a.DirMode != nil:
		return a.DirMode
	}
	return a.Mode
}
