package unpack

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/openfroyo/froyo/runner/archive"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// unpack unpacks an archive: see op.Unpack. It is read twice: all of it is checked before anything is changed.
func (d *directory) unpack(ctx context.Context, u *op.Unpack, in io.Reader) (*op.Done, error) {
	s, err := d.open(ctx, u, in)
	if err != nil {
		return nil, err
	}
	defer s.close()
	entries, err := d.contents(ctx, u, s)
	if err != nil {
		return nil, err
	}
	old, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	r := &record{Sum: s.sum, Strip: d.layout.Strip, Exclude: d.layout.Exclude}
	if err := d.check(ctx, entries, old, r); err != nil {
		return nil, err
	}
	r.merge(old)
	if err := d.prepare(ctx, r); err != nil {
		return nil, err
	}
	if err := d.extract(ctx, s, entries); err != nil {
		return nil, err
	}
	if err := d.finish(ctx, r); err != nil {
		return nil, err
	}
	r.Complete = true
	if err := d.write(ctx, r); err != nil {
		return nil, err
	}
	return &op.Done{Changed: true}, d.sync()
}

// contents reads and checks the whole archive.
func (d *directory) contents(ctx context.Context, u *op.Unpack, s *source) ([]archive.Entry, error) {
	limits := archive.Limits{Members: u.MaxMembers, Bytes: u.MaxBytes, Packed: s.size, Trusted: u.MaxBytes > 0}
	if limits.Members == 0 {
		limits.Members = op.DefaultUnpackedMembers
	}
	if limits.Bytes == 0 {
		limits.Bytes = op.DefaultUnpackedBytes
	}
	reader, done, err := s.reader(ctx)
	if err == nil {
		defer done()
		var entries []archive.Entry
		entries, err = archive.Contents(reader, limits, d.choice(), func() error { return perform.Stopped(ctx) })
		if err == nil {
			return entries, nil
		}
	}
	if stop := perform.Stopped(ctx); stop != nil {
		return nil, stop
	}
	if _, ok := errors.AsType[*archive.Invalid](err); ok {
		return nil, refused(s.called, err)
	}
	return nil, perform.Fault("read "+s.called, err)
}

func (d *directory) choice() archive.Choice {
	return archive.Choice{Strip: d.layout.Strip, Exclude: d.layout.Exclude, Reserved: recordName, SetID: d.layout.Mode != nil}
}

// check refuses a directory in which something is in the way: members replace files and links, and go through no link. It
// lists in r what will be the archive's.
func (d *directory) check(ctx context.Context, entries []archive.Entry, old *record, r *record) error {
	made := map[string]bool{} // by an earlier archive
	if old != nil {
		for _, m := range old.Members {
			made[m.Name] = m.Kind == archive.Dir
		}
	}
	top, err := d.do(ctx, op.Op{Stat: &op.Stat{Path: d.path, Follow: true, Unsafe: d.unsafe}}, nil)
	if err != nil {
		return err
	}
	if r.Made = !top.Stat.Exists; !r.Made && top.Stat.Type != op.TypeDir {
		return perform.Conflict("enotdir", d.path+" is a "+string(top.Stat.Type)+", expected a directory")
	}
	for i := range entries {
		e := &entries[i]
		now, err := d.stat(ctx, d.at(e.Name))
		if err != nil {
			return err
		}
		isDir := now.Type == op.TypeDir
		if now.Exists && (e.Kind == archive.Dir) != isDir && (isDir || e.Kind == archive.Dir) {
			return perform.Conflict("eexist", "a "+string(now.Type)+" is in the way at "+d.at(e.Name)+", where the archive has a "+string(e.Kind)+"; nothing was changed")
		}
		if now.Exists && now.Type != op.TypeFile && now.Type != op.TypeLink && !isDir {
			return perform.Conflict("eexist", "a "+string(now.Type)+" is in the way at "+d.at(e.Name)+"; nothing was changed")
		}
		if e.Kind == archive.Dir && now.Exists && !made[e.Name] {
			continue // it was there before
		}
		m := member{Name: e.Name, Kind: e.Kind, Mode: e.Mode & 0o777, Size: e.Size, Sum: e.Sum, Link: e.Link}
		if m.Kind == archive.HardLink {
			m.Kind, m.Link = archive.File, ""
		}
		r.Members = append(r.Members, m)
	}
	return perform.Stopped(ctx)
}

// prepare makes the directories, and records what will be there: so it can be removed if it is not unpacked to its end.
func (d *directory) prepare(ctx context.Context, r *record) error {
	mkdir := func(path string, mode uint32) error {
		bits := *d.attributes(archive.Dir, mode).Mode | 0o700 // for now: finish gives it its own, and its owner
		_, err := d.do(ctx, op.Op{Mkdir: &op.Mkdir{Path: path, Attributes: op.Attributes{Mode: &bits}, Unsafe: d.unsafe}}, nil)
		return err
	}
	if err := mkdir(d.path, 0); err != nil {
		return err
	}
	if err := d.write(ctx, r); err != nil {
		return err
	}
	for i := range r.Members {
		if m := &r.Members[i]; m.Kind == archive.Dir && !m.Former {
			if err := mkdir(d.at(m.Name), m.Mode); err != nil {
				return err
			}
		}
	}
	return nil
}

// extract reads the archive again, and writes its files and links.
func (d *directory) extract(ctx context.Context, s *source, entries []archive.Entry) error {
	byName := make(map[string]*archive.Entry, len(entries))
	for i := range entries {
		byName[entries[i].Name] = &entries[i]
	}
	reader, done, err := s.reader(ctx)
	if err != nil {
		return perform.Fault("read "+s.called, err)
	}
	defer done()
	choice := d.choice()
	for {
		m, content, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = perform.Stopped(ctx)
		}
		if err != nil {
			return perform.Fault("read "+s.called, err)
		}
		name, ok := choice.Name(m.Name)
		if !ok || m.Kind == archive.Dir {
			continue
		}
		e := byName[name]
		if e == nil || e.Kind != m.Kind || e.Mode != m.Mode || m.Kind == archive.File && e.Size != m.Size || m.Kind == archive.Link && e.Link != m.Link {
			return perform.Conflict("changed", s.called+" was changed while it was unpacked")
		}
		if err := d.put(ctx, e, content); err != nil {
			return err
		}
	}
}

// put brings a file or a link into its place, where it is not there as it should be.
func (d *directory) put(ctx context.Context, e *archive.Entry, content io.Reader) error {
	path := d.at(e.Name)
	now, err := d.stat(ctx, path)
	if err != nil {
		return err
	}
	if now.Exists && archive.Matches(d.layout.Keep, e.Name) {
		return nil
	}
	if e.Kind == archive.Link {
		_, err := d.do(ctx, op.Op{Link: &op.Link{Path: path, Target: e.Link, Owner: d.layout.Owner, Group: d.layout.Group, Unsafe: d.unsafe}}, nil)
		return err
	}
	want := d.attributes(e.Kind, e.Mode)
	if now.Type == op.TypeFile && now.Size == e.Size {
		sum, err := d.sum(ctx, path)
		if err != nil {
			return err
		}
		if sum == e.Sum {
			_, err := d.do(ctx, op.Op{Attr: &op.Attr{Path: path, Attributes: want, Unsafe: d.unsafe}}, nil)
			return err
		}
	}
	if e.Kind == archive.HardLink {
		n, err := fspath.Open(d.at(e.Link), fspath.How{Content: true, Unsafe: d.unsafe})
		if err != nil {
			return perform.Fault("open "+d.at(e.Link), err)
		}
		defer n.Close()
		f, err := n.Open(0)
		if err != nil {
			return perform.Fault("open "+d.at(e.Link), err)
		}
		defer f.Close()
		content = f
	}
	write := &op.Write{Path: path, Content: &op.Blob{Sum: e.Sum, Size: e.Size}, Attributes: want, Unsafe: d.unsafe}
	_, err = d.do(ctx, op.Op{Write: write}, content)
	return err
}

// attributes are those that a member gets.
func (d *directory) attributes(kind archive.Kind, mode uint32) op.Attributes {
	a := op.Attributes{Owner: d.layout.Owner, Group: d.layout.Group}
	if kind == archive.Link {
		return a
	}
	const othersWrite, execute = 0o022, 0o111
	want := mode & 0o777 &^ othersWrite
	switch l := d.layout.Mode; {
	case l != nil && (kind == archive.Dir || mode&execute != 0):
		want = *l
	case l != nil:
		want = *l &^ execute
	case kind == archive.Dir && mode == 0: // it has no member of its own
		want = 0o755
	}
	a.Mode = &want
	return a
}

// finish gives the directories that were made their modes and owners, after what is in them: from then on an owner may put
// other things there.
func (d *directory) finish(ctx context.Context, r *record) error {
	for i := range slices.Backward(r.Members) {
		m := &r.Members[i]
		if m.Kind != archive.Dir || m.Former {
			continue
		}
		if _, err := d.do(ctx, op.Op{Attr: &op.Attr{Path: d.at(m.Name), Attributes: d.attributes(m.Kind, m.Mode), Unsafe: d.unsafe}}, nil); err != nil {
			return err
		}
	}
	if !r.Made {
		return nil
	}
	_, err := d.do(ctx, op.Op{Attr: &op.Attr{Path: d.path, Attributes: d.attributes(archive.Dir, 0), Unsafe: d.unsafe}}, nil)
	return err
}
