package mirror

import (
	"context"
	"io"
	"slices"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/tree"
)

// sync makes the directory hold the tree: see op.Tree. What follows the list is the content of the files that are picked.
func (d *directory) sync(ctx context.Context, pick string, in io.Reader) (*op.Done, error) {
	picked, err := tree.Picked(pick, len(d.entries))
	if err != nil {
		return nil, perform.Refuse("tree", err.Error())
	}
	if err := d.look(ctx, false); err != nil {
		return nil, err
	}
	made := !d.there
	if err := d.clear(ctx, picked); err != nil {
		return nil, err
	}
	if err := d.directories(ctx); err != nil {
		return nil, err
	}
	for _, i := range picked {
		if err := d.write(ctx, &d.entries[i], in); err != nil {
			return nil, err
		}
	}
	if err := d.rest(ctx, picked); err != nil {
		return nil, err
	}
	if err := d.discard(ctx, d.extra); err != nil {
		return nil, err
	}
	if err := d.finish(ctx, made); err != nil {
		return nil, err
	}
	return &op.Done{Changed: true}, d.flush(ctx)
}

// clear sees to it that nothing is in the way, before anything is changed.
func (d *directory) clear(ctx context.Context, picked []int) error {
	for i := range d.entries {
		e, f := &d.entries[i], &d.found[i]
		_, comes := slices.BinarySearch(picked, i)
		switch {
		case e.Kind == tree.File && !comes && f.kind != op.TypeFile:
			return perform.Conflict("changed", d.path(e.Name)+" is no file any more, and its content was not sent; nothing was changed")
		case comes && e.Kind != tree.File:
			return perform.Refuse("tree", "the content of "+e.Name+" was sent, which is no file")
		case inTheWay(f, e) && (!d.want.Delete || d.held[e.Name]):
			return perform.Conflict("eexist", "a "+string(f.kind)+" is in the way at "+d.path(e.Name)+", where the tree has a "+string(e.Kind)+"; nothing was changed")
		}
	}
	for i := range d.entries {
		if e := &d.entries[i]; inTheWay(&d.found[i], e) {
			if err := d.remove(ctx, e.Name, true); err != nil {
				return err
			}
			d.found[i] = found{}
		}
	}
	return perform.Stopped(ctx)
}

// directories makes those that are missing. Until finish only who makes them may write there.
func (d *directory) directories(ctx context.Context) error {
	mkdir := func(name string, mode uint32) error {
		mode = mode&0o755 | 0o700
		return d.do(ctx, op.Op{Mkdir: &op.Mkdir{Path: d.path(name), Attributes: op.Attributes{Mode: &mode}, Unsafe: d.want.Unsafe}}, nil)
	}
	if !d.there {
		if err := mkdir("", d.rootMode()); err != nil {
			return err
		}
	}
	for i := range d.entries {
		if e := &d.entries[i]; e.Kind == tree.Dir && d.found[i].kind == "" {
			if err := mkdir(e.Name, d.mode(e)); err != nil {
				return err
			}
		}
	}
	return perform.Stopped(ctx)
}

// rootMode is the mode of the directory itself, where it is made.
func (d *directory) rootMode() uint32 {
	if d.want.DirMode != nil {
		return *d.want.DirMode
	}
	return 0o755
}

func (d *directory) write(ctx context.Context, e *tree.Entry, in io.Reader) error {
	blob := &op.Blob{Sum: e.Sum, Size: e.Size}
	o := &op.Write{Path: d.path(e.Name), Content: blob, Attributes: d.attributes(d.mode(e)), Unsafe: d.want.Unsafe}
	return d.do(ctx, op.Op{Write: o}, io.LimitReader(in, e.Size))
}

// rest makes the links, and gives other files their mode and owner.
func (d *directory) rest(ctx context.Context, picked []int) error {
	for i := range d.entries {
		e := &d.entries[i]
		_, written := slices.BinarySearch(picked, i)
		if e.Kind == tree.Dir || written || d.found[i].kind != "" && d.differs(i) == "" {
			continue
		}
		var err error
		if e.Kind == tree.Link {
			err = d.do(ctx, op.Op{Link: &op.Link{Path: d.path(e.Name), Target: e.Link, Owner: d.want.Owner, Group: d.want.Group, Unsafe: d.want.Unsafe}}, nil)
		} else {
			err = d.dress(ctx, e.Name, d.mode(e))
		}
		if err != nil {
			return err
		}
	}
	return perform.Stopped(ctx)
}

// discard removes names, of which each directory comes before what is in it. One that holds something by now stays.
func (d *directory) discard(ctx context.Context, names []string) error {
	for _, name := range slices.Backward(names) {
		err := d.remove(ctx, name, false)
		if err != nil && !perform.IsCode(err, "enotempty", "enotdir", op.CodeUnsafe) {
			return err
		}
	}
	return perform.Stopped(ctx)
}

// finish gives directories their modes and owners, after what is in them: from then on an owner may put other things there.
func (d *directory) finish(ctx context.Context, made bool) error {
	for i := len(d.entries) - 1; i >= 0; i-- {
		e := &d.entries[i]
		if e.Kind != tree.Dir || d.found[i].kind != "" && d.differs(i) == "" {
			continue
		}
		if err := d.dress(ctx, e.Name, d.mode(e)); err != nil {
			return err
		}
	}
	if !made {
		return nil
	}
	return d.dress(ctx, "", d.rootMode())
}

// flush makes what was written durable, all at once.
func (d *directory) flush(ctx context.Context) error {
	n, err := d.root(ctx)
	if err != nil || n == nil {
		return err
	}
	defer n.Close()
	return perform.Wrap("flush what was brought into "+d.want.Path, fspath.SyncFS(n))
}

// discardAll removes what the tree has, and directories that are empty then, the directory itself among them. What became something
// else stays.
func (d *directory) discardAll(ctx context.Context) (*op.Done, error) {
	if err := d.look(ctx, false); err != nil || !d.there {
		return &op.Done{}, err
	}
	var names []string
	if n, err := fspath.Open(d.want.Path, fspath.How{Unsafe: d.want.Unsafe}); err == nil { // a link there is somebody's own
		if n.IsDir() {
			names = append(names, "")
		}
		n.Close()
	}
	for i := range d.entries {
		if e := &d.entries[i]; string(d.found[i].kind) == string(e.Kind) {
			names = append(names, e.Name)
		}
	}
	return &op.Done{Changed: true}, d.discard(ctx, names)
}
