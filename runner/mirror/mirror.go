// Package mirror performs the ops on trees: it tells in what a directory differs from one, and makes it hold what the tree has.
// What it writes goes through runner/files, so that no link of an untrusted user leads it elsewhere.
//
// It imports runner/{files,fspath,names,op,perform,tree,walk} and the standard library only; never fmt, since the
// runner's size is speed.
package mirror

import (
	"context"
	"errors"
	"io"
	"path"
	"syscall"

	"github.com/openfroyo/froyo/runner/files"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/tree"
)

// Performer performs the ops on trees. It may be used by several goroutines.
type Performer struct {
	files *files.Files
	names *names.Names
}

// New returns what performs the ops on trees, by that on files.
func New(f *files.Files, n *names.Names) *Performer { return &Performer{f.Unsynced(), n} }

// Perform implements perform.Performer.
func (p *Performer) Perform(ctx context.Context, c *perform.Call) error {
	o, r := c.Op.Tree, &c.Result
	if o == nil {
		return perform.ErrUnknown
	}
	d, err := p.open(ctx, o, c.Stream.In)
	switch {
	case err != nil:
	case o.Query:
		r.Tree, err = d.query(ctx)
	case o.Absent:
		r.Done, err = d.discardAll(ctx)
	default:
		r.Done, err = d.sync(ctx, o.Pick, c.Stream.In)
	}
	return err
}

// directory is what shall hold a tree.
type directory struct {
	want     *op.Tree
	files    *files.Files
	names    *names.Names
	entries  []tree.Entry
	at       map[string]int // the entries, by name
	uid, gid int            // that all of it gets; -1 is who it belongs to, unknown is one that there is not
	there    bool
	found    []found         // by entry
	extra    []string        // what the tree does not have, what holds it before it
	held     map[string]bool // directories with something in them that is left alone
	mounted  string          // the first mount point
}

// found is what is at an entry's place.
type found struct {
	kind op.Type // "" is nothing
	mode uint32
	own  bool // it belongs to whom it shall
	same bool // content or target is right; of files only where contents are compared
}

const unknown = -2

// open reads the tree's list, with which the content begins.
func (p *Performer) open(ctx context.Context, m *op.Tree, in io.Reader) (*directory, error) {
	if in == nil || m.Tree.Size > tree.MaxList {
		return nil, perform.Refuse("tree", "the list of the tree for "+m.Path+" did not come, or is too long")
	}
	list := make([]byte, m.Tree.Size)
	if _, err := io.ReadFull(in, list); err != nil {
		return nil, perform.Fault("read the list of the tree for "+m.Path, err)
	}
	if op.Sum(list) != m.Tree.Sum {
		return nil, perform.Refuse("content", "the list of the tree for "+m.Path+" has another SHA-256 than announced")
	}
	entries, err := tree.Parse(string(list))
	if err != nil {
		return nil, perform.Refuse("tree", "the tree for "+m.Path+" is refused, and nothing was changed: "+err.Error())
	}
	d := &directory{want: m, files: p.files, names: p.names, entries: entries, at: make(map[string]int, len(entries)), uid: -1, gid: -1}
	for i := range entries {
		d.at[entries[i].Name] = i
	}
	d.uid, err = id(ctx, m.Owner, p.names.UID)
	if err == nil {
		d.gid, err = id(ctx, m.Group, p.names.GID)
	}
	return d, err
}

// id is the number of a user or a group.
func id(ctx context.Context, name string, find func(context.Context, string) (uint32, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	n, err := find(ctx, name)
	if perform.IsCode(err, "nouser", "nogroup") {
		return unknown, nil // what needs it says so
	}
	return int(n), err
}

// path is where an entry is.
func (d *directory) path(name string) string { return path.Join(d.want.Path, name) }

// do performs an op on files.
func (d *directory) do(ctx context.Context, o op.Op, in io.Reader) error {
	return d.files.Perform(ctx, &perform.Call{Op: o, Stream: perform.Stream{In: in}})
}

// dress gives what is at a name its mode and owner.
func (d *directory) dress(ctx context.Context, name string, mode uint32) error {
	return d.do(ctx, op.Op{Attr: &op.Attr{Path: d.path(name), Attributes: d.attributes(mode), Unsafe: d.want.Unsafe}}, nil)
}

// remove removes what is at a name.
func (d *directory) remove(ctx context.Context, name string, recurse bool) error {
	return d.do(ctx, op.Op{Remove: &op.Remove{Path: d.path(name), Recurse: recurse, Unsafe: d.want.Unsafe}}, nil)
}

// attributes are those of what has a mode.
func (d *directory) attributes(mode uint32) op.Attributes {
	return op.Attributes{Mode: &mode, Owner: d.want.Owner, Group: d.want.Group}
}

// mode is the one that an entry gets.
func (d *directory) mode(e *tree.Entry) uint32 {
	switch {
	case e.Kind == tree.Dir && d.want.DirMode != nil:
		return *d.want.DirMode
	case e.Kind == tree.File && d.want.Mode != nil:
		return *d.want.Mode
	}
	return e.Mode
}

// root opens the directory, nil where there is none.
func (d *directory) root(ctx context.Context) (*fspath.Node, error) {
	n, err := fspath.Open(d.want.Path, fspath.How{Follow: true, Directory: true, Unsafe: d.want.Unsafe})
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, syscall.ENOENT):
		return nil, nil
	}
	// A stat says what is wrong with it in the words of all ops on files.
	if said := d.do(ctx, op.Op{Stat: &op.Stat{Path: d.want.Path, Follow: true, Unsafe: d.want.Unsafe}}, nil); said != nil {
		return nil, said
	}
	return nil, perform.Fault("open the directory "+d.want.Path, err)
}
