// Package files performs ops on files: it looks at them, reads, writes and
// removes them, and changes what they are. Whatever happens to a path meanwhile, all
// steps of an op happen in one directory, and no link of an untrusted user leads them elsewhere.
//
// It imports runner/op, runner/perform, runner/fspath, runner/fsattr, runner/memfile,
// runner/names, runner/program and the standard library only; never fmt, since the runner's size is speed.
package files

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
)

// Files performs ops on files. It may be used by several goroutines.
type Files struct {
	uid      int // who performs them
	users    users
	programs *program.Starter // for the checks of new files
	now      func() time.Time
}

// New returns what performs ops on files as the user uid, which is this process's.
func New(uid int, n *names.Names, programs *program.Starter) *Files {
	return &Files{uid: uid, users: users{names: n}, programs: programs, now: time.Now}
}

// Unsynced does the same without making each file durable on its own, which takes long where there are many: the caller does
// that once for all.
func (fs *Files) Unsynced() *Files {
	unsynced := *fs
	unsynced.users.unsynced = true
	return &unsynced
}

// Perform implements perform.Performer, for the ops on files.
func (fs *Files) Perform(ctx context.Context, c *perform.Call) (err error) {
	switch o, r := &c.Op, &c.Result; {
	case o.Stat != nil:
		r.Stat, err = fs.stat(ctx, o.Stat)
	case o.Read != nil:
		r.Read, err = read(ctx, fs.users, o.Read, c.Stream)
	case o.Text != nil:
		r.Text, err = text(ctx, fs.users, o.Text)
	case o.List != nil:
		r.List, err = fs.list(ctx, o.List)
	case o.Write != nil:
		r.Done, err = fs.write(ctx, o.Write, c.Stream.In)
	case o.Mkdir != nil:
		r.Done, err = fs.mkdir(ctx, o.Mkdir)
	case o.Link != nil:
		r.Done, err = fs.link(ctx, o.Link)
	case o.Remove != nil:
		r.Done, err = fs.remove(ctx, o.Remove)
	case o.Attr != nil:
		r.Done, err = fs.attr(ctx, o.Attr)
	default:
		err = perform.ErrUnknown
	}
	return err
}
