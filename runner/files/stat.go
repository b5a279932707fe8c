package files

import (
	"context"
	"errors"
	"math"
	"path"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/walk"
)

func (fs *Files) stat(ctx context.Context, s *op.Stat) (*op.StatResult, error) {
	n, err := fspath.Open(s.Path, fspath.How{Follow: s.Follow, Unsafe: s.Unsafe})
	if perform.IsAbsent(err) {
		return absent(s), nil
	}
	if err != nil {
		return nil, fs.users.unsafe(ctx, "look at "+s.Path, err)
	}
	defer n.Close()
	result := &op.StatResult{
		Exists: true,
		Type:   typeOf(n.Mode),
		Mode:   permissions(n.Mode),
		UID:    n.UID,
		GID:    n.GID,
		Owner:  fs.users.names.User(ctx, n.UID),
		Group:  fs.users.names.Group(ctx, n.GID),
	}
	if real := n.Real(); real != path.Clean(s.Path) && !s.Follow {
		result.Real = perform.Clean(real)
	}
	switch result.Type {
	case op.TypeFile:
		result.Size = n.Size
	case op.TypeLink:
		target, err := n.Readlink()
		if err != nil {
			return nil, perform.Fault("read the link "+s.Path, err)
		}
		result.Target = perform.Clean(target)
		result.Lossy = result.Target != target
	}
	return result, perform.Stopped(ctx)
}

// absent is where what is not there would be, if links lead there.
func absent(s *op.Stat) *op.StatResult {
	result := &op.StatResult{}
	if s.Follow {
		return result
	}
	dir, name, err := fspath.OpenParent(s.Path, fspath.How{Unsafe: s.Unsafe})
	if err != nil {
		result.NoParent = perform.IsAbsent(err) // else making it says what is wrong
		return result
	}
	defer dir.Close()
	if real := path.Join(dir.Real(), name); real != path.Clean(s.Path) {
		result.Real = perform.Clean(real)
	}
	return result
}

// How many entries of a directory come back: without a limit, and at most; how
// many are counted, and how many mount points are named.
const (
	defaultEntries = 10_000
	maxEntries     = 100_000
	maxCount       = 200_000
	maxMounts      = 10
)

// errEnough ends a walk that has what it wants.
var errEnough = errors.New("enough")

func (fs *Files) list(ctx context.Context, l *op.List) (*op.ListResult, error) {
	root := path.Clean(l.Path)
	n, err := fspath.Open(root, fspath.How{Follow: true, Unsafe: l.Unsafe})
	if perform.IsAbsent(err) {
		return &op.ListResult{}, nil
	}
	if err != nil {
		return nil, fs.users.unsafe(ctx, "look at "+root, err)
	}
	defer n.Close()
	if !n.IsDir() {
		return nil, perform.Conflict("enotdir", root+" is not a directory")
	}
	differs, err := fs.differs(ctx, l.Unless)
	if err != nil {
		return nil, err
	}
	c := &collector{list: l, result: &op.ListResult{Exists: true}, limit: l.Limit, differs: differs}
	if c.since = math.MinInt64; l.Newer > 0 {
		c.since = time.Now().Unix() - l.Newer
	}
	if c.limit == 0 {
		c.limit = defaultEntries
	}
	c.limit = min(c.limit, maxEntries)
	c.entry = func(rel string, i *fspath.Info) op.Entry { return fs.entry(ctx, rel, i) }
	if err := c.top(n); err != nil {
		return nil, perform.Fault("look at "+root, err)
	}
	w := walk.Walker{Recurse: l.Recurse, Visit: c.visit}
	if l.Mounts {
		w.Mounted = c.mounted
	}
	if err := w.Below(ctx, root, n); err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return c.result, perform.Stopped(ctx)
}

// collector gathers what an op.List asks for.
type collector struct {
	list    *op.List
	result  *op.ListResult
	limit   int
	seen    int // entries that were walked through
	since   int64
	differs func(*fspath.Info) bool
	entry   func(rel string, i *fspath.Info) op.Entry
}

// top sees whether the directory itself is a mount point.
func (c *collector) top(n *fspath.Node) error {
	if !c.list.Mounts {
		return nil
	}
	is, err := n.IsMount()
	if is {
		c.result.Mounts = append(c.result.Mounts, ".")
	}
	return err
}

func (c *collector) visit(rel string, n *fspath.Node, _ *fspath.Info) error {
	r := c.result
	if c.seen++; c.seen > maxCount && (c.list.Tally || c.list.Mounts) {
		r.Beyond = true
		return errEnough
	}
	if c.list.Tally {
		r.Count++
		switch n.Mode & syscall.S_IFMT {
		case syscall.S_IFREG:
			r.Bytes += n.Size
		case syscall.S_IFDIR:
			r.Dirs++
		}
	}
	switch {
	case r.More || n.Modified < c.since || !c.differs(&n.Info):
	case len(r.Entries) < c.limit:
		r.Entries = append(r.Entries, c.entry(rel, &n.Info))
	default:
		r.More = true
	}
	if r.More && !c.list.Tally && (!c.list.Mounts || !c.list.Recurse) {
		return errEnough
	}
	return nil
}

func (c *collector) mounted(rel string) error {
	c.result.Mounts = append(c.result.Mounts, perform.Clean(rel))
	if len(c.result.Mounts) >= maxMounts {
		return errEnough
	}
	return nil
}

func (fs *Files) entry(ctx context.Context, rel string, st *fspath.Info) op.Entry {
	e := op.Entry{
		Path:  perform.Clean(rel),
		Lossy: !utf8.ValidString(rel),
		Type:  typeOf(st.Mode),
		Mode:  permissions(st.Mode),
		Owner: fs.users.names.User(ctx, st.UID),
		Group: fs.users.names.Group(ctx, st.GID),
	}
	if e.Type == op.TypeFile {
		e.Size = st.Size
	}
	return e
}

// differs returns what tells whether a thing lacks some of the attributes; nil
// attributes differ from everything, and so does an owner there is not yet.
func (fs *Files) differs(ctx context.Context, a *op.Attributes) (func(*fspath.Info) bool, error) {
	everything := func(*fspath.Info) bool { return true }
	if a == nil {
		return everything, nil
	}
	want, err := fs.users.owner(ctx, a.Owner, a.Group, keep)
	if perform.IsCode(err, "nouser", "nogroup") {
		return everything, nil
	}
	return func(st *fspath.Info) bool {
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
