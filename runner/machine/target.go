package machine

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// Flags that package syscall does not name on every platform.
const (
	oPath       = 0x200000 // O_PATH
	atEmptyPath = 0x1000   // AT_EMPTY_PATH
)

// setBits are the bits of a mode that give a program another user or group.
const setBits = 0o6000

// target is a name in a directory that is held open, so that whatever happens
// to the path meanwhile, all steps of an op happen in the same directory.
type target struct {
	path string // as it shall be called in messages
	dir  *os.Root
	name string // in dir
}

// openTarget opens the directory that holds path. Links on the way there are
// followed, one at path itself is not.
func openTarget(p string) (*target, error) {
	p = path.Clean(p)
	if p == "/" {
		return nil, refusal("eperm", "refusing to change /")
	}
	parent, name := path.Split(p)
	dir, err := os.OpenRoot(parent)
	if err != nil {
		return nil, Fault("open the directory "+parent, err)
	}
	return &target{path: p, dir: dir, name: name}, nil
}

func (t *target) close() { _ = t.dir.Close() } // it was only looked things up in

// stat describes what is at the target, or returns nil where there is nothing.
func (t *target) stat() (*syscall.Stat_t, error) {
	info, err := t.dir.Lstat(t.name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, Fault("look at "+t.path, err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("the state of " + t.path + " is of an unknown kind")
	}
	return st, nil
}

// beside returns a name in the target's directory that nobody else has.
func (t *target) beside() string {
	return ".froyo-" + strconv.FormatUint(rand.Uint64(), 36) + ".tmp"
}

// sync makes changes of the directory itself durable. File systems that
// cannot do that say so with EINVAL.
func (t *target) sync() error {
	d, err := t.dir.Open(".")
	if err != nil {
		return Fault("open the directory of "+t.path, err)
	}
	err = d.Sync()
	_ = d.Close() // it was only read
	if err != nil && !errors.Is(err, syscall.EINVAL) {
		return Fault("flush the directory of "+t.path, err)
	}
	return nil
}

// owner is a pair of ids, where -1 means to keep what is there.
type owner struct{ uid, gid int }

// keep leaves both as they are.
var keep = owner{-1, -1}

// ownerOf is who a thing belongs to.
func ownerOf(st *syscall.Stat_t) owner { return owner{int(st.Uid), int(st.Gid)} }

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
func (m *Machine) owner(ctx context.Context, user, group string, old owner) (owner, error) {
	want := old
	if user != "" {
		id, err := m.names.UID(ctx, user)
		if err != nil {
			return want, err
		}
		want.uid = int(id)
	}
	if group != "" {
		id, err := m.names.GID(ctx, group)
		if err != nil {
			return want, err
		}
		want.gid = int(id)
	}
	return want, nil
}

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

// handle refers to a file, directory or other thing itself, whatever its path
// comes to name. It gives no access to content, and opening it has no effect
// on devices or pipes.
type handle struct {
	fd int
	st syscall.Stat_t
}

// openHandle opens name in the directory dirfd, never through a link.
func openHandle(dirfd int, name string) (*handle, error) {
	for {
		fd, err := syscall.Openat(dirfd, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		h := &handle{fd: fd}
		if err := syscall.Fstat(fd, &h.st); err != nil {
			h.close()
			return nil, err
		}
		return h, nil
	}
}

func (h *handle) close() { _ = syscall.Close(h.fd) } // nothing was written

// set gives the thing a mode, nil to keep the one it has, and an owner, and
// reports whether that changed anything. In between it never has more
// permissions than before and afterwards. A link has no mode.
func (h *handle) set(mode *uint32, want owner) (changed bool, err error) {
	now, final := permissions(h.st.Mode), permissions(h.st.Mode)
	isLink := typeOf(h.st.Mode) == op.TypeLink
	if mode != nil && !isLink {
		final = *mode
	}
	if want = want.over(ownerOf(&h.st)); want != ownerOf(&h.st) {
		changed = true
		if narrow := now & final &^ setBits; narrow != now && !isLink {
			if err := h.chmod(narrow); err != nil {
				return changed, err
			}
			now = narrow
		}
		if err := syscall.Fchownat(h.fd, "", want.uid, want.gid, atEmptyPath); err != nil {
			return changed, err
		}
	}
	if isLink || now == final && (!changed || final&setBits == 0) {
		return changed, nil
	}
	return true, h.chmod(final)
}

// chmod goes through /proc, since the system call for handles is newer than
// many kernels.
func (h *handle) chmod(mode uint32) error {
	err := syscall.Chmod("/proc/self/fd/"+strconv.Itoa(h.fd), mode)
	if err == syscall.ENOENT {
		return errors.New("/proc is not mounted, which changing a mode safely needs")
	}
	return err
}
