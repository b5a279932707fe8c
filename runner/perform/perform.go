// Package perform is the contract of those that perform ops on the machine: what
// they are given beside an op, and the errors that they answer with.
//
// It imports runner/op and the standard library only; never fmt, since the
// runner's size is speed.
package perform

import (
	"context"
	"errors"
	"io"

	"github.com/openfroyo/froyo/runner/op"
)

// Call is an op that is being performed.
type Call struct {
	Op     op.Op
	Stream Stream
	Result op.Result // set by the performer, where it returns no error
}

// Performer performs the ops of one subject.
type Performer interface {
	// Perform performs a call and sets its result, or returns ErrUnknown where the op is
	// another's. It may be called by several goroutines.
	Perform(ctx context.Context, c *Call) error
}

// ErrUnknown says that an op is another performer's.
var ErrUnknown = errors.New("this runner does not know the op")

// Stream is the content that travels beside an op.
type Stream struct {
	In  io.Reader                                    // of the op's blob, or to be relayed; nil where there is none
	Out func(ctx context.Context, r io.Reader) error // takes the content of the result of fs.read, or what was relayed
	// Opened tells that the connection of net.connect is there.
	Opened func() error
	// Note tells people what the op waits for, in one line; nil drops it.
	Note func(text string)
	// Heard is given what the op's program prints, as it does, by a goroutine for each stream; it must not wait.
	// nil drops it.
	Heard func(stderr bool, b []byte)
}

// Tell tells what the op waits for, where there is a listener.
func (s Stream) Tell(text string) {
	if s.Note != nil {
		s.Note(text)
	}
}

// Answer performs an op by do, which sets the call's result or returns why not.
// Whatever happens, it answers.
func Answer(o op.Op, s Stream, do func(c *Call) error) (result op.Result) {
	c := &Call{Op: o, Stream: s}
	defer func() {
		if r := recover(); r != nil {
			result = op.Result{Error: Fault(Title(c.Op), panicked(r))}
		}
	}()
	if err := do(c); err != nil {
		return op.Result{Error: Fault(Title(c.Op), err)}
	}
	return c.Result
}
