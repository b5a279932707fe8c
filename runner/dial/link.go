package dial

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// link is a runner that is ready. One goroutine reads its frames and hands
// them to the commands they belong to.
type link struct {
	session *Session
	runner  *bootstrap.Runner
	writer  *protocol.Writer
	slots   chan struct{} // a slot for each command that is not done
	sending sync.Mutex    // held while ids are given and their commands written
	ended   chan struct{} // closed when err is set

	mu       sync.Mutex
	lastID   uint64              // guarded by mu
	commands map[uint64]*command // those that are not done, guarded by mu
	heard    time.Time           // when the last frame came, guarded by mu
	leaving  bool                // EXIT was sent, guarded by mu
	used     bool                // it is the user's whose it was to be, guarded by mu
	err      *target.Error       // why the link ended, guarded by mu until ended is closed
}

func newLink(s *Session, r *bootstrap.Runner) *link {
	l := &link{
		session: s, runner: r, writer: protocol.NewWriter(r.Stdin()),
		slots: make(chan struct{}, protocol.MaxPending), ended: make(chan struct{}),
		commands: map[uint64]*command{}, heard: time.Now(),
	}
	go l.read()
	go l.ping()
	return l
}

// read takes in frames until the stream ends or makes no sense.
func (l *link) read() {
	for {
		frame, err := l.runner.Reader.Read()
		if err == nil {
			err = l.take(frame)
		}
		if err != nil {
			l.fail(l.explain(err))
			return
		}
	}
}

// errBye is a runner that ended as it was asked to.
var errBye = errors.New("the runner said good-bye")

// take handles one frame.
func (l *link) take(f protocol.Frame) error {
	l.mu.Lock()
	l.heard = time.Now()
	leaving := l.leaving
	l.mu.Unlock()
	switch {
	case f.Done != nil:
		return l.finish(f.Done)
	case f.Data != nil:
		c, err := l.command(f.Data.ID)
		if err != nil {
			return err
		}
		return c.receive(f.Data, l.writer)
	case f.Window != nil:
		c, err := l.command(f.Window.ID)
		if err != nil {
			return err
		}
		if c.relay != nil {
			defer c.relay.open()
		}
		return c.credit.Give(f.Window.N)
	case f.Note != nil:
		return l.note(f.Note)
	case f.Output != nil:
		return takeOutput(l, f.Output)
	case f.Pong != nil:
		return nil
	case f.Bye != nil && leaving:
		return errBye
	case f.Error != nil:
		return &protocol.BadFrame{Cause: errors.New("the runner could not understand us: " + escape.Short(f.Error.Message))}
	}
	return &protocol.BadFrame{Cause: errors.New("a frame that a runner does not send")}
}

// command finds the one a frame is for.
func (l *link) command(id uint64) (*command, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.commands[id]; c != nil {
		return c, nil
	}
	return nil, &protocol.BadFrame{Cause: errors.New("a frame for the unknown command " + strconv.FormatUint(id, 10))}
}

// note passes on what a runner tells of a command under way.
func (l *link) note(n *protocol.Note) error {
	c, err := l.command(n.ID)
	if err != nil {
		return err
	}
	if l.session.options.Note != nil && !c.abandoned.Load() {
		text := escape.Text(escape.Short(n.Text))
		if c.step.Sensitive {
			text = "waiting on the host; for what, is sensitive"
		}
		l.session.options.Note(c.step.Unit, text)
	}
	return nil
}

// finish ends a command by its answer.
func (l *link) finish(d *protocol.Done) error {
	c, err := l.command(d.ID)
	if err != nil {
		return err
	}
	outcome, err := c.outcome(d)
	if err != nil {
		return &protocol.BadFrame{Cause: errors.New(escape.Short(c.step.Op.String()) + ": " + err.Error())}
	}
	l.mu.Lock()
	delete(l.commands, d.ID)
	l.mu.Unlock()
	<-l.slots
	c.stop()
	c.call.done(c.index, outcome)
	return nil
}

// explain says why frames cannot be read any more.
func (l *link) explain(err error) *target.Error {
	if errors.Is(err, errBye) {
		_ = l.runner.End() // it did all it was asked; how it ended no longer matters
		return l.session.errorAt(target.StageLost, "the session is closed", "", "", nil)
	}
	_, bad := errors.AsType[*protocol.BadFrame](err)
	if bad || errors.Is(err, protocol.ErrFrameTooLong) {
		return l.session.errorAt(target.StageWire, "the runner spoke nonsense: "+escape.Text(escape.Short(err.Error())),
			escape.Lines(l.runner.Said()), "does something else write to the runner's output?", err)
	}
	exit := l.runner.End()
	message := "the connection was lost"
	if _, ok := errors.AsType[*transport.ExitError](exit); ok || exit == nil {
		message = "the runner ended: " + bootstrap.Ended(exit)
	}
	return l.session.errorAt(target.StageLost, message+l.underWay(), escape.Lines(l.runner.Said()), goOn, errors.Join(err, exit))
}

// goOn is what to do about a host that was lost.
const goOn = "what was finished stays; once the host is well, the same run does the rest"

// underWay names what was being performed when the link ended.
func (l *link) underWay() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.commands) == 0 {
		return ""
	}
	first := slices.Min(slices.Collect(maps.Keys(l.commands)))
	text := ", under way: " + escape.Text(title(l.commands[first].step.Op))
	if more := len(l.commands) - 1; more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}

// fail ends the link and all that waits for it.
func (l *link) fail(e *target.Error) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = e
	commands := slices.Collect(maps.Values(l.commands))
	clear(l.commands)
	harms := l.used && !l.leaving
	l.mu.Unlock()
	close(l.ended)
	if harms {
		l.session.lose(e) // before anybody learns of it and goes on with another runner
	}
	for _, c := range commands {
		c.stop()
		c.call.fail(e)
	}
	l.runner.Kill()
}

// stop gives up all that the runner still has to do, which is told.
func (l *link) stop(why error) {
	l.mu.Lock()
	commands := slices.Collect(maps.Values(l.commands))
	l.mu.Unlock()
	for _, c := range commands {
		c.call.fail(why)
	}
}

// ping shows the runner that we are there, and sees whether it is.
func (l *link) ping() {
	ticker := time.NewTicker(protocol.PingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.ended:
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		silent := time.Since(l.heard)
		l.mu.Unlock()
		if silent > protocol.Silence {
			l.fail(l.session.errorAt(target.StageLost, "nothing was heard from the host for "+protocol.Silence.String()+l.underWay(), "", goOn, nil))
			return
		}
		// Writing may block on a host that does not read; the next tick must come all the same.
		go func() { _ = l.writer.Send(protocol.Frame{Ping: &protocol.Ping{}}) }()
	}
}

// accept says that the runner is to be used: with it ends the session from now on.
func (l *link) accept() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.used = true
	return nil
}

// dismiss ends a runner that is not to be used, which harms no other of the session.
func (l *link) dismiss() {
	l.mu.Lock()
	l.leaving = true
	l.mu.Unlock()
	l.fail(l.session.errorAt(target.StageLost, "the runner was not used", "", "", nil))
}

// close asks the runner to end and waits until it did, or ctx is done.
func (l *link) close(ctx context.Context) error {
	l.mu.Lock()
	l.leaving = true
	l.mu.Unlock()
	go func() {
		_ = l.writer.Send(protocol.Frame{Exit: &protocol.Exit{}})
	}()
	select {
	case <-l.ended:
	case <-ctx.Done():
		l.fail(l.session.errorAt(target.StageLost, "the session was closed"+l.underWay(), "", "", nil))
	}
	if l.err.Stage == target.StageWire {
		return l.err
	}
	return nil
}

// title names an op in a message: of a script it is the first line.
func title(o op.Op) string {
	const most = 160
	text, _, more := strings.Cut(o.String(), "\n")
	if len(text) > most {
		text, more = strings.ToValidUTF8(text[:most], ""), true
	}
	if more {
		text += " ..."
	}
	return text
}
