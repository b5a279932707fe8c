// Package wait waits on the machine until a thing is so: a port answers, a path is there, a service runs.
//
// It imports runner/op, runner/perform and the standard library only; never net, since the runner's size is speed.
package wait

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// Waiter performs the op that waits. It may be used by several goroutines.
type Waiter struct {
	// Reach connects to an address once, and ends the connection.
	Reach func(ctx context.Context, address string, port int) error
	// Unit asks for the state of a unit of the service manager.
	Unit func(ctx context.Context, name string) (*op.Service, error)
}

// attemptTime bounds an attempt at a connection.
const attemptTime = 10 * time.Second

// Perform implements perform.Performer.
func (w *Waiter) Perform(ctx context.Context, c *perform.Call) error {
	o := c.Op.Wait
	if o == nil {
		return perform.ErrUnknown
	}
	began := time.Now()
	limit, cancel := context.WithTimeout(ctx, time.Duration(o.TimeoutMS)*time.Millisecond)
	defer cancel()
	told := ""
	for {
		is, seen, err := w.look(limit, o)
		switch {
		case ctx.Err() != nil:
			return perform.Stopped(ctx)
		case err != nil:
			return err
		case is:
			c.Result.Wait = &op.WaitResult{ElapsedMS: time.Since(began).Milliseconds()}
			return nil
		}
		if limit.Err() == nil && seen != told {
			told = seen
			c.Stream.Tell("waiting until " + o.Condition(strconv.Quote) + ": " + seen)
		}
		if !sleep(limit, time.Duration(o.IntervalMS)*time.Millisecond) {
			if ctx.Err() != nil {
				return perform.Stopped(ctx)
			}
			return &op.Error{Class: op.Transient, Code: "notyet", Message: perform.Bounded(w.vain(o) + ": " + seen)}
		}
	}
}

// vain says for what was waited.
func (*Waiter) vain(o *op.Wait) string {
	plain := func(value string) string { return value }
	return "waited " + (time.Duration(o.TimeoutMS) * time.Millisecond).String() + " until " + o.Condition(plain)
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// look reports whether the thing is so by now, and what is seen of it where not.
func (w *Waiter) look(ctx context.Context, o *op.Wait) (is bool, seen string, err error) {
	switch {
	case o.Path != "":
		is, seen = file(o)
	case o.Unit != "":
		unit, err := w.Unit(ctx, o.Unit)
		if err != nil {
			return false, "", err
		}
		if o.Gone {
			return unit.Stopped(), "it is " + unit.Active, nil
		}
		if unit.Load == "not-found" {
			return false, "there is no unit " + o.Unit, nil
		}
		return unit.Running(), "it is " + unit.Active, nil
	default:
		is, seen = w.port(ctx, o)
	}
	return is, seen, nil
}

// port tries a connection. Only one that is refused says that nobody listens: what does not answer may be filtered.
func (w *Waiter) port(ctx context.Context, o *op.Wait) (is bool, seen string) {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	err := w.Reach(ctx, o.Address, o.Port)
	switch {
	case err == nil:
		return !o.Gone, "somebody listens there"
	case errors.Is(err, context.DeadlineExceeded):
		return false, "no answer"
	}
	return o.Gone && errors.Is(err, syscall.ECONNREFUSED), perform.Fault("connecting", err).Message
}

// file looks at what is at the path.
func file(o *op.Wait) (is bool, seen string) {
	if o.Contains != "" {
		return contains(o.Path, o.Contains)
	}
	look := os.Stat
	if o.Gone {
		look = os.Lstat
	}
	_, err := look(o.Path)
	switch absent := perform.IsAbsent(err); {
	case err == nil:
		return !o.Gone, "it is there"
	case absent:
		return o.Gone, "it is not there"
	}
	return false, perform.Fault("looking", err).Message
}

// chunk is how much of a file is looked through at once.
const chunk = 64 << 10

// contains reports whether a regular file contains a text. What else there may be is not read: a pipe would not end.
func contains(path, text string) (is bool, seen string) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if perform.IsAbsent(err) {
			return false, "it is not there"
		}
		return false, perform.Fault("opening", err).Message
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false, "it is no regular file"
	}
	want := []byte(text)
	buffer := make([]byte, 0, chunk+len(want))
	for {
		n, err := f.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if bytes.Contains(buffer, want) {
			return true, ""
		}
		if keep := len(want) - 1; len(buffer) > keep { // the text may lie across two parts
			buffer = buffer[:copy(buffer, buffer[len(buffer)-keep:])]
		}
		switch {
		case errors.Is(err, io.EOF):
			return false, "it does not contain the text"
		case err != nil:
			return false, perform.Fault("reading", err).Message
		}
	}
}
