package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/fspath"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// heldContent is how much of a file is kept in memory on the way, so that a
// file is read once where it is small.
const heldContent = 1 << 20

// read answers with a file's digest and, where wanted, its content: see op.Read.
func read(ctx context.Context, u users, r *op.Read, s perform.Stream) (*op.ReadResult, error) {
	f, err := openRegular(r)
	if perform.IsAbsent(err) {
		return &op.ReadResult{}, nil
	}
	if err != nil {
		return nil, u.unsafe(ctx, "read "+r.Path, err)
	}
	if f == nil {
		return &op.ReadResult{Exists: true}, nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, perform.Fault("read "+r.Path, err)
	}
	if r.Limit > 0 && info.Size() > r.Limit && info.Size() != r.Size {
		return &op.ReadResult{Exists: true, Regular: true, Size: info.Size(), MTime: info.ModTime().UnixNano()}, nil
	}
	sum := sha256.New()
	held := &head{limit: min(r.Limit, heldContent)}
	size, err := io.Copy(hashing{held, sum}, &watched{r: untilDone{ctx, f}, size: info.Size(), told: time.Now(), note: s.Tell})
	if err != nil {
		return nil, perform.Fault("read "+r.Path, err)
	}
	result := &op.ReadResult{Exists: true, Regular: true, Size: size, Sum: op.Hex(sum.Sum(nil))}
	if r.Limit == 0 || size > r.Limit || result.Sum == r.Unless {
		return result, nil
	}
	result.Content = &op.Blob{Sum: result.Sum, Size: size}
	if !held.cut {
		return result, s.Out(ctx, bytes.NewReader(held.kept))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, perform.Fault("read "+r.Path, err)
	}
	return result, sendSame(ctx, f, result, r.Path, s.Out)
}

// text answers with what a text file says: see op.Text.
func text(ctx context.Context, u users, t *op.Text) (*op.TextResult, error) {
	n, err := fspath.Open(t.Path, fspath.How{Unsafe: t.Unsafe, Content: true})
	if perform.IsAbsent(err) {
		return &op.TextResult{NoParent: absent(&op.Stat{Path: t.Path, Unsafe: t.Unsafe}).NoParent}, nil
	}
	if err != nil {
		return nil, u.unsafe(ctx, "read "+t.Path, err)
	}
	defer n.Close()
	result := &op.TextResult{Exists: true, Type: typeOf(n.Mode)}
	switch {
	case result.Type == op.TypeLink:
		target, err := n.Readlink()
		if err != nil {
			return nil, perform.Fault("read the link "+t.Path, err)
		}
		result.Target = perform.Clean(target)
		return result, nil
	case result.Type != op.TypeFile:
		return result, nil
	}
	f, err := n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
	if err != nil {
		return nil, perform.Fault("read "+t.Path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(untilDone{ctx, f}, t.Limit+1))
	if err != nil {
		return nil, perform.Fault("read "+t.Path, err)
	}
	if int64(len(data)) > t.Limit {
		result.Long = max(n.Size, int64(len(data)))
		return result, nil
	}
	result.Text = string(data)
	if !utf8.ValidString(result.Text) || strings.IndexByte(result.Text, 0) >= 0 {
		result.Text, result.Binary = "", true
	}
	return result, perform.Stopped(ctx)
}

// watched tells how far reading has come, where it takes long.
type watched struct {
	r       io.Reader
	n, size int64
	told    time.Time
	note    func(string)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	if time.Since(w.told) > time.Second {
		w.told = time.Now()
		w.note("reading it to compare: " + strconv.FormatInt(w.n>>20, 10) + " of " + strconv.FormatInt(w.size>>20, 10) + " MiB")
	}
	return n, err
}

// openRegular opens a file, and returns nil for anything that is not a regular
// file, which might block or be changed by opening it.
func openRegular(r *op.Read) (*os.File, error) {
	n, err := fspath.Open(r.Path, fspath.How{Follow: !r.NoFollow, Unsafe: r.Unsafe, Content: true})
	if err != nil {
		return nil, err
	}
	defer n.Close()
	if typeOf(n.Mode) != op.TypeFile {
		return nil, nil
	}
	return n.Open(syscall.O_RDONLY | syscall.O_NONBLOCK)
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
		return &op.Error{Class: op.Transient, Code: "changed", Message: perform.Bounded(path + " changed while it was read")}
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
