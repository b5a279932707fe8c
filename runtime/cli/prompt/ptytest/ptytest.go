// Package ptytest runs a program on a terminal, for tests of what is typed at
// it: it types, and looks at the screen.
//
// It imports runtime/ui for the width of characters.
package ptytest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a text may take to appear.
const patience = 20 * time.Second

// Session is a program on a terminal.
type Session struct {
	t      testing.TB
	cmd    *exec.Cmd
	master *os.File
	screen *screen
	ended  chan error
	mute   atomic.Bool
}

// Start runs a program on a terminal of a size. TERM is xterm but where cmd.Env says otherwise.
func Start(t testing.TB, cmd *exec.Cmd, columns, rows int) *Session {
	t.Helper()
	master, slave, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	s := &Session{t: t, cmd: cmd, master: master, screen: newScreen(columns, rows), ended: make(chan error, 1)}
	s.resize(columns, rows)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append([]string{"TERM=xterm"}, cmd.Env...) // the last of a name holds
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if n > 0 {
				if answer := s.screen.write(buf[:n]); answer != "" && !s.mute.Load() {
					_, _ = master.WriteString(answer)
				}
			}
			if err != nil {
				return // it is told by what the program ends with
			}
		}
	}()
	go func() {
		err := cmd.Wait()
		select { // what it wrote last is on the screen, unless what it has started holds the terminal
		case <-shown:
		case <-time.After(2 * time.Second):
		}
		s.ended <- err
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		master.Close()
	})
	return s
}

// open makes a terminal.
func open() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	raw, err := master.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	var number int
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		n, err := unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		number, failed = n, errors.Join(failed, err)
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, nil, err
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	return master, slave, err
}

// control runs an ioctl on the terminal.
func (s *Session) control(do func(fd int) error) {
	s.t.Helper()
	raw, err := s.master.SyscallConn()
	var failed error
	if err == nil {
		err = raw.Control(func(fd uintptr) { failed = do(int(fd)) })
	}
	if err = errors.Join(err, failed); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Session) resize(columns, rows int) {
	s.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}) //nolint:gosec // sizes of tests
	})
}

// Resize makes the terminal another size, of which the program is told. What is on the screen stays where it is.
func (s *Session) Resize(columns, rows int) {
	s.screen.resize(columns, rows)
	s.resize(columns, rows)
}

// Mute makes the terminal answer no questions of the program.
func (s *Session) Mute() { s.mute.Store(true) }

// Raw reports whether the terminal passes keys on as they are typed.
func (s *Session) Raw() bool {
	raw := false
	s.control(func(fd int) error {
		state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		raw = err == nil && state.Lflag&unix.ICANON == 0
		return err
	})
	return raw
}

// Type types keys.
func (s *Session) Type(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// Signal sends the program a signal.
func (s *Session) Signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Screen is what is on the screen and has scrolled off it, without blanks at the ends of lines and at the end.
func (s *Session) Screen() string { return s.screen.text() }

// Bytes are all that was written to the terminal.
func (s *Session) Bytes() string { return s.screen.all() }

// Wait waits for a text on the screen; blanks at its end do not matter.
func (s *Session) Wait(text string) {
	s.t.Helper()
	text = strings.TrimRight(text, " ")
	s.Until(fmt.Sprintf("%q", text), func(screen string) bool { return strings.Contains(screen, text) })
}

// Until waits for the screen to be as done wants it.
func (s *Session) Until(what string, done func(screen string) bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if done(s.Screen()) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("no %s on the screen:\n%s", what, s.Screen())
		}
	}
}

// End waits for the program to end and returns its exit code.
func (s *Session) End() int {
	s.t.Helper()
	select {
	case err := <-s.ended:
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
			s.t.Fatal(err)
		} else if ok {
			return exit.ExitCode()
		}
		return 0
	case <-time.After(patience):
		s.t.Fatalf("the program does not end; its screen:\n%s", s.Screen())
		return -1
	}
}
