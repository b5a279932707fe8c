package machine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"syscall"

	"github.com/openfroyo/froyo/runner/op"
)

// heldContent is how much of a file is kept in memory on the way, so that a
// file is read once where it is small.
const heldContent = 1 << 20

// read answers with a file's digest and, where wanted, its content: see op.Read.
func (m *Machine) read(ctx context.Context, r *op.Read, send func(context.Context, io.Reader) error) (*op.ReadResult, error) {
	f, err := openRegular(r.Path)
	if isAbsent(err) {
		return &op.ReadResult{}, nil
	}
	if err != nil {
		return nil, Fault("read "+r.Path, err)
	}
	if f == nil {
		return &op.ReadResult{Exists: true}, nil
	}
	defer f.Close()
	sum := sha256.New()
	held := &head{limit: min(r.Limit, heldContent)}
	size, err := io.Copy(hashing{held, sum}, untilDone{ctx, f})
	if err != nil {
		return nil, Fault("read "+r.Path, err)
	}
	result := &op.ReadResult{Exists: true, Regular: true, Size: size, Sum: op.Hex(sum.Sum(nil))}
	if r.Limit == 0 || size > r.Limit || result.Sum == r.Unless {
		return result, nil
	}
	result.Content = &op.Blob{Sum: result.Sum, Size: size}
	if !held.cut {
		return result, send(ctx, bytes.NewReader(held.kept))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, Fault("read "+r.Path, err)
	}
	return result, sendSame(ctx, f, result, r.Path, send)
}

// openRegular opens a file, through links, and returns nil for anything that is
// not a regular file, which might block or be changed by opening it. A file that
// is exchanged in between is looked at again after it was opened, without waiting.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err = f.Stat()
	if err == nil && info.Mode().IsRegular() {
		return f, nil
	}
	_ = f.Close() // it was not used
	return nil, err
}

// head keeps the beginning of what is written to it.
type head struct {
	limit int64
	kept  []byte
	cut   bool
}

func (h *head) Write(p []byte) (int, error) {
	room := int(h.limit) - len(h.kept)
	if len(p) > room {
		h.cut = true
	}
	h.kept = append(h.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// sendSame sends a file that was read before, as long as it still is the same.
func sendSame(ctx context.Context, f io.Reader, was *op.ReadResult, path string, send func(context.Context, io.Reader) error) error {
	again := &hashingReader{r: io.LimitReader(f, was.Size), sum: sha256.New()}
	if err := send(ctx, again); err != nil {
		return err
	}
	if again.n != was.Size || op.Hex(again.sum.Sum(nil)) != was.Sum {
		return &op.Error{Class: op.Transient, Code: "changed", Message: bounded(path + " changed while it was read")}
	}
	return nil
}

// hashingReader sums up what is read through it.
type hashingReader struct {
	r   io.Reader
	sum hash.Hash
	n   int64
}

func (h *hashingReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.sum.Write(p[:n])
	h.n += int64(n)
	return n, err
}
