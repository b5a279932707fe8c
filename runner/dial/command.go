package dial

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// command is one step under way.
type command struct {
	id     uint64
	after  uint64 // the command that must go well before, or 0
	call   *call
	index  int // in the call
	step   target.Step
	credit *protocol.Credit
	relay  *relay          // of a net.connect, else nil
	inbox  *protocol.Inbox // of what is relayed, else nil

	sending   context.Context    // while content may be sent
	stop      context.CancelFunc // ends sending
	abandoned atomic.Bool        // it is no longer waited for
	givenUp   atomic.Bool        // given up, and waited for
	live      *live              // what its program prints is asked for; else nil

	// What was received; only the goroutine that reads frames uses these.
	content  []byte
	received int64
	unused   int // bytes received for which no credit was given back
	ended    bool
}

func (c *command) frame() protocol.Frame {
	command := &protocol.Command{
		ID: c.id, Op: c.step.Op, User: c.call.as, Expect: c.step.Expect, Key: c.step.Key,
		DeadlineMS: max(1, timeout(c.step).Milliseconds()), Live: c.live != nil,
	}
	if c.after != 0 {
		command.After = []uint64{c.after}
	}
	return protocol.Frame{Command: command}
}

// receive takes in content, no more than was asked for.
func (c *command) receive(d *protocol.Data, w *protocol.Writer) error {
	if c.inbox != nil {
		return c.inbox.Put(d)
	}
	c.received += int64(len(d.Bytes))
	switch {
	case c.step.Op.Read == nil:
		return &protocol.BadFrame{Cause: errors.New("content for an op that has none")}
	case c.ended:
		return &protocol.BadFrame{Cause: errors.New("content after its end")}
	case c.received > c.step.Op.Read.Limit:
		return &protocol.BadFrame{Cause: errors.New("more content than asked for")}
	}
	c.ended = d.End
	if c.abandoned.Load() {
		c.content = nil
		return nil
	}
	c.content = append(c.content, d.Bytes...)
	if c.unused += len(d.Bytes); c.ended || c.unused < protocol.WindowSize/4 {
		return nil
	}
	n := c.unused
	c.unused = 0
	// Where the stream has ended reading says so, and says why.
	_ = w.Send(protocol.Frame{Window: &protocol.Window{ID: c.id, N: n}})
	return nil
}

// outcome checks an answer and gives it the content that came before.
func (c *command) outcome(d *protocol.Done) (target.Outcome, error) {
	if d.NotRun {
		if c.after == 0 && !c.abandoned.Load() && !c.givenUp.Load() {
			return target.Outcome{}, errors.New("was not run, though nothing stood in its way")
		}
		return target.Outcome{}, nil
	}
	o := target.Outcome{Result: d.Result, Ran: true, Mismatch: d.Mismatch}
	if d.Result.Error != nil {
		return o, d.Result.Error.Validate()
	}
	if err := c.step.Op.CheckResult(&d.Result); err != nil {
		return o, err
	}
	if c.step.Expect != "" && d.Mismatch == (protocol.Digest(d.Result) == c.step.Expect) || c.step.Expect == "" && d.Mismatch {
		return o, errors.New("the runner is wrong about whether the result is the expected one")
	}
	return o, c.attach(o.Result.Read)
}

// attach gives a read result its content.
func (c *command) attach(r *op.ReadResult) error {
	if r == nil || r.Content == nil {
		if c.received > 0 {
			return errors.New("content came that the result does not mention")
		}
		return nil
	}
	if c.abandoned.Load() {
		return nil
	}
	blob := op.NewBlob(c.content)
	if blob.Size != r.Content.Size || blob.Sum != r.Content.Sum || blob.Sum != r.Sum {
		return errors.New("the content is not the one that the result speaks of")
	}
	r.Content = blob
	return nil
}

// source remembers whether it was reading that failed.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
