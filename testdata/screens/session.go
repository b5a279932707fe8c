package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// frame is what the terminal showed for a while.
type frame struct {
	rows    [][]uitest.Cell
	seconds int
}

// text is the frame without its colours.
func (f frame) text() []byte {
	var b strings.Builder
	for _, row := range f.rows {
		var line strings.Builder
		for _, c := range row {
			if c.Rune != 0 {
				line.WriteRune(c.Rune)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return []byte(b.String())
}

// rows is how high the terminals are.
const rows = 24

// session is what is kept of one.
type session struct {
	frames  []frame // one for each time that something was typed
	busiest frame   // since then, in the middle of the work; empty where it was too quick
	most    int
	typed   []typed // that is still to come
}

// record runs froyo in a terminal and types. The frames are one for each time that something was typed, one of the
// hosts at work after it, and the end, with what has scrolled off the screen.
func (s *studio) record(ctx context.Context, sc scene, columns int) ([]frame, error) {
	term := uitest.New(columns, rows)
	fmt.Fprintf(term, "\x1b[1m$ froyo %s\x1b[0m\r\n", strings.Join(sc.args, " "))
	master, slave, err := openTerminal(columns, rows)
	if err != nil {
		return nil, err
	}
	defer master.Close()
	cmd := exec.CommandContext(ctx, s.froyo, sc.args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, slave.Close())
	}
	slave.Close()
	out := &session{typed: sc.typed}
	term.Edited(func(answer string) { _, _ = io.WriteString(master, answer) }) // where that fails, reading says why
	if err := out.watch(term, master); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); diag.Code(cmd.ProcessState.ExitCode()) != sc.code {
		return nil, fmt.Errorf("froyo %s: %w, not exit code %d\n%s", strings.Join(sc.args, " "), err, sc.code, term.Text())
	}
	if len(out.typed) > 0 {
		return nil, fmt.Errorf("froyo %s: %d of what was to be typed was not awaited\n%s", strings.Join(sc.args, " "), len(out.typed), term.Text())
	}
	out.cut()
	return append(out.frames, frame{screen(term), 6}), nil
}

// watch reads what froyo writes until it ends.
func (s *session) watch(term *uitest.Terminal, master io.ReadWriter) error {
	buf := make([]byte, 64<<10)
	for {
		n, err := master.Read(buf)
		if _, err := term.Write(buf[:n]); err != nil {
			return err
		}
		text := term.Text()
		if n := atWork(text) * (1 + done(text)); n > 0 && n >= s.most {
			s.most, s.busiest = n, frame{screen(term), 3}
		}
		if len(s.typed) > 0 && s.typed[0].when(text) {
			if _, err := io.WriteString(master, s.typed[0].keys); err != nil {
				return err
			}
			s.typed = s.typed[1:]
			s.cut()
			s.frames = append(s.frames, frame{screen(term), 3})
		}
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) { // EIO: the last to have the terminal open has ended
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// cut keeps the busiest frame since something was typed.
func (s *session) cut() {
	if s.most > 0 {
		s.frames = append(s.frames, s.busiest)
	}
	s.most = 0
}

// atWork counts the hosts on the live screen above the status line of an apply, if it is there.
func atWork(text string) int {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if status, _, _ := strings.Cut(lines[len(lines)-1], " "); status != "applying" && status != "stopping" {
		return 0
	}
	n := 0
	for i := len(lines) - 2; i >= 0 && strings.HasPrefix(lines[i], "  h"); i-- {
		n++
	}
	return n
}

// done is how many hosts the status line says are through.
func done(text string) int {
	_, status, _ := strings.Cut(text[strings.LastIndex(strings.TrimRight(text, "\n"), "\n")+1:], "  ")
	through, _, _ := strings.Cut(status, "/")
	n, err := strconv.Atoi(through)
	if err != nil {
		return 0
	}
	return n
}

// screen is the part of the terminal that is seen.
func screen(term *uitest.Terminal) [][]uitest.Cell {
	cells := term.Cells()
	if n := len(cells); n > 0 && len(cells[n-1]) == 0 {
		cells = cells[:n-1]
	}
	return cells
}
