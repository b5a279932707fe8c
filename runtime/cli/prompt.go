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
	fmt.Fprintf(e.Stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(e.Stdin).ReadString('\n')
		if err != nil && line == "" {
			fmt.Fprintln(e.Stderr)
		}
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(e.Stderr)
		return false, ctx.Err()
	case a := <-answer:
		return a == "y" || a == "yes", nil
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
