// Package proxy is a connection over the standard input and output of a program:
// ssh_config's ProxyCommand.
//
// It imports the standard library only.
package proxy

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxSaid bounds what is kept of what the program says on its standard error.
const maxSaid = 2 << 10

// patience is how long a program has to exit by itself once the connection is closed,
// and to say why it gave up.
const patience = time.Second

// Conn is a connection that a program makes. Closing it ends the program.
type Conn struct {
	cmd     *exec.Cmd
	in, out *os.File // what the program reads, and what it writes
	said    *tail
	ended   chan struct{}
	once    sync.Once
	status  string // set when ended is closed
}

var _ net.Conn = (*Conn)(nil)

// Start runs a line by a shell. Whatever it starts is in a session of its own
// without a terminal: it can ask nobody, and ends with the connection. Where
// this program dies, it reads the end of its input.
func Start(shell, line string, environ []string) (*Conn, error) {
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, inRead.Close(), inWrite.Close())
	}
	c := &Conn{in: inWrite, out: outRead, said: &tail{}, ended: make(chan struct{})}
	c.cmd = exec.Command(shell, "-c", "exec "+line)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr, c.cmd.Env = inRead, outWrite, c.said, environ
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.cmd.WaitDelay = patience // for one that left its standard error to others
	err = c.cmd.Start()
	_, _ = inRead.Close(), outWrite.Close() // the program has them
	if err != nil {
		return nil, errors.Join(err, inWrite.Close(), outRead.Close())
	}
	go func() {
		c.status = status(c.cmd.Wait())
		close(c.ended)
	}()
	return c, nil
}

func status(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// Read reads what the program writes.
func (c *Conn) Read(p []byte) (int, error) { return c.out.Read(p) }

// Write writes what the program reads.
func (c *Conn) Write(p []byte) (int, error) { return c.in.Write(p) }

// Close ends the program, which reads the end of its input first, and all that it started.
func (c *Conn) Close() error {
	var err error
	c.once.Do(func() {
		err = errors.Join(c.in.Close(), c.out.Close())
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-c.ended:
		case <-timer.C:
		}
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // whoever of them is left
		<-c.ended
	})
	return err
}

// Failed ends a connection that was of no use, and tells what the program said
// and how it ended.
func (c *Conn) Failed() (said, status string) {
	_ = c.Close() // the program's own account says more
	<-c.ended
	return c.said.text(), c.status
}

// LocalAddr is no address.
func (c *Conn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr is no address: only the program knows it.
func (c *Conn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline bounds reading.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.out.SetReadDeadline(t) }

// SetWriteDeadline bounds writing.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.in.SetWriteDeadline(t) }

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if n := len(t.kept); n > maxSaid {
		t.kept = append([]byte(nil), t.kept[n-maxSaid:]...)
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
