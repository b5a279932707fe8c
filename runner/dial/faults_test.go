package dial_test

import (
	"context"
	"io"

	"github.com/openfroyo/froyo/runner/transport"
)

// cutting is a transport whose processes lose their streams once so many
// bytes went in; with -1 once the first line came out.
type cutting struct {
	transport.Transport
	after int
}

func (c *cutting) Start(ctx context.Context, script string) (*transport.Process, error) {
	p, err := c.Transport.Start(ctx, script)
	if err != nil {
		return nil, err
	}
	if c.after < 0 {
		p.Stdout = &cutReader{p.Stdout, p.Kill}
	}
	p.Stdin = &cutWriter{p.Stdin, c.after, p.Kill}
	return p, nil
}

type cutReader struct {
	io.Reader
	kill func()
}

func (c *cutReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.kill()
	return n, err
}

type cutWriter struct {
	io.WriteCloser
	left int
	kill func()
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if c.left < 0 || len(p) <= c.left {
		c.left -= len(p)
		return c.WriteCloser.Write(p)
	}
	n, _ := c.WriteCloser.Write(p[:c.left])
	c.left = 0
	c.kill()
	return n, io.ErrClosedPipe
}
