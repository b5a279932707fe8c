// Package local is the transport below runner/dial for this machine: the same
// shell, the same bootstrap and the same frames as over SSH, without a network.
// It also starts the programs of transports by command.
//
// It imports runner/transport and the standard library.
package local

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/openfroyo/froyo/runner/transport"
)

// Machine starts processes on this machine.
type Machine struct {
	user string
	env  []string

	mu      sync.Mutex
	closed  bool              // guarded by mu
	running map[*streams]bool // of processes under way, guarded by mu
}

var _ transport.Transport = (*Machine)(nil)

// New returns the transport for this machine. user is the name of who runs
// froyo; env is the environment of what is started, as os.Environ gives it.
func New(user string, env []string) *Machine {
	return &Machine{user: user, env: env, running: map[*streams]bool{}}
}

// User returns who runs froyo.
func (m *Machine) User() string { return m.user }

// Near reports that no network lies between.
func (m *Machine) Near() bool { return true }

// Start runs a script by /bin/sh, in a process group of its own, so that an
// interrupt from the terminal reaches the controller alone, which then ends
// the runner in good order.
func (m *Machine) Start(ctx context.Context, script string) (*transport.Process, error) {
	return m.Exec(ctx, "/bin/sh", "-c", script)
}

// StartTerminal is Start with a terminal.
func (m *Machine) StartTerminal(ctx context.Context, script string) (*transport.Process, error) {
	return m.ExecTerminal(ctx, "/bin/sh", "-c", script)
}

// Exec starts a program as Start does a script.
func (m *Machine) Exec(ctx context.Context, argv ...string) (*transport.Process, error) {
	return m.start(ctx, argv, openStreams, &syscall.SysProcAttr{Setpgid: true})
}

// ExecTerminal is Exec with a terminal.
func (m *Machine) ExecTerminal(ctx context.Context, argv ...string) (*transport.Process, error) {
	return m.start(ctx, argv, openTerminal, &syscall.SysProcAttr{Setsid: true, Setctty: true})
}

func (m *Machine) start(ctx context.Context, argv []string, open func() (*streams, error), attr *syscall.SysProcAttr) (*transport.Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, os.ErrClosed
	}
	s, err := open()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = m.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.theirs[0], s.theirs[1], s.theirs[2]
	cmd.SysProcAttr = attr
	err = cmd.Start()
	closeAll(s.theirs)
	if err != nil {
		closeAll(s.ours)
		return nil, err
	}
	m.running[s] = true
	ended := make(chan error, 1)
	go func() {
		err := exit(cmd.Wait())
		m.mu.Lock()
		delete(m.running, s)
		m.mu.Unlock()
		ended <- err
	}()
	return &transport.Process{
		Stdin: s.ours[0], Stdout: s.stdout(), Stderr: s.ours[2],
		Wait: sync.OnceValue(func() error { return <-ended }),
		Kill: sync.OnceFunc(func() { closeAll(s.ours) }),
	}, nil
}

// Close gives up every process that is still under way.
func (m *Machine) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for s := range m.running {
		closeAll(s.ours)
	}
	return nil
}

// exit turns the library's account of how a process ended into ours.
func exit(err error) error {
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	if status, ok := e.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &transport.ExitError{Status: 128 + int(status.Signal()), Signal: signalName(status.Signal())}
	}
	return &transport.ExitError{Status: e.ExitCode()}
}

// signalName is a signal's name as SSH gives it, or what the system calls it.
func signalName(s syscall.Signal) string {
	names := map[syscall.Signal]string{
		syscall.SIGABRT: "ABRT", syscall.SIGBUS: "BUS", syscall.SIGHUP: "HUP", syscall.SIGILL: "ILL", syscall.SIGINT: "INT",
		syscall.SIGKILL: "KILL", syscall.SIGPIPE: "PIPE", syscall.SIGSEGV: "SEGV", syscall.SIGSYS: "SYS", syscall.SIGTERM: "TERM",
	}
	if name, ok := names[s]; ok {
		return name
	}
	return s.String()
}

// streams are both ends of a process's stdin, stdout and stderr. They are
// pipes of our own, since those of os/exec close before all is read.
type streams struct {
	ours, theirs [3]*os.File
	terminal     bool
}

// stdout is what the process writes.
func (s *streams) stdout() io.Reader {
	if s.terminal {
		return terminalOutput{s.ours[1]}
	}
	return s.ours[1]
}

func openStreams() (*streams, error) {
	s := &streams{}
	for i := range s.ours {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(s.ours)
			closeAll(s.theirs)
			return nil, err
		}
		s.ours[i], s.theirs[i] = r, w
		if i == 0 {
			s.ours[i], s.theirs[i] = w, r
		}
	}
	return s, nil
}

func closeAll(files [3]*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close() // a pipe has nothing to flush
		}
	}
}
