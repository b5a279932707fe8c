package program

import (
	"encoding/base64"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// pipes connect a program's three streams.
type pipes struct {
	child          [3]*os.File // the program's ends
	stdin          *os.File    // nil where the program reads nothing
	stdout, stderr *os.File
}

// openPipes makes the streams; without stdin there is nothing to read.
func openPipes(stdin io.Reader) (*pipes, error) {
	p := &pipes{}
	var err error
	if stdin == nil {
		p.child[0], err = os.Open(os.DevNull)
	} else {
		p.child[0], p.stdin, err = os.Pipe()
	}
	if err == nil {
		p.stdout, p.child[1], err = os.Pipe()
	}
	if err == nil {
		p.stderr, p.child[2], err = os.Pipe()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// closeChild gives up the program's ends, so that its own end is seen.
func (p *pipes) closeChild() {
	for i, f := range p.child {
		if f != nil {
			_ = f.Close() // nothing was written to it here
			p.child[i] = nil
		}
	}
}

func (p *pipes) close() {
	p.closeChild()
	for _, f := range []*os.File{p.stdin, p.stdout, p.stderr} {
		if f != nil {
			_ = f.Close() // the program has ended
		}
	}
}

// feed copies the content of stdin to the program. A program that reads none
// of it is as good as one that does.
func (p *pipes) feed(stdin io.Reader) {
	if stdin == nil {
		return
	}
	go func() {
		_, _ = io.Copy(p.stdin, stdin) // ends with the content, or when close is called
		_ = p.stdin.Close()
	}()
}

// hurry bounds how long output is awaited, once the program has ended.
func (p *pipes) hurry() {
	deadline := soon()
	for _, f := range []*os.File{p.stdout, p.stderr} {
		if f.SetReadDeadline(deadline) != nil {
			_ = f.Close() // without deadlines, closing is what ends the read
		}
	}
}

// soon is until when output is awaited that should be there already.
func soon() time.Time { return time.Now().Add(backgroundGrace) }

// capture reads a stream to its end and keeps what came last.
type capture struct {
	done  chan struct{} // closed when the stream has ended; then the rest may be read
	limit int
	kept  []byte
	left  int64 // bytes before what is kept
}

func newCapture(r io.Reader, limit int64, heard func([]byte)) *capture {
	if limit <= 0 {
		limit = op.DefaultOutput
	}
	c := &capture{done: make(chan struct{}), limit: int(min(limit, op.MaxOutput))}
	go c.read(r, heard)
	return c
}

func (c *capture) read(r io.Reader, heard func([]byte)) {
	defer close(c.done)
	defer c.trim(c.limit)
	chunk := make([]byte, 8<<10)
	for {
		n, err := r.Read(chunk)
		c.kept = append(c.kept, chunk[:n]...)
		heard(chunk[:n])
		if len(c.kept) > 2*c.limit+len(chunk) { // seldom, for it moves what is kept
			c.trim(c.limit)
		}
		if err != nil {
			return // the end, the deadline of hurry, or a closed pipe
		}
	}
}

// trim keeps the last limit bytes.
func (c *capture) trim(limit int) {
	if over := len(c.kept) - limit; over > 0 {
		c.kept = c.kept[:copy(c.kept, c.kept[over:])]
		c.left += int64(over)
	}
}

// text returns what was kept as valid UTF-8. A character that the limit cut in
// two is dropped; other bytes that are not UTF-8 are replaced, in a text that is
// for people only and so need not be long, and raw is what they were.
func (c *capture) text() (text, raw string) {
	kept := c.kept
	if c.left > 0 {
		kept = wholeRunes(kept)
	}
	if utf8.Valid(kept) {
		c.left += int64(len(c.kept) - len(kept))
		return string(kept), ""
	}
	return perform.Clean(string(kept[max(0, len(kept)-op.DefaultOutput):])), base64.StdEncoding.EncodeToString(c.kept)
}

// wholeRunes drops the end of a character from the beginning of b.
func wholeRunes(b []byte) []byte {
	for i := range min(len(b), utf8.UTFMax) {
		if utf8.RuneStart(b[i]) {
			return b[i:]
		}
	}
	return b
}
