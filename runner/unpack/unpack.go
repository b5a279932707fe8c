// Package unpack performs the ops on archives: it unpacks one into a directory, keeps a record of what that brought, and
// tells by it later what is still there. What it writes goes through runner/files, so that no link of an untrusted
// user leads it elsewhere.
//
// It imports runner/{archive,codec,files,fspath,op,perform,program} and the standard library only; never fmt, since the
// runner's size is speed.
package unpack

import (
	"context"
	"io"

	"github.com/openfroyo/froyo/runner/files"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// Unpacker performs the ops on archives. It may be used by several goroutines.
type Unpacker struct {
	uid      int // who performs them
	files    *files.Files
	programs *program.Starter // which take compression away
}

// New returns what performs the ops on archives as the user uid, which is this process's.
func New(uid int, f *files.Files, programs *program.Starter) *Unpacker {
	return &Unpacker{uid, f.Unsynced(), programs}
}

// Perform implements perform.Performer.
func (u *Unpacker) Perform(ctx context.Context, c *perform.Call) (err error) {
	switch o, r := &c.Op, &c.Result; {
	case o.Unpacked != nil:
		d := &directory{Unpacker: u, path: o.Unpacked.Path, layout: o.Unpacked.Layout, unsafe: o.Unpacked.Unsafe}
		r.Unpacked, err = d.look(ctx)
	case o.Unpack != nil && o.Unpack.Absent:
		d := &directory{Unpacker: u, path: o.Unpack.Path, layout: o.Unpack.Layout, unsafe: o.Unpack.Unsafe}
		r.Done, err = d.remove(ctx)
	case o.Unpack != nil:
		d := &directory{Unpacker: u, path: o.Unpack.Path, layout: o.Unpack.Layout, unsafe: o.Unpack.Unsafe}
		r.Done, err = d.unpack(ctx, o.Unpack, c.Stream.In)
	default:
		err = perform.ErrUnknown
	}
	return err
}

// directory is where an archive is unpacked, and how.
type directory struct {
	*Unpacker
	path   string
	layout op.Layout
	unsafe bool
}

// at is the path of a member.
func (d *directory) at(name string) string {
	if d.path == "/" {
		return "/" + name
	}
	return d.path + "/" + name
}

// do performs an op on files.
func (d *directory) do(ctx context.Context, o op.Op, in io.Reader) (op.Result, error) {
	c := &perform.Call{Op: o, Stream: perform.Stream{In: in}}
	err := d.files.Perform(ctx, c)
	return c.Result, err
}

func (d *directory) stat(ctx context.Context, path string) (*op.StatResult, error) {
	r, err := d.do(ctx, op.Op{Stat: &op.Stat{Path: path, Unsafe: d.unsafe}}, nil)
	return r.Stat, err
}

// sum is the digest of a file, "" where it is none.
func (d *directory) sum(ctx context.Context, path string) (string, error) {
	r, err := d.do(ctx, op.Op{Read: &op.Read{Path: path, NoFollow: true, Unsafe: d.unsafe}}, nil)
	if err != nil {
		return "", err
	}
	return r.Read.Sum, nil
}
