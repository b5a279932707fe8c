package files

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/runner/fsattr"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// target is a name in a directory that is held open, so that whatever happens
// to the path meanwhile, all steps of an op happen in the same directory.
type target struct {
	path   string // as it shall be called in messages
	dir    *fspath.Node
	name   string // in dir
	unsafe bool   // hard links do not matter
	users  users
}

// target opens the directory that holds path. Links on the way there are
// followed as far as is safe, one at path itself is not.
func (u users) target(ctx context.Context, p string, unsafe bool) (*target, error) {
	dir, name, err := fspath.OpenParent(p, fspath.How{Unsafe: unsafe})
	switch {
	case errors.Is(err, fspath.ErrDots):
		return nil, perform.Refuse("eperm", "change "+p+": "+err.Error())
	case err != nil:
		parent, _ := fspath.Split(p)
		return nil, u.unsafe(ctx, "open the directory "+parent, err)
	}
	if name == "" {
		dir.Close()
		return nil, perform.Refuse("eperm", "refusing to change /")
	}
	return &target{path: path.Join(calledDir(p, dir), name), dir: dir, name: name, unsafe: unsafe, users: u}, nil
}

// calledDir is how the directory of a path is called in messages: as it was
// given, or by its own path where ".." makes it hard to tell.
func calledDir(p string, dir *fspath.Node) string {
	parent, _ := fspath.Split(p)
	if strings.Contains(parent, "/../") {
		return dir.Real()
	}
	return parent
}

func (t *target) close() { t.dir.Close() }

// at opens what is at the target, or returns nil where there is nothing.
func (t *target) at() (*fspath.Node, error) {
	n, err := t.dir.Child(t.name)
	if errors.Is(err, syscall.ENOENT) {
		return nil, nil
	}
	if err != nil {
		return nil, perform.Fault("look at "+t.path, err)
	}
	return n, nil
}

// own refuses what is at the target where its content and attributes may be
// those of a file of another user, which has another name.
func (t *target) own(ctx context.Context, n *fspath.Node) error {
	if t.unsafe {
		return nil
	}
	return t.users.checkLinks(ctx, n, &t.dir.Info, t.path)
}

// beside returns a name in the target's directory that no other file has.
func (t *target) beside() string {
	return ".froyo-" + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
}

// put gives what has the name draft the target's name. What was made in a
// directory that others may write could have been exchanged; made, where it is
// not nil, is what has to be there then.
func (t *target) put(draft string, made, old *fspath.Node) error {
	err := t.dir.Rename(draft, t.name)
	switch {
	case errors.Is(err, syscall.EBUSY):
		return perform.Refuse(op.CodeMounted, "replace "+t.path+": it is a mount point, which nothing can be renamed over")
	case errors.Is(err, syscall.ENOENT):
		return perform.Conflict("changed", "what was to become "+t.path+" was taken away before it was put in place")
	case err != nil:
		return t.fault("replace "+t.path, err, old)
	case made == nil:
		return nil
	}
	now, err := t.dir.Child(t.name)
	if err != nil {
		return perform.Conflict("changed", t.path+" was taken away while it was put in place")
	}
	defer now.Close()
	if !now.Same(&made.Info) {
		return perform.Conflict("changed", t.path+" was exchanged while it was put in place, by a user who can write to its directory")
	}
	return nil
}

// fault says why something at the target cannot be changed, flags of files included.
func (t *target) fault(doing string, err error, nodes ...*fspath.Node) error {
	if !errors.Is(err, syscall.EPERM) {
		return perform.Fault(doing, err)
	}
	for _, n := range append(nodes, t.dir) {
		if n == nil {
			continue
		}
		if why := fsattr.Fixed(n); why != "" {
			return perform.Refuse(op.CodeFixed, doing+": "+n.Real()+" is "+why)
		}
	}
	return perform.Fault(doing, err)
}

// foreign reports whether the directory is a user's to whom what is made there will not
// belong, so that the directory's default access list must not let that user in.
func (t *target) foreign(own owner) bool {
	uid := int(t.dir.UID)
	return uid != 0 && uid != os.Geteuid() && uid != own.uid
}

// sync makes changes of the directory itself durable. File systems that
// cannot do that say so with EINVAL.
func (t *target) sync() error {
	if t.users.unsynced {
		return nil
	}
	d, err := t.dir.Open(syscall.O_RDONLY)
	if err != nil {
		return perform.Fault("open the directory of "+t.path, err)
	}
	err = d.Sync()
	_ = d.Close() // it was only read
	if err != nil && !errors.Is(err, syscall.EINVAL) {
		return perform.Fault("flush the directory of "+t.path, err)
	}
	return nil
}
