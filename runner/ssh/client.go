package ssh

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
	"golang.org/x/crypto/ssh"
)

// maxSessions is how many processes one connection carries at a time: sshd
// allows 10 by default, and refuses the eleventh.
const maxSessions = 8

// Client is a connection to a host, logged in.
type Client struct {
	conn     *ssh.Client
	target   *endpoint
	login    Login
	sessions chan struct{} // a slot for each session
	closing  sync.Once
	closed   chan struct{}
	closeErr error

	again func(context.Context) (*Client, error) // logs in once more, or is nil
	mu    sync.Mutex
	more  []*Client // for sessions that the host allows no more of on this connection, guarded by mu
}

var _ transport.Transport = (*Client)(nil)

func newClient(conn *ssh.Client, t *endpoint, keepAlive time.Duration) *Client {
	c := &Client{conn: conn, target: t, sessions: make(chan struct{}, maxSessions), closed: make(chan struct{})}
	go c.watch(keepAlive)
	return c
}

// User returns who the connection is logged in as.
func (c *Client) User() string { return c.target.user }

// Near reports whether the host is this machine. What else may be near cannot be told.
func (c *Client) Near() bool {
	address, ok := c.conn.RemoteAddr().(*net.TCPAddr)
	return ok && address.IP.IsLoopback()
}

// Close ends the connection. One that the peer has ended already is no error.
func (c *Client) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.mu.Lock()
		for _, other := range c.more {
			_ = other.Close() // the error of this one is the one to tell
		}
		c.mu.Unlock()
		c.closeErr = c.conn.Close()
		if errors.Is(c.closeErr, io.EOF) { // behind a jump host: its channel was closed from there first
			c.closeErr = nil
		}
	})
	return c.closeErr
}

// watch ends a connection whose peer has gone without a word, so that what
// waits for it learns of it.
func (c *Client) watch(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-ticker.C:
		}
		if !c.alive(time.Duration(c.target.way.patience) * every) {
			_ = c.conn.Close() // what fails is what is dead already
			return
		}
	}
}

// alive asks the peer for an answer of any kind.
func (c *Client) alive(within time.Duration) bool {
	answered := make(chan error, 1)
	go func() {
		_, _, err := c.conn.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err
	}()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case err := <-answered:
		return err == nil
	case <-c.closed:
		return true
	case <-timer.C:
		return false
	}
}

// Start runs a script by the login shell, over a session of its own.
func (c *Client) Start(ctx context.Context, script string) (*transport.Process, error) {
	return c.startIn(ctx, script, false)
}

// StartTerminal is Start with a terminal.
func (c *Client) StartTerminal(ctx context.Context, script string) (*transport.Process, error) {
	return c.startIn(ctx, script, true)
}

func (c *Client) startIn(ctx context.Context, script string, terminal bool) (*transport.Process, error) {
	select {
	case c.sessions <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type started struct {
		process *transport.Process
		err     error
	}
	result := make(chan started, 1)
	go func() {
		p, err := c.start(script, terminal)
		if _, full := errors.AsType[*ssh.OpenChannelError](err); full && len(c.sessions) > 0 && c.again != nil {
			p, err = c.elsewhere(ctx, script, terminal)
		}
		result <- started{p, err}
	}()
	select {
	case s := <-result:
		return s.process, s.err
	case <-ctx.Done():
		go func() {
			if s := <-result; s.err == nil {
				s.process.Kill()
			}
		}()
		return nil, ctx.Err()
	}
}

// elsewhere runs script over another connection, for a host whose sshd allows
// no further session on this one (MaxSessions).
func (c *Client) elsewhere(ctx context.Context, script string, terminal bool) (*transport.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, other := range c.more {
		if len(other.sessions) == 0 {
			return other.startIn(ctx, script, terminal)
		}
	}
	select {
	case <-c.closed:
		return nil, c.target.errorAt(target.StageLost, "the connection ended", "", nil)
	default:
	}
	other, err := c.again(ctx)
	if err != nil {
		return nil, err
	}
	c.more = append(c.more, other)
	return other.startIn(ctx, script, terminal)
}

// start opens a session and runs script in it. The session's slot is given
// back when the process has ended.
func (c *Client) start(script string, terminal bool) (*transport.Process, error) {
	session, err := c.conn.NewSession()
	if err != nil {
		<-c.sessions
		return nil, c.refused(err)
	}
	if terminal {
		if err := session.RequestPty("dumb", terminalRows, terminalColumns, terminalModes); err != nil {
			_ = session.Close() // it never was of use
			<-c.sessions
			return nil, c.target.errorAt(target.StageBecome, "the host gives no terminal",
				"sshd's PermitTTY must be yes", err)
		}
	}
	process, err := run(session, script)
	if err != nil {
		_ = session.Close() // it never was of use
		<-c.sessions
		return nil, c.refused(err)
	}
	ended := make(chan error, 1)
	go func() {
		err := session.Wait()
		<-c.sessions
		ended <- exit(err)
	}()
	process.Wait = sync.OnceValue(func() error { return <-ended })
	process.Kill = func() { _ = session.Close() } // one that has ended says so
	return process, nil
}

// The size of a terminal does not matter, and it neither echoes nor changes what is written.
const terminalRows, terminalColumns = 24, 200

var terminalModes = ssh.TerminalModes{ssh.ECHO: 0, ssh.ECHONL: 0, ssh.OPOST: 0, ssh.ISIG: 0, ssh.IXON: 0, ssh.ICRNL: 0}

func run(session *ssh.Session, script string) (*transport.Process, error) {
	stdin, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := session.StderrPipe()
	if err != nil {
		return nil, err
	}
	return &transport.Process{Stdin: stdin, Stdout: stdout, Stderr: stderr}, session.Start(script)
}

// exit turns the library's account of how a process ended into ours.
func exit(err error) error {
	if e, ok := errors.AsType[*ssh.ExitError](err); ok {
		return &transport.ExitError{Status: e.ExitStatus(), Signal: e.Signal()}
	}
	return err
}

// refused explains why no session or no process could be had.
func (c *Client) refused(err error) error {
	t := c.target
	if open, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return t.errorAt(target.StageStart, "the host refuses another session: "+escape.Text(open.Message),
			"sshd's MaxSessions must allow one per user that is worked as", err)
	}
	if text := err.Error(); strings.HasPrefix(text, "ssh: command ") && strings.HasSuffix(text, " failed") {
		return t.errorAt(target.StageStart, "the host refuses to run commands", "does a ForceCommand or a restricted account stand in the way?", err)
	}
	return t.errorAt(target.StageLost, "the connection ended", "", err)
}
