package dial

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// call is one use of a runner: some commands and their outcomes.
type call struct {
	as       string        // the user that the runner is not, and does what it can for; else ""
	finished chan struct{} // closed when all outcomes are there, or err is

	mu       sync.Mutex
	outcomes []target.Outcome // guarded by mu until finished is closed
	left     int              // outcomes that are missing, guarded by mu
	err      error            // guarded by mu until finished is closed
}

func newCall(as string, n int) *call {
	c := &call{as: as, finished: make(chan struct{}), outcomes: make([]target.Outcome, n), left: n}
	if n == 0 {
		close(c.finished)
	}
	return c
}

func (c *call) done(index int, o target.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[index] = o
	if c.left--; c.left == 0 && c.err == nil {
		close(c.finished)
	}
}

// result returns the outcomes; with an error, those that came before it.
func (c *call) result() ([]target.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.outcomes), c.err
}

func (c *call) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && c.left > 0 {
		c.err = err
		close(c.finished)
	}
}

// perform sends steps and waits for their outcomes. They are performed as
// the runner's user, or for another as far as sudo allows. It returns promptly when
// ctx is done, unless target.Attend says otherwise; the runner is told, and what it answers then is dropped.
func (l *link) perform(ctx context.Context, as string, steps []target.Step, sequence bool) ([]target.Outcome, error) {
	for _, step := range steps {
		if err := checkStep(step); err != nil {
			return nil, err
		}
	}
	call := newCall(as, len(steps))
	sending, cancel := context.WithCancel(ctx)
	defer cancel()
	// Sending blocks where the host does not read, so it has a goroutine of its own.
	go l.send(sending, call, steps, sequence)
	timer := time.NewTimer(patience(steps))
	defer timer.Stop()
	select {
	case <-call.finished:
	case <-ctx.Done():
		cancel()
		call.attend(ctx, l)
		call.fail(ctx.Err())
	case <-l.ended:
		call.fail(l.err)
	case <-timer.C:
		l.fail(l.session.errorAt(target.StageLost, "the runner did not answer in time"+l.underWay(), "", "", nil))
		call.fail(l.err)
	}
	<-call.finished
	outcomes, err := call.result()
	if err != nil {
		cancel()
		l.abandon(call)
	}
	return outcomes, err
}

func checkStep(step target.Step) error {
	if err := step.Op.Validate(); err != nil {
		return err
	}
	if step.Key != "" {
		if err := op.CheckKey(step.Key); err != nil {
			return fmt.Errorf("%s: %w", step.Op, err)
		}
	}
	for _, blob := range step.Op.Blobs() {
		if blob.Open == nil {
			return fmt.Errorf("%s: its content is not at hand", step.Op)
		}
	}
	return nil
}

// timeout bounds a step on the host.
func timeout(step target.Step) time.Duration {
	return min(step.Limit(), protocol.MaxDeadline)
}

// patience is how long a runner may take for steps at most: it ends each in
// time by itself, so this is for a runner that is no more what it was.
func patience(steps []target.Step) time.Duration {
	all := protocol.Silence
	for _, step := range steps {
		all += timeout(step)
	}
	return all
}

// send writes the commands of a call, with their content, and flushes.
func (l *link) send(ctx context.Context, call *call, steps []target.Step, sequence bool) {
	var previous uint64
	for i, step := range steps {
		if !l.slot(ctx) {
			return
		}
		c := &command{call: call, index: i, step: step, credit: protocol.NewCredit(), live: liveOf(l.session.options, step)}
		if sequence {
			c.after = previous
		}
		if err := l.sendCommand(ctx, c); err != nil {
			l.sendFailed(call, err)
			return
		}
		previous = c.id
	}
	if err := l.writer.Flush(); err != nil {
		l.sendFailed(call, err)
	}
}

// slot waits until one more command may be sent.
func (l *link) slot(ctx context.Context) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	default:
	}
	if l.writer.Flush() != nil {
		return false
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	case <-l.ended:
		return false
	}
}

// sendFailed tells a frame that cannot be written from a stream that cannot.
func (l *link) sendFailed(call *call, err error) {
	_, bad := errors.AsType[*protocol.BadFrame](err)
	if bad || errors.Is(err, protocol.ErrFrameTooLong) {
		call.fail(err)
		return
	}
	// The reader learns how the process ended, and fails the call with that.
	l.runner.Kill()
}

// sendCommand gives a command its id and writes it. Ids are written in their order.
func (l *link) sendCommand(ctx context.Context, c *command) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	c.sending, c.stop = context.WithCancel(context.Background())
	if !l.register(ctx, c) {
		c.stop()
		<-l.slots
		return nil
	}
	if err := l.writer.Write(c.frame()); err != nil {
		l.unregister(c)
		return err
	}
	blobs := c.step.Op.Blobs()
	if len(blobs) == 0 {
		return nil
	}
	if _, more := op.Picks(c.step.Op); blobs[0].Size <= protocol.MaxChunk && !more {
		return l.sendContent(c, false)
	}
	go func() {
		if err := l.sendContent(c, true); err != nil && c.sending.Err() == nil {
			l.sendFailed(c.call, err)
		}
	}()
	return nil
}

// contentError is content that this side cannot read.
type contentError struct {
	step target.Step
	err  error
}

func (e *contentError) Error() string {
	return e.step.Op.String() + ": reading its content: " + e.err.Error()
}
func (e *contentError) Unwrap() error { return e.err }

// sendContent sends what belongs to a command, until it is answered.
func (l *link) sendContent(c *command, flush bool) error {
	blob := c.step.Op.Blobs()[0]
	r, err := blob.Open()
	if err != nil {
		c.call.fail(&contentError{c.step, err})
		return nil
	}
	defer r.Close()
	source := &source{r: r}
	err = protocol.SendContent(c.sending, l.writer, c.id, c.credit, source)
	if source.err != nil {
		c.call.fail(&contentError{c.step, source.err})
		return nil
	}
	if err == nil && flush {
		return l.writer.Flush()
	}
	return err
}

// register makes the command known under a new id, unless the call or the
// link has ended.
func (l *link) register(ctx context.Context, c *command) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil || l.err != nil {
		return false
	}
	l.lastID++
	c.id = l.lastID
	l.commands[c.id] = c
	return true
}

func (l *link) unregister(c *command) {
	l.mu.Lock()
	delete(l.commands, c.id)
	l.mu.Unlock()
	c.stop()
	<-l.slots
}

// abandon tells the runner to give up what is left of a call, whose outcomes are dropped.
func (l *link) abandon(call *call) {
	call.giveUp(l, func(c *command) { c.abandoned.Store(true) })
}

// attend tells the runner to give up what is left of a call, and waits for the outcomes as long as ctx wants that.
func (c *call) attend(ctx context.Context, l *link) {
	leave := target.Attended(ctx)
	if leave == nil || c.giveUp(l, func(one *command) { one.givenUp.Store(true) }) == 0 {
		return
	}
	select {
	case <-c.finished:
	case <-leave.Done():
	case <-l.ended:
		c.fail(l.err)
	}
}

// giveUp tells the runner to give up what is left of a call, the last first,
// so that none starts because another was given up.
func (c *call) giveUp(l *link, note func(one *command)) int {
	l.mu.Lock()
	var ids []uint64
	for id, one := range l.commands {
		if one.call == c {
			ids = append(ids, id)
			note(one)
			one.stop()
		}
	}
	l.mu.Unlock()
	slices.Sort(ids)
	slices.Reverse(ids)
	go func() {
		for _, id := range ids {
			if l.writer.Write(protocol.Frame{Cancel: &protocol.Cancel{ID: id}}) != nil {
				return
			}
		}
		_ = l.writer.Flush() // the reader learns of a stream that has ended
	}()
	return len(ids)
}
