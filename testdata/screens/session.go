package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// frame is what the terminal showed for a while.
type frame struct {
	rows    [][]uitest.Cell
	seconds int
}

// session is what is kept of one.
type session struct {
	asked   frame // with the question, answered
	busiest frame // with the most hosts at work; empty where it was too quick
	last    frame
}

// record runs froyo in a terminal and answers its question.
func (s *studio) record(ctx context.Context, columns, rows int, answer string, args ...string) (*session, error) {
	term := uitest.New(columns, rows)
	fmt.Fprintf(term, "\x1b[1m$ froyo %s\x1b[0m\r\n", strings.Join(args, " "))
	master, slave, err := openTerminal(columns, rows)
	if err != nil {
		return nil, err
	}
	defer master.Close()
	cmd := exec.CommandContext(ctx, s.froyo, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, slave.Close())
	}
	slave.Close()
	out := &session{}
	if err := out.watch(term, master, answer); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("froyo %s: %w\n%s", strings.Join(args, " "), err, term.Text())
	}
	out.last = frame{screen(term), 6}
	return out, nil
}

// watch reads what froyo writes until it ends.
func (s *session) watch(term *uitest.Terminal, master io.ReadWriter, answer string) error {
	buf := make([]byte, 64<<10)
	most := 0
	for {
		n, err := master.Read(buf)
		if _, err := term.Write(buf[:n]); err != nil {
			return err
		}
		text := term.Text()
		if answer != "" && strings.HasSuffix(strings.TrimRight(text, "\n"), "[y/N]") {
			if _, err := io.WriteString(master, answer); err != nil {
				return err
			}
			answer = ""
			s.asked = frame{screen(term), 3}
		}
		if working := atWork(text); working > 0 && working >= most {
			most = working
			s.busiest = frame{rows: screen(term)}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) { // EIO: the last to have the terminal open has ended
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// atWork counts the hosts on the live screen above the status line, if it is there.
func atWork(text string) int {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if !strings.HasPrefix(lines[len(lines)-1], "applying ") {
		return 0
	}
	n := 0
	for i := len(lines) - 2; i >= 0 && strings.HasPrefix(lines[i], "  h"); i-- {
		n++
	}
	return n
}

// screen is the part of the terminal that is seen.
func screen(term *uitest.Terminal) [][]uitest.Cell {
	_, rows := term.Size()
	cells := term.Cells()
	if n := len(cells); n > 0 && len(cells[n-1]) == 0 {
		cells = cells[:n-1]
	}
	return cells[max(0, len(cells)-rows):]
}

// openTerminal opens a pseudo terminal.
func openTerminal(columns, rows int) (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(columns), Row: uint16(rows)})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, slave, nil
}
