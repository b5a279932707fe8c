package protocol

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// TestContentNeverBlocksTheLine sends content far larger than the window, with
// a receiver that takes none of it until another frame has passed.
func TestContentNeverBlocksTheLine(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
	near, far := io.Pipe()
	w := NewWriter(far)
	credit := NewCredit()
	sent := make(chan error, 1)
	go func() {
		err := SendContent(t.Context(), w, 1, credit, bytes.NewReader(content))
		sent <- errors.Join(err, w.Flush())
	}()

	inbox := NewInbox(credit.Give)
	passed := make(chan struct{})
	go func() {
		r := NewReader(near)
		for {
			f, err := r.Read()
			switch {
			case err != nil:
				inbox.Close(err)
				return
			case f.Ping != nil:
				close(passed)
			default:
				if err := inbox.Put(f.Data); err != nil {
					inbox.Close(err)
				}
			}
		}
	}()
	if err := w.Send(Frame{Ping: &Ping{}}); err != nil {
		t.Fatal(err)
	}
	<-passed
	got, err := io.ReadAll(inbox)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes and %v, expected all %d", len(got), err, len(content))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	_ = far.Close()
}

func TestSendContent(t *testing.T) {
	for _, size := range []int{0, 1, MaxChunk - 1, MaxChunk, MaxChunk + 1, WindowSize - 1} {
		var stream bytes.Buffer
		w := NewWriter(&stream)
		content := bytes.Repeat([]byte("x"), size)
		// A reader that gives little at a time must not make many frames.
		if err := SendContent(t.Context(), w, 1, NewCredit(), iotest.HalfReader(bytes.NewReader(content))); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		frames, end := 0, false
		for r := NewReader(&stream); !end; frames++ {
			f, err := r.Read()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Data.Bytes...)
			end = f.Data.End
		}
		if !bytes.Equal(got, content) || frames > size/MaxChunk+1 {
			t.Errorf("%d bytes arrived as %d in %d frames", size, len(got), frames)
		}
	}
}

// TestSendStream has each piece leave at once, without credit for more than it has.
func TestSendStream(t *testing.T) {
	near, far := io.Pipe()
	in, pieces := io.Pipe()
	credit := NoCredit()
	sent := make(chan error, 1)
	go func() { sent <- SendStream(t.Context(), NewWriter(far), 1, credit, in) }()
	r := NewReader(near)
	if err := credit.Give(5); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"ab", "cde"} {
		if _, err := io.WriteString(pieces, text); err != nil {
			t.Fatal(err)
		}
		if f, err := r.Read(); err != nil || string(f.Data.Bytes) != text || f.Data.End {
			t.Fatalf("got %+v, %v, expected %q", f.Data, err, text)
		}
	}
	if n := credit.left(1); n != 0 {
		t.Errorf("%d bytes are left", n)
	}
	if err := credit.Give(1); err != nil {
		t.Fatal(err)
	}
	pieces.Close()
	if f, err := r.Read(); err != nil || len(f.Data.Bytes) != 0 || !f.Data.End {
		t.Errorf("got %+v, %v, expected the end", f.Data, err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestSendContentStops(t *testing.T) {
	enough := errors.New("enough")
	t.Run("given up while it waits", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		out := flushed{cancel: func() { cancel(enough) }}
		err := SendContent(ctx, NewWriter(out), 1, NewCredit(), endless("x"))
		if !errors.Is(err, enough) {
			t.Errorf("got %v, expected the reason", err)
		}
	})
	t.Run("source fails", func(t *testing.T) {
		err := SendContent(t.Context(), NewWriter(io.Discard), 1, NewCredit(), iotest.ErrReader(enough))
		if !errors.Is(err, enough) {
			t.Errorf("got %v, expected the source's error", err)
		}
	})
	t.Run("line is gone", func(t *testing.T) {
		err := SendContent(t.Context(), NewWriter(failing{}), 1, NewCredit(), endless("x"))
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, expected the line's error", err)
		}
	})
}

// flushed calls cancel when something was written.
type flushed struct{ cancel func() }

func (f flushed) Write(p []byte) (int, error) {
	f.cancel()
	return len(p), nil
}

func TestCreditIsBounded(t *testing.T) {
	c := NewCredit()
	if err := c.Give(1); !isBad(err) {
		t.Errorf("credit above the window: got %v, expected a *BadFrame", err)
	}
	if n := c.left(MaxChunk); n != MaxChunk {
		t.Errorf("got credit for %d bytes, expected %d", n, MaxChunk)
	}
	c.take(MaxChunk)
	if err := c.Give(MaxChunk + 1); !isBad(err) {
		t.Errorf("more credit than was used: got %v, expected a *BadFrame", err)
	}
	if err := c.Give(MaxChunk); err != nil {
		t.Error(err)
	}
}

func TestInbox(t *testing.T) {
	chunk := func(n int) *Data { return &Data{ID: 1, Bytes: make([]byte, n)} }
	none := func(int) error { return nil }
	t.Run("beyond the window", func(t *testing.T) {
		b := NewInbox(none)
		for range WindowSize / MaxChunk {
			if err := b.Put(chunk(MaxChunk)); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Put(chunk(1)); !isBad(err) {
			t.Errorf("got %v, expected a *BadFrame", err)
		}
	})
	t.Run("after the end", func(t *testing.T) {
		b := NewInbox(none)
		if err := b.Put(&Data{ID: 1, End: true}); err != nil {
			t.Fatal(err)
		}
		if err := b.Put(chunk(1)); !isBad(err) {
			t.Errorf("got %v, expected a *BadFrame", err)
		}
	})
	t.Run("credit equals what was read", func(t *testing.T) {
		given := 0
		b := NewInbox(func(n int) error { given += n; return nil })
		read := 0
		for range 20 {
			if err := b.Put(chunk(MaxChunk)); err != nil {
				t.Fatal(err)
			}
			n, err := io.ReadFull(b, make([]byte, MaxChunk))
			if err != nil {
				t.Fatal(err)
			}
			read += n
		}
		if given > read || read-given >= WindowSize/4 {
			t.Errorf("credit for %d of %d bytes", given, read)
		}
	})
	t.Run("closed", func(t *testing.T) {
		b := NewInbox(none)
		why := errors.New("enough")
		if err := b.Put(chunk(10)); err != nil {
			t.Fatal(err)
		}
		b.Close(why)
		b.Close(errors.New("later"))
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, why) {
			t.Errorf("got %v, expected the first reason", err)
		}
		if err := b.Put(chunk(MaxChunk)); err != nil {
			t.Errorf("content that comes late is no error, got %v", err)
		}
	})
	t.Run("fails before its end only", func(t *testing.T) {
		b := NewInbox(none)
		if err := b.Put(&Data{ID: 1, Bytes: []byte("all"), End: true}); err != nil {
			t.Fatal(err)
		}
		b.Fail(io.ErrUnexpectedEOF)
		if got, err := io.ReadAll(b); string(got) != "all" || err != nil {
			t.Errorf("got %q, %v, expected all of it", got, err)
		}
		b = NewInbox(none)
		b.Fail(io.ErrUnexpectedEOF)
		if _, err := io.ReadAll(b); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, expected io.ErrUnexpectedEOF", err)
		}
	})
	t.Run("credit cannot be sent", func(t *testing.T) {
		b := NewInbox(func(int) error { return io.ErrClosedPipe })
		for range 2 {
			if err := b.Put(chunk(MaxChunk)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := io.ReadAll(b); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, expected the line's error", err)
		}
	})
}
