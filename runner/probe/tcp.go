package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"

	"github.com/openfroyo/froyo/runner/op"
)

// peer is a probe over TCP that is ready to be made.
type peer struct {
	*op.TCPProbe
	dial Dial
}

func newTCP(p *op.TCPProbe, dial Dial) attempt { return (&peer{p, dial}).attempt }

func (p *peer) attempt(ctx context.Context) (op.Result, *failure) {
	conn, err := p.dial(ctx, "tcp", net.JoinHostPort(p.Address, strconv.Itoa(p.Port)))
	if err != nil {
		return p.unconnected(err)
	}
	defer conn.Close()
	if p.Closed {
		return op.Result{}, &failure{what: fmt.Sprintf("port %d takes connections, expected that it is closed", p.Port)}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if p.Send != "" {
		if _, err := io.WriteString(conn, p.Send); err != nil {
			return op.Result{}, p.failed(ctx, err, nil)
		}
	}
	if p.Contains == "" {
		return op.Result{TCP: &op.TCPResult{}}, nil
	}
	got, err := p.await(conn)
	if err != nil {
		return op.Result{}, p.failed(ctx, err, got)
	}
	result := &op.TCPResult{}
	result.Received, result.ReceivedRaw, result.ReceivedCut = keep(got, op.DefaultOutput)
	return op.Result{TCP: result}, nil
}

// unconnected judges a connection that did not come about.
func (p *peer) unconnected(err error) (op.Result, *failure) {
	e, known := errnoOf(err)
	if p.Closed && (known && e.closed || timedOut(err)) {
		return op.Result{TCP: &op.TCPResult{}}, nil
	}
	if timedOut(err) {
		return op.Result{}, &failure{what: "no connection within " + milliseconds(p.TimeoutMS).String(), cause: err}
	}
	return op.Result{}, broken(p.Via, err)
}

// errAbsent is an answer without what was looked for.
var errAbsent = errors.New("the answer is another")

// await reads until what must come back has come.
func (p *peer) await(conn net.Conn) ([]byte, error) {
	var got []byte
	piece := make([]byte, 32<<10)
	for {
		n, err := conn.Read(piece)
		from := max(0, len(got)-len(p.Contains)+1)
		got = append(got, piece[:n]...)
		switch {
		case bytes.Contains(got[from:], []byte(p.Contains)):
			return got, nil
		case errors.Is(err, io.EOF), len(got) >= maxBody:
			return got, errAbsent
		case err != nil:
			return got, err
		}
	}
}

// failed is a connection that came about, and then did not go as expected.
func (p *peer) failed(ctx context.Context, err error, got []byte) *failure {
	f := &failure{cause: err}
	switch {
	case ctx.Err() != nil:
		f.what = fmt.Sprintf("connected, but %s did not come within %s", quote(p.Contains), milliseconds(p.TimeoutMS))
		if p.Contains == "" {
			f.what = "connected, but nothing could be sent within " + milliseconds(p.TimeoutMS).String()
		}
	case errors.Is(err, errAbsent):
		f.what = "what came does not contain " + quote(p.Contains)
	default:
		f = broken(p.Via, err)
	}
	if f.evidence == "" {
		f.evidence = text(got, maxEvidence)
	}
	return f
}
