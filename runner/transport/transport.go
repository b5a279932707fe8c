// Package transport is what puts a shell on a host: an SSH connection, this
// machine, or whatever else gives a shell's stdio. Who uses one does not know which it is.
//
// It imports runner/escape and the standard library only.
package transport

import (
	"context"
	"io"
	"strconv"

	"github.com/openfroyo/froyo/runner/escape"
)

// Transport is a way to start a shell on a target: an SSH connection, this
// machine, and later whatever else gives a shell's stdio.
type Transport interface {
	// Start runs script as "/bin/sh -c" would. The script is safe under any
	// login shell that may stand before it. ctx bounds the start alone, not the
	// process.
	Start(ctx context.Context, script string) (*Process, error)
	// StartTerminal is Start with a terminal of its own as the script's stdin, stdout and stderr, for
	// programs that ask for a password there. It echoes nothing and changes no output; the
	// process's Stderr is empty. What is to be read as it was sent needs "stty raw" first.
	StartTerminal(ctx context.Context, script string) (*Process, error)
	// User is who the transport logs in as.
	User() string
	// Near reports that no network lies between, so that sending is cheaper than
	// unpacking what was compressed.
	Near() bool
	// Close ends the connection and every process started over it.
	Close() error
}

// Process is a program under way on a target.
type Process struct {
	// Stdin is for one goroutine at a time; Close gives its end. To get free of a
	// Write that blocks, use Kill.
	Stdin  io.WriteCloser
	Stdout io.Reader
	Stderr io.Reader
	// Wait returns when the process has ended: nil, *ExitError, or why that cannot
	// be known. Stdout and Stderr must be read to their ends.
	Wait func() error
	// Kill gives the process up by ending its streams, upon which bootstrap and runner
	// end by themselves and leave nothing behind. It may be called at any time and
	// more than once.
	Kill func()
}

// ExitError is a process that did not end with status 0.
type ExitError struct {
	Status int
	Signal string // without "SIG", or "" where it was not ended by a signal
}

func (e *ExitError) Error() string {
	if e.Signal != "" {
		return "killed by signal " + escape.Text(e.Signal)
	}
	return "exit status " + strconv.Itoa(e.Status)
}
