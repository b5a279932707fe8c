package unpack

import (
	"context"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/runner/archive"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// look tells what was unpacked: see op.Unpacked.
func (d *directory) look(ctx context.Context) (*op.UnpackedResult, error) {
	r, err := d.read(ctx)
	if err != nil || r == nil {
		return &op.UnpackedResult{}, err
	}
	result := &op.UnpackedResult{
		Sum: perform.Clean(r.Sum), Partial: !r.Complete,
		Other: r.Strip != d.layout.Strip || !slices.Equal(r.Exclude, d.layout.Exclude),
	}
	if r.Made {
		r.Members = append([]member{{Kind: archive.Dir}}, r.Members...)
	}
	for i := range r.Members {
		m := &r.Members[i]
		if m.Former {
			continue
		}
		if err := perform.Stopped(ctx); err != nil {
			return nil, err
		}
		what, err := d.differs(ctx, m)
		if err != nil {
			return nil, err
		}
		if m.Name != "" {
			result.Members++
			result.Bytes += m.Size
		}
		if what == "" {
			continue
		}
		if result.Differing++; len(result.Names) < op.MaxDiffering {
			result.Names = append(result.Names, perform.Bounded(m.Name+" "+what))
		}
	}
	return result, nil
}

// differs says how a member is not as it should be, or "". One without a name is the directory itself.
func (d *directory) differs(ctx context.Context, m *member) (string, error) {
	path := d.path
	if m.Name != "" {
		path = d.at(m.Name)
	}
	now, err := d.stat(ctx, path)
	if err != nil {
		return "", err
	}
	want := d.attributes(m.Kind, m.Mode)
	switch kept := m.Kind != archive.Dir && archive.Matches(d.layout.Keep, m.Name); {
	case !now.Exists:
		return "is missing", nil
	case kept:
		return "", nil
	case string(now.Type) != string(m.Kind):
		return "is a " + string(now.Type), nil
	case want.Mode != nil && now.Mode != *want.Mode:
		return "has another mode", nil
	case other(want.Owner, now.Owner, now.UID):
		return "has another owner", nil
	case other(want.Group, now.Group, now.GID):
		return "has another group", nil
	case m.Kind == archive.Link && now.Target != m.Link:
		return "leads elsewhere", nil
	case m.Kind != archive.File:
		return "", nil
	case now.Size != m.Size:
		return "has another content", nil
	}
	sum, err := d.sum(ctx, path)
	if err == nil && sum != m.Sum {
		return "has another content", nil
	}
	return "", err
}

// other reports whether a user or group is not the wanted one, which is a name or a number.
func other(want, name string, id uint32) bool {
	return want != "" && want != name && want != strconv.FormatUint(uint64(id), 10)
}

// remove removes what the record lists, and then the record. What became something else since is left, and so are directories
// with something else in them.
func (d *directory) remove(ctx context.Context) (*op.Done, error) {
	r, err := d.read(ctx)
	if err != nil || r == nil {
		return &op.Done{}, err
	}
	names := make([]string, 0, len(r.Members)+2)
	kinds := map[string]archive.Kind{}
	if r.Made {
		names = append(names, "")
		kinds[""] = archive.Dir
	}
	names = append(names, recordName)
	kinds[recordName] = archive.File
	for i := range r.Members {
		names = append(names, r.Members[i].Name)
		kinds[r.Members[i].Name] = r.Members[i].Kind
	}
	slices.Sort(names[len(names)-len(r.Members):]) // directories before what is in them, whichever archive brought them
	for _, name := range slices.Backward(names) {
		if err := d.removeOne(ctx, name, kinds[name]); err != nil {
			return nil, err
		}
	}
	return &op.Done{Changed: true}, nil
}

func (d *directory) removeOne(ctx context.Context, name string, kind archive.Kind) error {
	path := d.path
	if name != "" {
		path = d.at(name)
	}
	now, err := d.stat(ctx, path)
	if perform.IsCode(err, op.CodeUnsafe, "enotdir") { // the directory it was in became a link, or a file
		return nil
	}
	if err != nil || !now.Exists || string(now.Type) != string(kind) || now.Real != "" && name != "" && d.led(ctx, path, now.Real) {
		return err
	}
	_, err = d.do(ctx, op.Op{Remove: &op.Remove{Path: path, Unsafe: d.unsafe}}, nil)
	if perform.IsCode(err, "enotempty", "mount") {
		return nil
	}
	return err
}

// led reports whether a path below the directory leads elsewhere by a link that was put in the place of a directory.
func (d *directory) led(ctx context.Context, path, real string) bool {
	n, err := fspath.Open(d.path, fspath.How{Follow: true, Directory: true, Unsafe: d.unsafe})
	if err != nil || ctx.Err() != nil {
		return true
	}
	defer n.Close()
	return n.Real()+path[len(d.path):] != real
}

// sync makes what was written durable, all at once.
func (d *directory) sync() error {
	n, err := fspath.Open(d.path, fspath.How{Follow: true, Directory: true, Unsafe: d.unsafe})
	if err != nil {
		return perform.Fault("open "+d.path, err)
	}
	defer n.Close()
	return perform.Wrap("flush what was unpacked into "+d.path, fspath.SyncFS(n))
}
