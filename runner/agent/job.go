package agent

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/machine"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/protocol"
)

// The reasons to give a job up.
var (
	errCancelled = &perform.Stop{Code: "cancelled", Why: "was given up by the controller"}
	errEnding    = &perform.Stop{Code: "ended", Why: "was given up because the controller is gone"}
	errTold      = &perform.Stop{Code: "ended", Why: "was given up because its runner was told to end, as it is when the run's lock is broken"}
)

// timeout is the reason that a job took too long.
func timeout(limit time.Duration) error {
	return &perform.Stop{Code: "timeout", Why: "did not end within " + limit.String()}
}

// job is a command that is not done.
type job struct {
	cmd        *protocol.Command
	machine    *machine.Machine // as it is for the command's user
	inbox      *protocol.Inbox  // content that comes in; nil where none does
	credit     *protocol.Credit // for content that goes out; nil where none does
	waits      int              // commands that must be done before
	dependents []*job
	doomed     bool                    // one of those did not go well
	cancel     context.CancelCauseFunc // set while it runs

	giving sync.Mutex // held while credit is given
	over   bool       // no more credit is given, guarded by giving
}

func (s *server) newJob(cmd *protocol.Command) *job {
	j := &job{cmd: cmd, machine: s.as(cmd.User)}
	out, relays := cmd.Op.Streams()
	if len(cmd.Op.Blobs()) > 0 || relays {
		j.inbox = protocol.NewInbox(func(n int) error { return j.give(s.w, n) })
	}
	if out || cmd.Live {
		j.credit = protocol.NewCredit()
	}
	return j
}

// as returns the machine for a user's commands.
func (s *server) as(user string) *machine.Machine {
	m := s.views[user]
	if m == nil {
		m = s.machine.As(user)
		s.views[user] = m
	}
	return m
}

// give grants credit, unless the job is answered: who still reads its content
// then must not speak of it any more.
func (j *job) give(w *protocol.Writer, n int) error {
	j.giving.Lock()
	defer j.giving.Unlock()
	if j.over {
		return nil
	}
	return w.Send(protocol.Frame{Window: &protocol.Window{ID: j.cmd.ID, N: n}})
}

// mute lets no more credit be given.
func (j *job) mute() {
	j.giving.Lock()
	j.over = true
	j.giving.Unlock()
}

// relays reports whether the job passes content on both ways. Such a job takes
// no slot: it works next to nothing, for as long as the controller likes.
func (j *job) relays() bool {
	_, relays := j.cmd.Op.Streams()
	return relays
}

// mustEnd reports whether the runner may not end before the job has: it may
// have changed something, or be a program that still runs.
func (j *job) mustEnd() bool { return j.cmd.Op.MayChange() }

// drop makes the job forget its content, of which no more is wanted.
func (j *job) drop() {
	if j.inbox != nil {
		j.inbox.Close(errors.New("the command is done"))
	}
}

// run performs the job and returns its answer. ctx is done when the job is to
// be given up.
func (s *server) run(ctx context.Context, j *job) *protocol.Done {
	done := &protocol.Done{ID: j.cmd.ID}
	if j.cmd.Key != "" {
		s.machine.Enter(op.RunOf(j.cmd.Key))
	}
	limit := j.cmd.Deadline()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeout(limit))
	defer cancel()
	if j.inbox != nil {
		defer j.mute()
		defer context.AfterFunc(ctx, func() { j.inbox.Close(context.Cause(ctx)) })()
	}
	done.Result = fit(s.attempt(ctx, j), protocol.MaxLine-resultMargin)
	done.Mismatch = j.cmd.Expect != "" && protocol.Digest(done.Result) != j.cmd.Expect
	if e := done.Result.Error; j.cmd.Key != "" && (e == nil || e.Code != op.CodeBroken) { // what was refused was not performed
		s.note(j.cmd, done.Result)
	}
	return done
}

// note notes in the journal that a command was performed. The answer matters
// more than the note, so what goes wrong with that is told, and told once.
func (s *server) note(cmd *protocol.Command, r op.Result) {
	err := s.machine.Note(op.JournalEntry{Key: cmd.Key, OK: r.Succeeded(), Digest: protocol.Digest(r)})
	if err != nil && !s.told.Swap(true) {
		text := strings.ToValidUTF8(err.Error(), "\uFFFD") + "; if the connection is lost, it is unknown what was done"
		s.courier.post(protocol.Frame{Note: &protocol.Note{ID: cmd.ID, Text: text}}, false)
	}
}

// resultMargin is what a done frame adds to its result.
const resultMargin = 1 << 10

// attempt performs the op, and gives up on one that hangs in the kernel, as
// on a dead network file system.
func (s *server) attempt(ctx context.Context, j *job) op.Result {
	send := protocol.SendContent
	if j.relays() {
		send = protocol.SendStream
	}
	content := perform.Stream{
		Out:    func(ctx context.Context, r io.Reader) error { return send(ctx, s.w, j.cmd.ID, j.credit, r) },
		Opened: func() error { return j.give(s.w, protocol.WindowSize) },
	}
	if j.inbox != nil {
		content.In = j.inbox
	}
	content.Note = func(text string) {
		s.courier.post(protocol.Frame{Note: &protocol.Note{ID: j.cmd.ID, Text: text}}, false)
	}
	if j.cmd.Live {
		l := &live{job: j, courier: s.courier}
		content.Heard = l.heard
		defer l.end()
	}
	answer := make(chan op.Result, 1)
	go func() { answer <- j.machine.Perform(ctx, j.cmd.Op, content) }()
	select {
	case r := <-answer:
		return r
	case <-ctx.Done():
	}
	hanging := time.NewTimer(3 * s.opts.Grace)
	defer hanging.Stop()
	select {
	case r := <-answer:
		return r
	case <-hanging.C:
		e := perform.Fault(perform.Title(j.cmd.Op), context.Cause(ctx))
		e.Message += ", and does not end; it may still be under way"
		return op.Result{Error: e}
	}
}

// fit shortens a result until its JSON has at most limit bytes.
func fit(r op.Result, limit int) op.Result {
	for size(r) > limit {
		if !r.Shorten() {
			return refused("toolarge", "the answer is too large to be sent")
		}
	}
	return r
}

func refused(code, message string) op.Result {
	return op.Result{Error: &op.Error{Class: op.Permanent, Code: code, Message: message}}
}

func size(r op.Result) int {
	text, err := codec.Marshal(r)
	if err != nil {
		return 1 << 30 // nothing that can be sent
	}
	return len(text)
}
