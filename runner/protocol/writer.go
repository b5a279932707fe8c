package protocol

import (
	"bufio"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Writer writes frames to a stream. It may be used by several goroutines. What
// it wrote leaves at the latest with Flush, so that many commands can leave in
// one go. After an error of the stream it returns that error for ever.
type Writer struct {
	mu     sync.Mutex
	out    *bufio.Writer // keeps the stream's first error
	line   []byte        // reused
	grease *rand.Rand
}

// NewWriter returns a writer of frames to w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{out: bufio.NewWriterSize(w, 64<<10)}
}

// Grease makes the writer send frames of unknown kinds now and then, in two
// runs out of three as r decides. Call it before the first frame.
func (w *Writer) Grease(r *rand.Rand) {
	if r.IntN(3) != 0 {
		w.grease = r
	}
}

// Begin writes the line that the other end skips to, and flushes.
func (w *Writer) Begin(magic string) error {
	if err := CheckMagic(magic); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.WriteString("\n" + magic + "\n"); err != nil {
		return err
	}
	return w.out.Flush()
}

// Write adds a valid frame, with its content where it is Data. A frame that is
// too long gives ErrFrameTooLong and an invalid one a *BadFrame; neither
// leaves anything on the stream.
func (w *Writer) Write(f Frame) error {
	if f.Data != nil {
		d := *f.Data
		d.N = len(d.Bytes)
		f.Data = &d
	}
	if err := f.Validate(); err != nil {
		return &BadFrame{Cause: err}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	line, err := codec.Append(w.line[:0], f)
	if err != nil {
		return &BadFrame{Cause: err}
	}
	if len(line) > MaxLine {
		return ErrFrameTooLong
	}
	w.line = append(line, '\n')
	if err := w.slip(); err != nil {
		return err
	}
	if _, err = w.out.Write(w.line); err == nil && f.Data != nil {
		_, err = w.out.Write(f.Data.Bytes)
	}
	return err
}

// slip writes a frame of an unknown kind now and then.
func (w *Writer) slip() error {
	if w.grease == nil || w.grease.IntN(8) != 0 {
		return nil
	}
	n := strconv.FormatUint(w.grease.Uint64(), 36)
	_, err := w.out.WriteString(`{"grease-` + n + `":{"` + n + `":[1,null,"` + n + `"]}}` + "\n")
	return err
}

// Flush sends what is buffered on its way.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Flush()
}

// Send writes a frame and flushes.
func (w *Writer) Send(f Frame) error {
	if err := w.Write(f); err != nil {
		return err
	}
	return w.Flush()
}

// NewMagic returns a magic that no other run has.
func NewMagic() string {
	return "froyo-" + strconv.FormatUint(rand.Uint64()|1<<63, 16) + strconv.FormatUint(rand.Uint64()|1<<63, 16)
}

// Digest is what Command.Expect compares: the SHA-256 of the result's JSON, in
// hex. Both ends compute the same, since results hold valid UTF-8 only.
func Digest(result op.Result) string {
	text, err := codec.Marshal(result)
	if err != nil {
		panic("a result cannot be written: " + err.Error()) // the type is ours, a test proves it can
	}
	sum := sha256.Sum256(text)
	return op.Hex(sum[:])
}
