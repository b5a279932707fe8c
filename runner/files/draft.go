package files

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"strconv"

	"github.com/openfroyo/froyo/runner/fsattr"
	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// content is a blob and where its bytes come from.
type content struct {
	from io.Reader
	blob *op.Blob
}

// draft is a new file that is not in its place yet.
type draft struct {
	name string       // in the target's directory
	node *fspath.Node // the same file, without being open for writing; nil where it is not held
}

func (d *draft) close() {
	if d.node != nil {
		d.node.Close()
	}
}

// draft writes content to a new file in the target's directory, with its mode
// and owner and what else the old file has. It is held open where that is asked
// for, or where others could exchange it.
func (t *target) draft(ctx context.Context, c content, mode uint32, own owner, old *fspath.Node, held bool) (*draft, error) {
	d := &draft{name: t.beside()}
	// No other user opens it before it has its owner, and those bits that the owner
	// will not have are never set.
	f, err := t.dir.Create(d.name, mode&0o600)
	if err != nil {
		return nil, t.fault("create a file in the directory of "+t.path, err)
	}
	err = t.fill(ctx, f, c, mode, own, old)
	if err == nil && (held || t.dir.OthersWrite()) {
		d.node, err = fspath.Reopen(f)
		err = perform.Wrap("look at the new "+t.path, err)
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = perform.Fault("write "+t.path, closeErr)
	}
	if err != nil {
		d.close()
		_ = t.dir.Remove(d.name, false) // the error that led here is the one to tell
		return nil, err
	}
	return d, nil
}

func (t *target) fill(ctx context.Context, f *os.File, c content, mode uint32, own owner, old *fspath.Node) error {
	if old != nil {
		if err := fsattr.CopyFlags(old, f); err != nil {
			return perform.Fault("replace "+t.path, err)
		}
	}
	if err := c.copyTo(ctx, f, t.path); err != nil {
		return err
	}
	if own != keep {
		if err := f.Chown(own.uid, own.gid); err != nil {
			return perform.Fault("set the owner of "+t.path, err)
		}
	}
	if err := t.lists(f, mode, own, old); err != nil {
		return perform.Fault("replace "+t.path, err)
	}
	// After the owner, since a change of owner takes the setuid bit away.
	if err := f.Chmod(fileMode(mode)); err != nil {
		return perform.Fault("set the mode of "+t.path, err)
	}
	if t.users.unsynced {
		return nil
	}
	if err := f.Sync(); err != nil {
		return perform.Fault("flush "+t.path, err)
	}
	return nil
}

// lists gives a new file the access list and attributes of the old one.
func (t *target) lists(f *os.File, mode uint32, own owner, old *fspath.Node) error {
	switch {
	case old != nil:
		return fsattr.Copy(old, f, mode)
	case t.foreign(own):
		return fsattr.DropInherited("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	}
	return nil
}

// copyTo copies the content and checks that it is what the blob says.
func (c content) copyTo(ctx context.Context, w io.Writer, path string) error {
	if c.from == nil {
		return errors.New("no content came for " + path)
	}
	sum := sha256.New()
	// One byte more than there may be shows that there are more.
	n, err := io.Copy(hashing{w, sum}, io.LimitReader(untilDone{ctx, c.from}, c.blob.Size+1))
	if err != nil {
		return perform.Fault("write "+path, err)
	}
	if n != c.blob.Size {
		return perform.Refuse("content", "the content of "+path+" has another size than announced, expected "+
			strconv.FormatInt(c.blob.Size, 10)+" bytes")
	}
	if op.Hex(sum.Sum(nil)) != c.blob.Sum {
		return perform.Refuse("content", "the content of "+path+" has another SHA-256 than announced")
	}
	return nil
}

// hashing writes to w and what was written to sum.
type hashing struct {
	w   io.Writer
	sum hash.Hash
}

func (h hashing) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.sum.Write(p[:n])
	return n, err
}

// untilDone reads until ctx is done, and then fails with its cause.
type untilDone struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to learn of it
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := perform.Stopped(u.ctx); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
