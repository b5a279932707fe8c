package dial

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Ready waits until the runner of a user is there to be used.
func (s *Session) Ready(ctx context.Context, user string) error {
	_, err := s.runner(ctx, s.user(target.Step{User: user}))
	return err
}

// DialContext opens a TCP connection from the host, as its user, to a name or
// an IP address as the host knows it; no more is needed of the host than of any
// other op. ctx bounds the connecting alone. The error is a *target.Error about the
// host, an *op.Error about the address, or that of ctx.
func (s *Session) DialContext(ctx context.Context, user, address string, port int) (net.Conn, error) {
	// The deadline is that of the whole connection.
	step := target.Step{Op: op.Op{Connect: &op.Connect{Address: address, Port: port}}, Timeout: protocol.MaxDeadline}
	if err := step.Op.Validate(); err != nil {
		return nil, err
	}
	p, err := s.runner(ctx, s.user(target.Step{User: user}))
	if err != nil {
		return nil, err
	}
	s.cost.RoundTrips.Add(1)
	return p.link.connect(ctx, step)
}

// relay is a connection from a host, carried by the frames of one command. Its
// two pumps stand between those and who uses it, who may give up waiting.
type relay struct {
	link    *link
	command *command
	opened  chan struct{} // closed when the connection is there
	open    func()        // closes it

	in      chan []byte // what came, one piece at a time; closed when readErr is set
	readErr error
	reading sync.Mutex // guards rest
	rest    []byte     // of the piece last taken from in

	out     chan []byte // what is to be sent, one piece at a time
	writing sync.Mutex  // held while pieces are handed over
	half    chan struct{}
	endHalf func() // closes half: nothing more is sent

	closed     chan struct{}
	endClosed  func()
	readUntil  deadline
	writeUntil deadline
}

var _ net.Conn = (*relay)(nil)

// connect sends the command and waits until the connection is there.
func (l *link) connect(ctx context.Context, step target.Step) (net.Conn, error) {
	if !l.slot(ctx) {
		return nil, l.interrupted(ctx)
	}
	r := newRelay(l)
	c := &command{call: newCall("", 1), step: step, credit: protocol.NoCredit(), relay: r}
	c.inbox = protocol.NewInbox(func(n int) error {
		// Where the stream has ended the link fails, and says why.
		_ = l.writer.Send(protocol.Frame{Window: &protocol.Window{ID: c.id, N: n}})
		return nil
	})
	r.command = c
	// Sending blocks where the host does not read.
	go func() {
		err := l.sendCommand(ctx, c)
		if err == nil {
			err = l.writer.Flush()
		}
		if err != nil {
			l.sendFailed(c.call, err)
		}
	}()
	select {
	case <-r.opened:
	case <-c.call.finished:
		if err := r.failure(); err != nil {
			return nil, err
		}
		return nil, io.ErrUnexpectedEOF // it was there and gone again at once
	case <-ctx.Done():
		l.abandon(c.call)
		return nil, ctx.Err()
	case <-l.ended:
		return nil, l.err
	}
	go r.pumpIn()
	go r.pumpOut()
	go func() {
		<-c.call.finished
		c.inbox.Fail(r.reason())
	}()
	return r, nil
}

// interrupted waits for the reason why a command could not be sent.
func (l *link) interrupted(ctx context.Context) error {
	select {
	case <-l.ended:
		return l.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newRelay(l *link) *relay {
	r := &relay{
		link: l, opened: make(chan struct{}), half: make(chan struct{}), closed: make(chan struct{}),
		in: make(chan []byte), out: make(chan []byte),
	}
	r.open = sync.OnceFunc(func() { close(r.opened) })
	r.endHalf = sync.OnceFunc(func() { close(r.half) })
	r.endClosed = sync.OnceFunc(func() { close(r.closed) })
	return r
}

// failure is why the command ended, nil where that was in good order. It must have ended.
func (r *relay) failure() error {
	outcomes, err := r.command.call.result()
	switch {
	case err != nil:
		return err
	case outcomes[0].Result.Error != nil:
		return outcomes[0].Result.Error
	}
	return nil
}

// reason is failure as the error of a connection that is used further.
func (r *relay) reason() error {
	if err := r.failure(); err != nil {
		return err
	}
	return net.ErrClosed
}

// pumpIn hands over what came.
func (r *relay) pumpIn() {
	defer close(r.in)
	for {
		piece := make([]byte, protocol.MaxChunk)
		n, err := r.command.inbox.Read(piece)
		if n > 0 {
			select {
			case r.in <- piece[:n]:
			case <-r.closed:
				r.readErr = net.ErrClosed
				return
			}
		}
		if err != nil {
			r.readErr = err
			return
		}
	}
}

// pumpOut sends what Write hands over, and the end of it.
func (r *relay) pumpOut() {
	err := protocol.SendStream(r.command.sending, r.link.writer, r.command.id, r.command.credit, &outgoing{relay: r})
	if err != nil && r.command.sending.Err() == nil {
		r.link.sendFailed(r.command.call, err)
	}
}

// outgoing reads the pieces that Write hands over.
type outgoing struct {
	relay *relay
	rest  []byte
}

func (o *outgoing) Read(p []byte) (int, error) {
	if len(o.rest) == 0 {
		select {
		case o.rest = <-o.relay.out:
		case <-o.relay.half:
			return 0, io.EOF
		case <-o.relay.command.sending.Done():
			return 0, net.ErrClosed
		}
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

// Read implements net.Conn.
func (r *relay) Read(p []byte) (int, error) {
	r.reading.Lock()
	defer r.reading.Unlock()
	switch {
	case isDone(r.closed):
		return 0, net.ErrClosed
	case isDone(r.readUntil.passed()):
		return 0, os.ErrDeadlineExceeded
	case len(p) == 0:
		return 0, nil
	}
	if len(r.rest) == 0 {
		select {
		case piece, ok := <-r.in:
			if !ok {
				return 0, r.readErr
			}
			r.rest = piece
		case <-r.readUntil.passed():
			return 0, os.ErrDeadlineExceeded
		case <-r.closed:
			return 0, net.ErrClosed
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Write implements net.Conn. What it returns as written is on its way.
func (r *relay) Write(p []byte) (int, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	n := 0
	for {
		switch {
		case isDone(r.closed), isDone(r.half):
			return n, net.ErrClosed
		case isDone(r.writeUntil.passed()):
			return n, os.ErrDeadlineExceeded
		case n == len(p):
			return n, nil
		}
		piece := append([]byte(nil), p[n:min(len(p), n+protocol.MaxChunk)]...)
		select {
		case r.out <- piece:
			n += len(piece)
		case <-r.writeUntil.passed():
			return n, os.ErrDeadlineExceeded
		case <-r.closed:
			return n, net.ErrClosed
		case <-r.half:
			return n, net.ErrClosed
		case <-r.command.call.finished:
			return n, r.reason()
		}
		if n == len(p) {
			return n, nil
		}
	}
}

// CloseWrite ends what is sent; what comes can still be read.
func (r *relay) CloseWrite() error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if isDone(r.closed) {
		return net.ErrClosed
	}
	r.endHalf()
	return nil
}

// linger is how long a connection that was closed may take to send what was written.
const linger = time.Second

// Close ends the connection. What was written is still sent, beside other work.
func (r *relay) Close() error {
	if isDone(r.closed) {
		return net.ErrClosed
	}
	r.endClosed()
	r.endHalf()
	r.command.inbox.Close(net.ErrClosed)
	go func() {
		timer := time.NewTimer(linger)
		defer timer.Stop()
		select {
		case <-r.command.call.finished:
		case <-timer.C:
			r.link.abandon(r.command.call)
		}
	}()
	return nil
}

// LocalAddr implements net.Conn: which port the host took is not known.
func (r *relay) LocalAddr() net.Addr { return relayAddr(r.link.session.options.Host) }

// RemoteAddr implements net.Conn.
func (r *relay) RemoteAddr() net.Addr {
	to := r.command.step.Op.Connect
	return relayAddr(net.JoinHostPort(to.Address, strconv.Itoa(to.Port)))
}

// SetDeadline implements net.Conn.
func (r *relay) SetDeadline(t time.Time) error {
	return errors.Join(r.SetReadDeadline(t), r.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (r *relay) SetReadDeadline(t time.Time) error { return r.limit(&r.readUntil, t) }

// SetWriteDeadline implements net.Conn.
func (r *relay) SetWriteDeadline(t time.Time) error { return r.limit(&r.writeUntil, t) }

func (r *relay) limit(d *deadline, t time.Time) error {
	if isDone(r.closed) {
		return net.ErrClosed
	}
	d.set(t)
	return nil
}

// relayAddr is an end of a relay, by name.
type relayAddr string

func (relayAddr) Network() string  { return "tcp" }
func (a relayAddr) String() string { return string(a) }

// deadline is a moment that can be moved, also while it is waited for. The
// zero one never comes.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer
	over  chan struct{} // closed when it has passed; made at first use
	round int           // of the timer that counts
}

// passed returns what is closed when the deadline has passed.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.channel()
}

func (d *deadline) channel() chan struct{} {
	if d.over == nil {
		d.over = make(chan struct{})
	}
	return d.over
}

func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.round++
	if isDone(d.channel()) {
		d.over = make(chan struct{})
	}
	left := time.Until(t)
	switch {
	case t.IsZero():
		return
	case left <= 0:
		close(d.over)
		return
	}
	over, round := d.over, d.round
	d.timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.round == round {
			close(over)
		}
	})
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
