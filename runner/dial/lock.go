package dial

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// A host is locked by one runner, that of the user whom the session acts as. The
// runners of other users depend on that lock: with the first step of theirs that
// changes something they are told which it is (lock.watch), in the same round
// trip, and look at it before each change from then on.

// Gate keeps names of one machine apart within a run. It may be used by several
// goroutines.
type Gate interface {
	// Enter waits until no other name of the machine is at work. leave must be called.
	Enter(ctx context.Context) (leave func(), err error)
	// Acquiring tells what the machine is about to be locked with.
	Acquiring(l op.Lock)
	// Shared tells that a holder says to be this run, under another name, and
	// reports whether it is. Both names are one machine from then on.
	Shared(h op.Holder) bool
}

// The ways in which a runner depends on the host's lock.
const (
	free     = iota // not yet
	watching        // it looks itself
	blind           // it cannot see the lock, so the runner that holds it is asked
)

// hostLock is what a session knows of its host's lock. The zero value is of none.
type hostLock struct {
	mu     sync.Mutex
	token  int64     // of all attempts at the lock, so that all mean the same one
	shared *op.Watch // the lock of the machine's other name
	on     *op.Watch // what runners depend on, or nil where nothing is held
	holder *link     // the runner that holds it, or depends on the other name's
	how    map[*link]int
	lost   error                 // why nothing more is done
	user   string                // whose runner the holder is
	asked  sync.Once             // who has the host, once its runner or the connection was lost
	other  *target.LockLostError // the answer
}

// askTime bounds how long it takes to learn who has a host that was lost.
const askTime = 10 * time.Second

// whose turns the loss of a host that the run had locked into one to another run,
// where another has it by now: the host is asked once, by a runner of its own.
// Where it cannot be reached, or no run has it, the error stays as it is.
func (s *Session) whose(ctx context.Context, l *link, err error) error {
	lost, ok := errors.AsType[*target.Error](err)
	if !ok || lost.Stage != target.StageLost || ctx.Err() != nil || s.life.Err() != nil {
		return err
	}
	f := &s.hostLock
	f.mu.Lock()
	on, user, holder := f.on, f.user, f.holder
	f.mu.Unlock()
	if on == nil || !l.over() && !holder.over() {
		return err
	}
	f.asked.Do(func() {
		if reason := s.ask(ctx, user, on); reason != nil {
			f.other = &target.LockLostError{Host: s.options.Host, Message: escape.Text(escape.Short(reason.Message)), Reason: reason, Lost: lost}
			s.lose(f.other)
		}
	})
	if f.other == nil {
		return err
	}
	return f.other
}

// over reports whether the link to a runner has ended.
func (l *link) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// ask has a new runner look at the lock that the run had, and returns its answer
// where that names another run.
func (s *Session) ask(ctx context.Context, user string, on *op.Watch) *op.Error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	l, err := s.start(ctx, user)
	if err != nil {
		return nil // it is not known, and the loss is told in any case
	}
	defer func() { _ = l.close(ctx) }() // it did what it is for
	outcomes, err := l.perform(ctx, "", []target.Step{{Op: op.Op{Watch: on}}}, true)
	if err != nil || len(outcomes) != 1 {
		return nil
	}
	if e := outcomes[0].Result.Error; e != nil && e.Code == op.CodeBroken && e.Holder != nil {
		return e
	}
	return nil
}

// prepare gives all attempts at the lock the same token.
func (f *hostLock) prepare(steps []target.Step, gate Gate) []target.Step {
	i := slices.IndexFunc(steps, func(step target.Step) bool { return step.Op.Lock != nil })
	if i < 0 {
		return steps
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	l := *steps[i].Op.Lock
	if f.token == 0 {
		f.token = l.Token
	}
	l.Token = f.token
	if gate != nil {
		gate.Acquiring(l)
	}
	steps = slices.Clone(steps)
	steps[i].Op.Lock = &l
	return steps
}

// guarded performs steps by a runner, which first learns of the lock that it
// depends on.
func (s *Session) guarded(ctx context.Context, p *pending, steps []target.Step, sequence bool) ([]target.Outcome, error) {
	on, holder, how, err := s.hostLock.depends(p.link)
	if err != nil {
		return nil, err
	}
	if on == nil || how == watching || !slices.ContainsFunc(steps, func(step target.Step) bool { return step.Op.Changes() }) {
		return s.judged(p.link.perform(ctx, p.as, steps, sequence))
	}
	watch := target.Step{Op: op.Op{Watch: on}}
	if how == free && sequence {
		outcomes, err := s.judged(p.link.perform(ctx, p.as, append([]target.Step{watch}, steps...), true))
		if err != nil || len(outcomes) == 0 {
			return tail(outcomes), err
		}
		if !unseen(outcomes[0]) {
			if err := s.watched(outcomes[0]); err != nil {
				return tail(outcomes), err
			}
			s.hostLock.depending(p.link, watching)
			return tail(outcomes), nil
		}
		s.hostLock.depending(p.link, blind)
		how = blind
	}
	if how == free {
		s.cost.RoundTrips.Add(1)
		outcomes, err := s.judged(p.link.perform(ctx, p.as, []target.Step{watch}, true))
		if err != nil {
			return nil, err
		}
		how = watching
		if unseen(outcomes[0]) {
			how = blind
		} else if err := s.watched(outcomes[0]); err != nil {
			return nil, err
		}
		s.hostLock.depending(p.link, how)
	}
	if how == blind {
		s.cost.RoundTrips.Add(1)
		outcomes, err := s.judged(holder.perform(ctx, "", []target.Step{watch}, true))
		if err == nil {
			err = s.watched(outcomes[0])
		}
		if err != nil {
			return nil, err
		}
	}
	return s.judged(p.link.perform(ctx, p.as, steps, sequence))
}

// watched is nil where a runner says that the run has its lock. One that cannot say
// changes nothing.
func (s *Session) watched(o target.Outcome) error {
	if o.Succeeded() {
		return nil
	}
	why, cause := "it gave no answer", error(nil)
	if o.Result.Error != nil {
		why, cause = escape.Text(escape.Short(o.Result.Error.Message)), o.Result.Error
	}
	return s.errorAt(target.StageLost, "the runner cannot look at the host's lock: "+why, "",
		"nothing was changed by it, since another run could have the host; "+goOn, cause)
}

func tail(outcomes []target.Outcome) []target.Outcome {
	if len(outcomes) == 0 {
		return nil
	}
	return outcomes[1:]
}

func unseen(o target.Outcome) bool {
	return o.Result.Error != nil && o.Result.Error.Code == op.CodeUnseen
}

// depends returns what a runner depends on, or why nothing more is done.
func (f *hostLock) depends(l *link) (on *op.Watch, holder *link, how int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holder == l {
		return nil, nil, watching, f.lost
	}
	return f.on, f.holder, f.how[l], f.lost
}

func (f *hostLock) depending(l *link, how int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.how == nil {
		f.how = map[*link]int{}
	}
	f.how[l] = how
}

// judged looks through outcomes for a run that has lost its host, which ends all
// work on it.
func (s *Session) judged(outcomes []target.Outcome, err error) ([]target.Outcome, error) {
	for i, o := range outcomes {
		if o.Result.Error == nil || o.Result.Error.Code != op.CodeBroken {
			continue
		}
		outcomes[i] = target.Outcome{}
		lost := &target.LockLostError{Host: s.options.Host, Message: escape.Text(escape.Short(o.Result.Error.Message)), Reason: o.Result.Error}
		s.lose(lost)
		return outcomes, lost
	}
	return outcomes, err
}

// taken notes that the host was locked for the run.
func (f *hostLock) taken(l *op.Lock, user string, by *link) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on != nil {
		return
	}
	f.user, f.holder, f.on = user, by, &op.Watch{Run: l.Run, Token: l.Token, UID: by.runner.Ready.UID}
	if l.Shared != nil {
		f.on = l.Shared
	}
}

// lose ends all work on the host, because the run lost it or one of its runners.
// What other runners still have to do is given up.
func (s *Session) lose(why error) {
	s.hostLock.mu.Lock()
	if s.hostLock.lost == nil {
		s.hostLock.lost = why
	}
	s.hostLock.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.users {
		select {
		case <-p.ready:
			if p.link != nil {
				p.link.stop(why)
			}
		default: // it has nothing to do yet
		}
	}
}

// sharing returns the lock of the machine's other name, or nil where none is known.
func (f *hostLock) sharing() *op.Watch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.shared
}

// share has the host locked along with another name of the machine, where the run
// has it under that. tried is the lock that this attempt meant to share.
func (f *hostLock) share(outcomes []target.Outcome, tried *op.Watch, gate Gate) (again bool) {
	if len(outcomes) == 0 || outcomes[0].Result.Error == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := outcomes[0].Result.Error; {
	case e.Code == op.CodeUnseen && tried != nil:
		if f.shared == tried {
			f.shared = nil // the other name's runner has ended
		}
		return true
	case e.Code != op.CodeShared || e.Holder == nil:
		return false
	case gate == nil || !gate.Shared(*e.Holder):
		e.Code = op.CodeHeld // it says that it is this run, which knows better
		return false
	default:
		f.shared = &op.Watch{Run: e.Holder.Run, Token: e.Holder.Token, UID: e.Holder.UID}
		return true
	}
}
