package agent

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/machine"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/protocol"
)

// server decides what runs when. Its fields belong to the goroutine of serve;
// everything else reaches it through channels, and it waits for nothing else.
//
//	CMD → waits for others → queued for a slot → runs → DONE
type server struct {
	opts    Options
	machine *machine.Machine
	views   map[string]*machine.Machine // by the user whom commands name
	w       *protocol.Writer
	courier *courier

	jobs    map[uint64]*job // commands that are not done
	ended   map[uint64]bool // those that are, and whether they went well
	queue   []*job          // wait for nothing but a slot
	slots   int             // how many more may start; one is free again when the answer was sent
	running map[*job]struct{}

	told    atomic.Bool // that the journal cannot be written
	answers chan answer
	over    chan struct{} // closed when serve returns
	exit    bool          // the controller asked to end
	gone    bool          // no new command starts
	why     error         // of gone
}

// answer is a job that has run.
type answer struct {
	job  *job
	done *protocol.Done
}

// incoming is what the stream gave.
type incoming struct {
	frame protocol.Frame
	err   error
}

func newServer(opts Options, m *machine.Machine, w *protocol.Writer) *server {
	return &server{
		opts: opts, machine: m, w: w, courier: newCourier(w),
		views: map[string]*machine.Machine{}, jobs: map[uint64]*job{}, ended: map[uint64]bool{}, running: map[*job]struct{}{},
		slots: opts.Parallel, answers: make(chan answer), over: make(chan struct{}),
	}
}

func (s *server) serve(ctx context.Context, in io.Reader) error {
	defer close(s.over)
	frames := make(chan incoming)
	go receive(protocol.NewReader(in), frames, s.over)

	silence := time.NewTimer(s.opts.Silence)
	defer silence.Stop()
	stop := ctx.Done()
	for !s.isOver() {
		s.start()
		select {
		case got := <-frames:
			silence.Reset(s.opts.Silence)
			if err := s.receive(got); err != nil {
				frames = nil // what comes after it means nothing
				s.end(err, errEnding)
			}
		case a := <-s.answers:
			s.answer(a)
		case n := <-s.courier.sent:
			s.slots += n
		case <-silence.C:
			s.end(ErrSilence, errEnding)
		case <-stop:
			stop = nil
			s.end(context.Cause(ctx), errTold)
		}
	}
	if s.exit && !s.gone {
		s.machine.Finish()
		s.courier.post(protocol.Frame{Bye: &protocol.Bye{}}, false)
	}
	s.courier.close(s.opts.Grace)
	return s.why
}

// receive hands over what the stream gives, up to its first error.
func receive(r *protocol.Reader, frames chan<- incoming, over <-chan struct{}) {
	for {
		f, err := r.Read()
		select {
		case frames <- incoming{f, err}:
		case <-over:
			return
		}
		if err != nil {
			return
		}
	}
}

// isOver reports whether everything that must be done is.
func (s *server) isOver() bool {
	if !s.gone {
		return s.exit && len(s.jobs) == 0
	}
	for j := range s.running {
		if j.mustEnd() {
			return false
		}
	}
	return true
}

// receive acts on what came. An error means that nothing more can come.
func (s *server) receive(got incoming) error {
	if got.err != nil {
		return got.err
	}
	f := got.frame
	switch {
	case f.Command != nil:
		return s.accept(f.Command)
	case f.Data != nil:
		return s.data(f.Data)
	case f.Window != nil:
		return s.window(f.Window)
	case f.Cancel != nil:
		s.cancel(f.Cancel.ID)
	case f.Ping != nil:
		s.courier.post(protocol.Frame{Pong: &protocol.Pong{}}, false)
	case f.Exit != nil:
		s.exit = true
	case f.Error != nil:
		return errors.New("the controller gave up: " + f.Error.Message)
	default:
		return broken("a frame that only a runner sends")
	}
	return nil
}

func broken(what string) error { return &protocol.BadFrame{Cause: errors.New(what)} }

// accept takes a command in.
func (s *server) accept(cmd *protocol.Command) error {
	number := strconv.FormatUint(cmd.ID, 10)
	_, ended := s.ended[cmd.ID]
	switch {
	case ended || s.jobs[cmd.ID] != nil:
		return broken("command " + number + " was sent twice")
	case s.exit:
		return broken("command " + number + " after the exit")
	case len(s.jobs) >= protocol.MaxPending:
		return broken("more than " + strconv.Itoa(protocol.MaxPending) + " commands at a time")
	}
	j := s.newJob(cmd)
	for _, id := range cmd.After {
		well, ended := s.ended[id]
		before := s.jobs[id]
		switch {
		case before != nil:
			before.dependents = append(before.dependents, j)
			j.waits++
		case !ended:
			return broken("command " + number + " waits for " + strconv.FormatUint(id, 10) + ", which was not sent")
		case !well:
			j.doomed = true
		}
	}
	s.jobs[cmd.ID] = j
	s.proceed(j)
	return nil
}

// proceed queues a job that waits for nothing, or drops it where it must not run.
func (s *server) proceed(j *job) {
	switch {
	case j.doomed:
		s.skip(j)
	case j.waits == 0 && j.relays() && !s.gone:
		s.begin(j)
	case j.waits == 0:
		s.queue = append(s.queue, j)
	}
}

// skip answers that a job was not run, and so for all that wait for it.
func (s *server) skip(j *job) {
	if s.jobs[j.cmd.ID] != j {
		return // skipped already
	}
	s.courier.post(protocol.Frame{Done: &protocol.Done{ID: j.cmd.ID, NotRun: true}}, false)
	s.settle(j, false)
}

// settle takes a job off the books and moves on what waits for it.
func (s *server) settle(j *job, well bool) {
	j.drop()
	delete(s.jobs, j.cmd.ID)
	s.ended[j.cmd.ID] = well
	for _, d := range j.dependents {
		d.waits--
		d.doomed = d.doomed || !well
		s.proceed(d)
	}
}

// start runs queued jobs as far as there are slots.
func (s *server) start() {
	for s.slots > 0 && len(s.queue) > 0 && !s.gone {
		j := s.queue[0]
		s.queue = s.queue[1:]
		if s.jobs[j.cmd.ID] != j {
			continue // given up meanwhile
		}
		s.slots--
		s.begin(j)
	}
}

// begin runs a job.
func (s *server) begin(j *job) {
	s.running[j] = struct{}{}
	ctx, cancel := context.WithCancelCause(context.Background())
	j.cancel = cancel
	go func() {
		defer cancel(nil)
		a := answer{j, s.run(ctx, j)}
		select {
		case s.answers <- a:
		case <-s.over:
		}
	}()
}

// answer sends what a job came to.
func (s *server) answer(a answer) {
	delete(s.running, a.job)
	s.courier.post(protocol.Frame{Done: a.done}, !a.job.relays())
	s.settle(a.job, a.done.Result.Error == nil && !a.done.Mismatch)
}

// data gives content to its job. What comes for a job that is done already was
// on its way when its answer was, and is dropped.
func (s *server) data(d *protocol.Data) error {
	if j := s.jobs[d.ID]; j != nil && j.inbox != nil {
		return j.inbox.Put(d)
	}
	if _, ended := s.ended[d.ID]; ended {
		return nil
	}
	return broken("content for command " + strconv.FormatUint(d.ID, 10) + ", which takes none")
}

func (s *server) window(w *protocol.Window) error {
	if j := s.jobs[w.ID]; j != nil && j.credit != nil {
		return j.credit.Give(w.N)
	}
	if _, ended := s.ended[w.ID]; ended {
		return nil
	}
	return broken("credit for command " + strconv.FormatUint(w.ID, 10) + ", which sends nothing")
}

// cancel gives a job up; its answer comes as ever.
func (s *server) cancel(id uint64) {
	j := s.jobs[id]
	switch {
	case j == nil: // it was done before the cancel came
	case j.cancel != nil:
		j.cancel(errCancelled)
	default:
		s.skip(j)
	}
}

// end lets no new command start, for a reason that is told to a controller that
// broke the rules, and gives up what need not be finished, with the reason that is to be given for that.
func (s *server) end(why error, reason *perform.Stop) {
	if s.gone {
		return
	}
	s.gone = true
	if !errors.Is(why, io.EOF) {
		s.why = why
	}
	if bad, ok := errors.AsType[*protocol.BadFrame](why); ok {
		s.courier.post(protocol.Frame{Error: &protocol.Error{Message: strings.ToValidUTF8(bad.Error(), "\uFFFD")}}, false)
	} else if errors.Is(why, protocol.ErrFrameTooLong) {
		s.courier.post(protocol.Frame{Error: &protocol.Error{Message: why.Error()}}, false)
	}
	s.queue = nil
	for _, j := range s.jobs {
		switch {
		case j.cancel == nil:
			s.skip(j)
		case j.cmd.Op.Stoppable():
			j.cancel(reason)
		case j.inbox != nil:
			j.inbox.Fail(reason)
		}
	}
}
