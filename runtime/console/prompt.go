package console

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
)

// NeedsTerminal refuses a command that asks where there is no terminal to ask on. yes is -y.
func (c *Console) NeedsTerminal(yes bool) error {
	if yes || c.Interactive() {
		return nil
	}
	return &diag.Error{Summary: "stdin is not a terminal; use -y"}
}

// Approve asks a yes-or-no question, and refuses where the answer is no or there is none:
// "not approved; nothing was <done>".
func (c *Console) Approve(ctx context.Context, question, done string) error {
	yes, err := c.Confirm(ctx, question)
	if err == nil && !yes || errors.Is(err, io.EOF) {
		err = &diag.Error{Summary: "not approved; nothing was " + done}
	}
	return err
}

// Confirm asks a yes-or-no question on the terminal; anything but "y" or "yes" is no.
func (c *Console) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := c.Ask(ctx, question+" [y/N] ")
	return answer == "y" || answer == "yes", err
}

// Ask asks a question on the terminal and returns the answer in lower case, or
// io.EOF where there is none any more. One question is asked at a time.
func (c *Console) Ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(c.Stderr, c.Style(c.Stderr).Wrap("", strings.TrimRight(question, " "), 1, 2)+" ")
	if c.answers == nil {
		c.answers = bufio.NewReader(c.Stdin)
	}
	if err := c.answered(ctx); err != nil {
		fmt.Fprintln(c.Stderr)
		return "", err
	}
	type line struct {
		text string
		err  error
	}
	said := make(chan line, 1)
	go func() {
		text, err := c.answers.ReadString('\n')
		said <- line{strings.ToLower(strings.TrimSpace(text)), err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.Stderr)
		return "", ctx.Err()
	case l := <-said:
		if l.err != nil && l.text == "" {
			fmt.Fprintln(c.Stderr)
			return "", l.err
		}
		return l.text, nil
	}
}

// answerPause is how often it is checked whether a question is still to be answered, in milliseconds.
const answerPause = 50

// answered waits until there is something to read.
func (c *Console) answered(ctx context.Context) error {
	if c.answers.Buffered() > 0 {
		return ctx.Err()
	}
	return readable(c.Stdin, ctx.Done())
}

// readable waits until there is something to read, which a terminal gives by whole lines: what is typed after an interrupt is not
// for the question.
func readable(f *os.File, ended <-chan struct{}) error {
	fd := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}} //nolint:gosec // a descriptor is a small number
	for {
		n, err := unix.Poll(fd, answerPause)
		select {
		case <-ended:
			return context.Canceled
		default:
		}
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return nil // reading says what is wrong
		}
	}
}

// Password asks for a password once, before anything else is printed, or
// takes it from the environment variable that stands for it. It is asked for once in a command.
func (c *Console) Password(what, variable string) (func() (string, error), error) {
	if p := cmp.Or(c.passwords[variable], c.Getenv(variable)); p != "" {
		return func() (string, error) { return p, nil }, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, (&diag.Error{Summary: "no terminal to ask for the " + what + " on"}).
			WithHint("set %s in the environment", variable)
	}
	defer tty.Close()
	line, err := typed(tty, what, c.ended)
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", what, err)
	}
	if len(line) == 0 {
		return nil, errors.New("the " + what + " is empty")
	}
	if c.passwords == nil {
		c.passwords = map[string]string{}
	}
	c.passwords[variable] = string(line)
	return func() (string, error) { return string(line), nil }, nil
}

// typed asks for a line on a terminal, and does not show it. context.Canceled is that the command is to end.
func typed(tty *os.File, what string, ended <-chan struct{}) (line []byte, err error) {
	fd := int(tty.Fd()) //nolint:gosec // a descriptor is a small number
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, term.Restore(fd, before)) }()
	if err := silence(fd); err != nil {
		return nil, err
	}
	fmt.Fprintf(tty, "%s: ", what)
	defer fmt.Fprintln(tty)
	if err := readable(tty, ended); err != nil {
		return nil, err
	}
	return term.ReadPassword(fd)
}

// maxLine is how long a line of a terminal can be: what is typed or pasted beyond it is dropped by the kernel.
const maxLine = 4095

// Hidden asks for a line on the terminal that is standard input, and does not show it. io.EOF is that none was given.
func (c *Console) Hidden(ctx context.Context, question string) (line []byte, err error) {
	fd := int(c.Stdin.Fd()) //nolint:gosec // a descriptor is a small number
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, term.Restore(fd, before)) }()
	if err := silence(fd); err != nil { // before the question, so that nothing that is typed at it is shown
		return nil, err
	}
	fmt.Fprint(c.Stderr, c.Style(c.Stderr).Wrap("", strings.TrimRight(question, " "), 1, 2)+" ")
	if c.answers == nil {
		c.answers = bufio.NewReader(c.Stdin)
	}
	err = c.answered(ctx)
	if err == nil {
		line, err = c.answers.ReadBytes('\n') // a terminal gives it whole
	}
	fmt.Fprintln(c.Stderr)
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = nil
	}
	if line = bytes.TrimSuffix(line, []byte("\n")); err == nil && len(line) >= maxLine {
		err = (&diag.Error{Summary: fmt.Sprintf("a terminal gives %d characters of a line at most", maxLine)}).
			WithHint("give it by a file: <FILE")
	}
	return line, err
}

// silence has a terminal not show what is typed.
func silence(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, unix.TCSETS, t)
}

// Drop drops what was typed ahead of a question, such as the rest of a text of several lines that was pasted.
func (c *Console) Drop() {
	fd := int(c.Stdin.Fd())                              //nolint:gosec // a descriptor is a small number
	_ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) // nothing is lost where it cannot be
}
