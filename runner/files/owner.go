package files

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// users knows the users and groups of this machine by their names.
type users struct {
	names *names.Names
	// unsynced leaves it to the caller to make what is written durable.
	unsynced bool
}

// unsafe gives a path that is not followed its error, with users by their names. Other
// errors are as Fault makes them.
func (u users) unsafe(ctx context.Context, doing string, err error) error {
	f, ok := errors.AsType[*fspath.Unsafe](err)
	if !ok {
		return perform.Fault(doing, err)
	}
	return perform.Refuse(op.CodeUnsafe, f.Say(func(uid uint32) string { return u.names.User(ctx, uid) }))
}

// checkLinks refuses a file that an untrusted user may have given another name.
func (u users) checkLinks(ctx context.Context, n *fspath.Node, dir *fspath.Info, p string) error {
	if err := n.CheckLinks(dir, p); err != nil {
		return u.unsafe(ctx, "look at "+p, err)
	}
	return nil
}

// owner is a pair of ids, where -1 means to keep what is there.
type owner struct{ uid, gid int }

// keep leaves both as they are.
var keep = owner{-1, -1}

// ownerOf is who a thing belongs to.
func ownerOf(i *fspath.Info) owner { return owner{int(i.UID), int(i.GID)} }

// over completes o with what is there.
func (o owner) over(now owner) owner {
	if o.uid < 0 {
		o.uid = now.uid
	}
	if o.gid < 0 {
		o.gid = now.gid
	}
	return o
}

// owner resolves the names of a user and a group; of what is "" it takes old.
func (u users) owner(ctx context.Context, user, group string, old owner) (owner, error) {
	want := old
	if user != "" {
		id, err := u.names.UID(ctx, user)
		if err != nil {
			return want, err
		}
		want.uid = int(id)
	}
	if group != "" {
		id, err := u.names.GID(ctx, group)
		if err != nil {
			return want, err
		}
		want.gid = int(id)
	}
	return want, nil
}

// setBits are the bits of a mode that give a program another user or group.
const setBits = 0o6000

// typeOf tells what kind of thing a mode belongs to.
func typeOf(mode uint32) op.Type {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return op.TypeFile
	case syscall.S_IFDIR:
		return op.TypeDir
	case syscall.S_IFLNK:
		return op.TypeLink
	case syscall.S_IFIFO:
		return op.TypeFIFO
	case syscall.S_IFSOCK:
		return op.TypeSocket
	case syscall.S_IFBLK:
		return op.TypeBlock
	}
	return op.TypeChar
}

// permissions are the bits of a mode that people set.
func permissions(mode uint32) uint32 { return mode & 0o7777 }

// fileMode makes permissions what package os takes.
func fileMode(perm uint32) os.FileMode {
	mode := os.FileMode(perm & 0o777)
	if perm&syscall.S_ISUID != 0 {
		mode |= os.ModeSetuid
	}
	if perm&syscall.S_ISGID != 0 {
		mode |= os.ModeSetgid
	}
	if perm&syscall.S_ISVTX != 0 {
		mode |= os.ModeSticky
	}
	return mode
}

// handed is the mode of what has now another owner than it was, where none is given: setuid
// and setgid were for the user and group before, who may not be trusted, and
// would make the program the new one's. On a directory they run nothing, and stay.
func handed(mode uint32, was, now owner) uint32 {
	if was == now || mode&syscall.S_IFMT == syscall.S_IFDIR {
		return permissions(mode)
	}
	return permissions(mode) &^ setBits
}

// set gives a thing a mode, nil to keep the one it has as handed says, and an owner, and
// reports whether that changed anything. In between it never has more
// permissions than before and afterwards. A link has no mode.
func set(n *fspath.Node, mode *uint32, want owner) (changed bool, err error) {
	was, now, isLink := ownerOf(&n.Info), permissions(n.Mode), n.IsLink()
	want = want.over(was)
	final := handed(n.Mode, was, want)
	if mode != nil && !isLink {
		final = *mode
	}
	if want != was {
		changed = true
		if narrow := now & final &^ setBits; narrow != now && !isLink {
			if err := n.Chmod(narrow); err != nil {
				return changed, err
			}
			now = narrow
		}
		if err := n.Chown(want.uid, want.gid); err != nil {
			return changed, err
		}
	}
	if isLink || now == final && (!changed || final&setBits == 0) {
		return changed, nil
	}
	return true, n.Chmod(final)
}
