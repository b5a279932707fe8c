package mirror

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"path"
	"slices"
	"syscall"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/tree"
	"github.com/openfroyo/froyo/runner/walk"
)

// looker looks at what is in a directory.
type looker struct {
	d        *directory
	contents bool // of files are compared
	sum      hash.Hash
	buf      []byte
}

// look finds what is in the directory. Contents of files are compared where that is asked for.
func (d *directory) look(ctx context.Context, contents bool) error {
	d.found, d.held = make([]found, len(d.entries)), map[string]bool{}
	n, err := d.root(ctx)
	if err != nil || n == nil {
		return err
	}
	defer n.Close()
	d.there = true
	l := &looker{d: d, contents: contents, sum: sha256.New(), buf: make([]byte, 128<<10)}
	w := walk.Walker{Recurse: true, Enter: l.enter, Mounted: l.mount, Visit: func(rel string, n *fspath.Node, _ *fspath.Info) error { return l.visit(rel, n) }}
	if err := w.Below(ctx, d.want.Path, n); err != nil {
		return err
	}
	if d.mounted != "" {
		return perform.Conflict("mount", "something is mounted at "+d.path(d.mounted)+", where the tree is not brought; exclude it, or bring it a tree of its own")
	}
	d.extra = slices.DeleteFunc(d.extra, func(name string) bool { return d.held[name] })
	return nil
}

// enter says which directories are looked into: those of the tree, and those that are to be removed.
func (l *looker) enter(rel string) bool {
	i, ours := l.d.at[rel]
	switch {
	case tree.Excluded(l.d.want.Exclude, rel):
		return false
	case ours:
		return l.d.entries[i].Kind == tree.Dir || l.d.want.Delete
	}
	return l.d.want.Delete && !l.d.want.Absent
}

func (l *looker) mount(rel string) error {
	if _, ours := l.d.at[rel]; (ours || l.d.want.Delete) && l.d.mounted == "" && !tree.Excluded(l.d.want.Exclude, rel) {
		l.d.mounted = rel
	}
	return nil
}

func (l *looker) visit(rel string, n *fspath.Node) error {
	if tree.Excluded(l.d.want.Exclude, rel) {
		for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
			l.d.held[dir] = true
		}
		return nil
	}
	i, ours := l.d.at[rel]
	if !ours {
		l.other(rel)
		return nil
	}
	e := &l.d.entries[i]
	f := found{kind: kindOf(n.Mode), mode: n.Mode & 0o7777}
	f.own = (l.d.uid == -1 || l.d.uid == int(n.UID)) && (l.d.gid == -1 || l.d.gid == int(n.GID))
	l.d.found[i] = f
	if string(f.kind) != string(e.Kind) {
		return nil
	}
	var err error
	switch {
	case e.Kind == tree.Link:
		var target string
		target, err = n.Readlink()
		l.d.found[i].same = target == e.Link
	case e.Kind == tree.File && l.contents && n.Size == e.Size:
		l.d.found[i].same, err = l.equal(n, e)
	default:
		l.d.found[i].same = e.Kind == tree.Dir || !l.contents
	}
	return perform.Wrap("read "+l.d.path(rel), err)
}

// other notes what the tree does not have.
func (l *looker) other(rel string) {
	if l.d.want.Delete && !l.d.want.Absent {
		l.d.extra = append(l.d.extra, rel)
	}
}

// equal compares the content of a file.
func (l *looker) equal(n *fspath.Node, e *tree.Entry) (bool, error) {
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return false, err
	}
	defer f.Close()
	l.sum.Reset()
	size, err := io.CopyBuffer(l.sum, onlyReader{io.LimitReader(f, e.Size+1)}, l.buf)
	return size == e.Size && op.Hex(l.sum.Sum(l.buf[:0])) == e.Sum, err
}

// onlyReader hides what else a reader can do, so that the buffer is used.
type onlyReader struct{ io.Reader }

func kindOf(mode uint32) op.Type {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return op.TypeFile
	case syscall.S_IFDIR:
		return op.TypeDir
	case syscall.S_IFLNK:
		return op.TypeLink
	}
	return "special file"
}

// inTheWay reports whether what is at an entry's place cannot be replaced by it without being removed.
func inTheWay(f *found, e *tree.Entry) bool {
	return f.kind != "" && string(f.kind) != string(e.Kind) && (e.Kind == tree.Dir || f.kind != op.TypeFile && f.kind != op.TypeLink)
}

// differs says in what an entry is not as it shall be, or "".
func (d *directory) differs(i int) string {
	e, f := &d.entries[i], &d.found[i]
	switch {
	case string(f.kind) != string(e.Kind):
		return "is a " + string(f.kind)
	case !f.same && e.Kind == tree.Link:
		return "leads elsewhere"
	case !f.same:
		return "has another content"
	case e.Kind != tree.Link && f.mode != d.mode(e):
		return "has another mode"
	case !f.own:
		return "has another owner or group"
	}
	return ""
}

// query tells in what the directory differs: see op.Tree.
func (d *directory) query(ctx context.Context) (*op.TreeResult, error) {
	if err := d.look(ctx, !d.want.Absent); err != nil {
		return nil, err
	}
	r := &op.TreeResult{Exists: d.there}
	all := sha256.New()
	tell := func(p *op.TreePart, what string) {
		if p.Count++; len(p.Names) < op.MaxTold {
			p.Names = append(p.Names, perform.Bounded(what))
		}
		all.Write([]byte(what + "\n"))
	}
	var pick []int
	for i := range d.entries {
		e, f := &d.entries[i], &d.found[i]
		how := ""
		if f.kind != "" {
			how = d.differs(i)
		}
		switch {
		case d.want.Absent && string(f.kind) == string(e.Kind) && e.Kind != tree.Dir:
			tell(&r.Extra, e.Name)
		case d.want.Absent || f.kind != "" && how == "":
			continue
		case inTheWay(f, e):
			tell(&r.InTheWay, e.Name+" "+how)
		case f.kind == "":
			tell(&r.Missing, e.Name)
		default:
			tell(&r.Differing, e.Name+" "+how)
		}
		if e.Kind == tree.File && !f.same && !d.want.Absent {
			pick = append(pick, i)
			r.Bytes += e.Size
		}
	}
	for _, name := range d.extra {
		tell(&r.Extra, name)
	}
	if r.Pick = tree.Pick(pick); r.Missing.Count+r.Differing.Count+r.Extra.Count+r.InTheWay.Count > 0 {
		r.Digest = op.Hex(all.Sum(nil))
	}
	return r, nil
}
