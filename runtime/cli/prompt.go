package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/openfroyo/froyo/engine/diag"
)

// confirm asks a yes-or-no question on the terminal; anything but "y" or "yes" is no.
func (e *env) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := e.ask(ctx, question+" [y/N] ")
	return answer == "y" || answer == "yes", err
}

// ask asks a question on the terminal and returns the answer in lower case, or
// io.EOF where there is none any more. One question is asked at a time.
func (e *env) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(e.Stderr, question)
	if e.answers == nil {
		e.answers = bufio.NewReader(e.Stdin)
	}
	type line struct {
		text string
		err  error
	}
	said := make(chan line, 1)
	go func() {
		text, err := e.answers.ReadString('\n')
		said <- line{strings.ToLower(strings.TrimSpace(text)), err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(e.Stderr)
		return "", ctx.Err()
	case l := <-said:
		if l.err != nil && l.text == "" {
			fmt.Fprintln(e.Stderr)
			return "", l.err
		}
		return l.text, nil
	}
}

// password asks for a password once, before anything else is printed, or
// takes it from the environment variable that stands for it.
func (e *env) password(what, variable string) (func() (string, error), error) {
	if p := e.Getenv(variable); p != "" {
		return func() (string, error) { return p, nil }, nil
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, (&diag.Error{Summary: "no terminal to ask for the " + what + " on"}).
			WithHint("set %s in the environment", variable)
	}
	defer tty.Close()
	fmt.Fprintf(tty, "%s: ", what)
	line, err := term.ReadPassword(int(tty.Fd()))
	fmt.Fprintln(tty)
	if err != nil {
		return nil, fmt.Errorf("read the %s: %w", what, err)
	}
	if len(line) == 0 {
		return nil, errors.New("the " + what + " is empty")
	}
	return func() (string, error) { return string(line), nil }, nil
}
