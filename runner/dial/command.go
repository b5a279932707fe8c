package dial

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// command is one step under way.
type command struct {
	id     uint64
	after  uint64 // the command that must go well before, or 0
	call   *call
	index  int // in the call
	step   Step
	credit *wire.Credit
	relay  *relay      // of a net.connect, else nil
	inbox  *wire.Inbox // of what is relayed, else nil

	sending   context.Context    // while content may be sent
	stop      context.CancelFunc // ends sending
	abandoned atomic.Bool        // nobody waits for it any more

	// What was received; only the goroutine that reads frames uses these.
	content  []byte
	received int64
	unused   int // bytes received for which no credit was given back
	ended    bool
}

func (c *command) frame() wire.Frame {
	command := &wire.Command{
		ID: c.id, Op: c.step.Op, User: c.call.as, Expect: c.step.Expect, Key: c.step.Key,
		DeadlineMS: max(1, c.step.timeout().Milliseconds()),
	}
	if c.after != 0 {
		command.After = []uint64{c.after}
	}
	return wire.Frame{Command: command}
}

// receive takes in content, no more than was asked for.
func (l *link) receive(c *command, d *wire.Data) error {
	if c.inbox != nil {
		return c.inbox.Put(d)
	}
	c.received += int64(len(d.Bytes))
	switch {
	case c.step.Op.Read == nil:
		return &wire.BadFrame{Cause: errors.New("content for an op that has none")}
	case c.ended:
		return &wire.BadFrame{Cause: errors.New("content after its end")}
	case c.received > c.step.Op.Read.Limit:
		return &wire.BadFrame{Cause: errors.New("more content than asked for")}
	}
	c.ended = d.End
	if c.abandoned.Load() {
		c.content = nil
		return nil
	}
	c.content = append(c.content, d.Bytes...)
	if c.unused += len(d.Bytes); c.ended || c.unused < wire.WindowSize/4 {
		return nil
	}
	n := c.unused
	c.unused = 0
	// Where the stream has ended reading says so, and says why.
	_ = l.writer.Send(wire.Frame{Window: &wire.Window{ID: c.id, N: n}})
	return nil
}

// outcome checks an answer and gives it the content that came before.
func (c *command) outcome(d *wire.Done) (Outcome, error) {
	if d.NotRun {
		if c.after == 0 && !c.abandoned.Load() {
			return Outcome{}, errors.New("was not run, though nothing stood in its way")
		}
		return Outcome{}, nil
	}
	o := Outcome{Result: d.Result, Ran: true, Mismatch: d.Mismatch}
	if d.Result.Error != nil {
		return o, checkError(d.Result.Error)
	}
	if err := checkResult(c.step.Op, &d.Result); err != nil {
		return o, err
	}
	if c.step.Expect != "" && d.Mismatch == (wire.Digest(d.Result) == c.step.Expect) || c.step.Expect == "" && d.Mismatch {
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

// checkResult refuses an answer of another kind than was asked for, and
// what in it could never be.
func checkResult(o op.Op, r *op.Result) error {
	var fits bool
	switch o.Kind() {
	case op.KindStat:
		fits = r.Stat != nil
	case op.KindRead:
		fits = r.Read != nil
	case op.KindList:
		if fits = r.List != nil; fits {
			return checkList(o.List, r.List)
		}
	case op.KindGetent:
		fits = r.Getent != nil
	case op.KindFacts:
		fits = r.Facts != nil
	case op.KindExec:
		fits = r.Exec != nil
	case op.KindPkgQuery:
		if fits = r.PkgQuery != nil; fits {
			return checkPackages(o.PkgQuery, r.PkgQuery)
		}
	case op.KindPkgEnsure:
		if fits = r.PkgEnsure != nil; fits {
			return checkChanges(o.PkgEnsure, r.PkgEnsure)
		}
	case op.KindSvcQuery:
		fits = r.SvcQuery != nil && len(r.SvcQuery.Units) == len(o.SvcQuery.Names)
	case op.KindJournal:
		if fits = r.Journal != nil; fits {
			return checkJournal(o.Journal, r.Journal)
		}
	default:
		fits = r.Done != nil
	}
	if !fits {
		return errors.New("the answer is of another kind")
	}
	return nil
}

// checkList refuses entries that lead out of the directory.
func checkList(asked *op.List, r *op.ListResult) error {
	if asked.Limit > 0 && len(r.Entries) > asked.Limit {
		return errors.New(strconv.Itoa(len(r.Entries)) + " entries, more than asked for")
	}
	for _, e := range r.Entries {
		for part := range strings.SplitSeq(e.Path, "/") {
			if part == "" || part == "." || part == ".." {
				return errors.New("an entry with the path " + short(e.Path))
			}
		}
	}
	return nil
}

// checkJournal refuses what is no entry of the run that was asked about.
func checkJournal(asked *op.Journal, r *op.JournalResult) error {
	for i := range r.Entries {
		if err := r.Entries[i].Validate(asked.Run); err != nil {
			return err
		}
	}
	return nil
}

var errOtherPackages = errors.New("the answer is about other packages")

// checkPackages refuses an answer about other packages than were asked for.
func checkPackages(asked *op.PkgQuery, r *op.PkgQueryResult) error {
	if len(asked.Packages) != len(r.Packages) {
		return errOtherPackages
	}
	for i, p := range r.Packages {
		if p.Name != asked.Packages[i].Name {
			return errOtherPackages
		}
	}
	return nil
}

// checkChanges refuses the same, and errors of no known class.
func checkChanges(asked *op.PkgEnsure, r *op.PkgDone) error {
	if len(asked.Packages) != len(r.Packages) {
		return errOtherPackages
	}
	for i, c := range r.Packages {
		if c.Name != asked.Packages[i].Name {
			return errOtherPackages
		}
		if c.Error == nil {
			continue
		}
		if err := checkError(c.Error); err != nil {
			return err
		}
	}
	return nil
}

func checkError(e *op.Error) error {
	switch e.Class {
	case op.Transient, op.Throttled, op.Conflict, op.Permanent:
		return nil
	}
	return errors.New("an error of the unknown class " + short(string(e.Class)))
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
