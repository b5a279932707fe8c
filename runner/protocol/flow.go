package protocol

import (
	"context"
	"errors"
	"io"
	"sync"
)

// errCredit is a peer that sends or grants more than the window allows.
var errCredit = &BadFrame{Cause: errors.New("content beyond the window")}

// Credit is how much content an end may still send for one command. One
// goroutine takes, another gives.
type Credit struct {
	mu   sync.Mutex
	n    int
	more chan struct{} // has room for one token: there is credit again
}

// NewCredit returns the credit that every command begins with.
func NewCredit() *Credit {
	return &Credit{n: WindowSize, more: make(chan struct{}, 1)}
}

// NoCredit returns the credit of a command that may send nothing until its
// first window frame.
func NoCredit() *Credit {
	return &Credit{more: make(chan struct{}, 1)}
}

// Give adds what a window frame grants.
func (c *Credit) Give(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n <= 0 || n > WindowSize-c.n {
		return errCredit
	}
	c.n += n
	select {
	case c.more <- struct{}{}:
	default:
	}
	return nil
}

// Try takes n, where there is so much.
func (c *Credit) Try(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > c.n {
		return false
	}
	c.n -= n
	return true
}

// left returns how much of the credit there is, up to limit.
func (c *Credit) left(limit int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return min(c.n, limit)
}

// take uses some of what is left.
func (c *Credit) take(n int) {
	c.mu.Lock()
	c.n -= n
	c.mu.Unlock()
}

// wait returns what is left as soon as there is some, up to limit. It flushes
// before it waits.
func (c *Credit) wait(ctx context.Context, w *Writer, limit int) (int, error) {
	for {
		if n := c.left(limit); n > 0 {
			return n, nil
		}
		if err := w.Flush(); err != nil {
			return 0, err
		}
		select {
		case <-c.more:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// SendContent sends what r holds as the content of a command, its end
// included, waiting for credit where it must. It flushes before it waits, and
// leaves flushing the rest to the caller.
func SendContent(ctx context.Context, w *Writer, id uint64, credit *Credit, r io.Reader) error {
	chunk := make([]byte, MaxChunk)
	for {
		n, err := credit.wait(ctx, w, MaxChunk)
		if err != nil {
			return err
		}
		credit.take(n)
		got, err := io.ReadFull(r, chunk[:n])
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
		}
		if err := w.Write(Frame{Data: &Data{ID: id, Bytes: chunk[:got], End: end}}); err != nil {
			return err
		}
		if end {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// SendStream is SendContent for what comes from elsewhere bit by bit: each
// piece leaves at once, since its receiver may wait for it.
func SendStream(ctx context.Context, w *Writer, id uint64, credit *Credit, r io.Reader) error {
	chunk := make([]byte, MaxChunk)
	for {
		n, err := credit.wait(ctx, w, MaxChunk)
		if err != nil {
			return err
		}
		got, err := r.Read(chunk[:n])
		credit.take(got)
		end := errors.Is(err, io.EOF)
		if got > 0 || end {
			if err := w.Send(Frame{Data: &Data{ID: id, Bytes: chunk[:got], End: end}}); err != nil {
				return err
			}
		}
		switch {
		case end:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// Inbox holds the content of one command between the goroutine that reads
// frames, which never waits for it, and the one that uses the content. It
// never holds more than the window.
type Inbox struct {
	give func(n int) error // sends a window frame

	mu     sync.Mutex
	filled sync.Cond
	chunks [][]byte
	held   int // bytes in chunks
	used   int // bytes taken out and not yet given credit for
	end    bool
	err    error // of Close
	late   error // of Fail: comes behind what there is
}

// NewInbox returns an inbox that calls give to return credit; give runs on the
// goroutine that calls Read.
func NewInbox(give func(n int) error) *Inbox {
	b := &Inbox{give: give}
	b.filled.L = &b.mu
	return b
}

// Put adds the content of a data frame, keeping its bytes. More than the
// window allows, or anything after the end, is a *BadFrame.
func (b *Inbox) Put(d *Data) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil // it is no longer read
	}
	if b.end {
		return &BadFrame{Cause: errors.New("content after its end")}
	}
	if b.held+b.used+len(d.Bytes) > WindowSize {
		return errCredit
	}
	if len(d.Bytes) > 0 {
		b.chunks = append(b.chunks, d.Bytes)
		b.held += len(d.Bytes)
	}
	b.end = d.End
	b.filled.Broadcast()
	return nil
}

// Close makes Read return err, and drops what there is and what still comes.
func (b *Inbox) Close(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.chunks, b.held = nil, 0
	b.filled.Broadcast()
}

// Fail makes Read return err behind what there is, unless that is the end of
// the content: now it never will come.
func (b *Inbox) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.end && b.late == nil {
		b.late = err
	}
	b.filled.Broadcast()
}

// Read returns content as it arrives, io.EOF at its end, and the error of Close.
func (b *Inbox) Read(p []byte) (int, error) {
	n, credit, err := b.take(p)
	if credit > 0 {
		if err := b.give(credit); err != nil {
			return n, err
		}
	}
	return n, err
}

// take waits for content and says how much credit is due: none for the little
// that is no worth a frame, and none after the end.
func (b *Inbox) take(p []byte) (n, credit int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.chunks) == 0 && !b.end && b.err == nil && b.late == nil {
		b.filled.Wait()
	}
	switch {
	case b.err != nil:
		return 0, 0, b.err
	case len(b.chunks) == 0 && b.late != nil:
		return 0, 0, b.late
	case len(b.chunks) == 0:
		return 0, 0, io.EOF
	}
	n = copy(p, b.chunks[0])
	if b.chunks[0] = b.chunks[0][n:]; len(b.chunks[0]) == 0 {
		b.chunks = b.chunks[1:]
	}
	b.held -= n
	b.used += n
	if !b.end && b.used >= WindowSize/4 {
		credit, b.used = b.used, 0
	}
	return n, credit, nil
}
