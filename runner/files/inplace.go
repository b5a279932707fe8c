package files

import (
	"context"
	"io"
	"os"
	"path"
	"strconv"
	"syscall"

	"github.com/openfroyo/froyo/runner/fsattr"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/memfile"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// overwrite writes into the file that is there: see op.Write.InPlace. The whole
// content is held in memory, and was checked, before its first byte is written.
func (fs *Files) overwrite(ctx context.Context, t *target, w *op.Write, old *fspath.Node, c content, mode uint32, own owner) (*op.Done, error) {
	held, err := memfile.New("content")
	if err != nil {
		return nil, perform.Fault("hold the content of "+t.path, err)
	}
	defer held.Close()
	if err := c.copyTo(ctx, held, t.path); err != nil {
		return nil, err
	}
	if w.Check != "" {
		n, err := fspath.Reopen(held)
		if err != nil {
			return nil, perform.Fault("hold the content of "+t.path, err)
		}
		defer n.Close()
		if err := fs.check(ctx, w.Check, n.Proc(), t.path, n.Proc()); err != nil {
			return nil, err
		}
	}
	done := &op.Done{Changed: true}
	if w.Backup {
		name, err := fs.backup(ctx, t, old, t.copyOld)
		if err != nil {
			return nil, err
		}
		done.Backup = path.Join(path.Dir(t.path), name)
	}
	if err := perform.Stopped(ctx); err != nil {
		return nil, err
	}
	if _, err := held.Seek(0, io.SeekStart); err != nil {
		return nil, perform.Fault("read the content of "+t.path, err)
	}
	return done, t.overwrite(old, held, w.Content.Size, mode, own)
}

// overwrite is never readable more widely than before and afterwards.
func (t *target) overwrite(old *fspath.Node, from io.Reader, size int64, mode uint32, own owner) error {
	f, err := old.Open(syscall.O_WRONLY | syscall.O_NONBLOCK)
	if err != nil {
		return t.fault("write into "+t.path, err, old)
	}
	defer f.Close() // errors of writing come with Sync
	if kernels(f) {
		return t.set(f, from)
	}
	capabilities := fsattr.Capabilities(old)
	narrow := permissions(old.Mode) & mode &^ setBits
	if narrow != permissions(old.Mode)&^setBits {
		if err := old.Chmod(narrow); err != nil {
			return t.fault("set the mode of "+t.path, err, old)
		}
	}
	n, err := io.Copy(f, from)
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		e := perform.Fault("write into "+t.path, err)
		e.Message = perform.Bounded(e.Message + "; " + strconv.FormatInt(n, 10) + " of " + strconv.FormatInt(size, 10) +
			" bytes were written, so that the file is neither the old nor the new one")
		return e
	}
	if err := old.Refresh(); err != nil {
		return perform.Fault("look at "+t.path, err)
	}
	if _, err := set(old, &mode, own); err != nil {
		return t.fault("set the mode and owner of "+t.path, err, old)
	}
	return perform.Wrap("write into "+t.path, fsattr.SetCapabilities(f, capabilities))
}

// The file systems in which the kernel shows its settings: of statfs(2).
const (
	procMagic = 0x9fa0
	sysMagic  = 0x62656572
)

// kernels reports whether a file is a setting of the kernel's, which is no file: it is written at once, and has no length, mode
// or disk.
func kernels(f *os.File) bool {
	var fs syscall.Statfs_t
	if syscall.Fstatfs(int(f.Fd()), &fs) != nil {
		return false
	}
	return fs.Type == procMagic || fs.Type == sysMagic
}

// set gives a setting of the kernel's its value.
func (t *target) set(f *os.File, from io.Reader) error {
	value, err := io.ReadAll(from)
	if err == nil {
		_, err = f.Write(value)
	}
	return perform.Wrap("set "+t.path, err)
}
