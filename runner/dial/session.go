// Package dial is the controller's end of a host: it puts a runner in place
// over a transport, speaks with it in frames, and offers ops to the engine. It
// knows neither SSH nor any other transport, and the rest of froyo does not
// know which it is.
//
// It imports runner/op, runner/wire, runner/sudo and the standard library.
package dial

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Options say how to work with a host.
type Options struct {
	// Host is the host's name, for messages.
	Host string
	// Become gives the password for sudo, and is called only where sudo asks; nil where
	// there is none. Whoever wants it asked once per run makes it so.
	Become func() (string, error)
	// Binary gives the runner for a platform.
	Binary func(goos, goarch string) (*Binary, error)
	// Version is what the runner must call itself, or "" for anything.
	Version string
	// Note is told what a unit's op waits for while it is under way; nil drops it. It
	// must return at once. The text is escaped.
	Note func(unit, text string)
	// Restricted is told that sudo allows only some commands as user, and not the
	// runner; nil drops it. It must return at once. The texts are escaped.
	Restricted func(user string, commands []string)
	// StartTimeout bounds how long the host's shell may take to start; 0 is one minute.
	StartTimeout time.Duration
}

// Stats are what a session has cost so far.
type Stats struct {
	Sent     int64 // bytes, before SSH
	Received int64
	// RoundTrips counts the times that something was sent and waited for,
	// those that start runners included.
	RoundTrips int64
}

// Session is a host to work with. Runners start at first use, one for each
// user; where sudo allows certain commands only, the login user's runner does what
// it can for the other. It may be used by several goroutines.
type Session struct {
	transport Transport
	options   Options
	life      context.Context // ends with Close
	end       context.CancelFunc

	sent, received, trips atomic.Int64
	allowed               allowed

	mu     sync.Mutex
	users  map[string]*pending // guarded by mu
	closed bool                // guarded by mu
}

// pending is a runner that is there or on its way.
type pending struct {
	ready chan struct{} // closed when link or err is set
	link  *link
	as    string // whom the link does what it can for, where it is another user's; else ""
	err   error
}

// Open returns a session over a transport, which it owns from now on. It does
// nothing yet.
func Open(t Transport, o Options) *Session {
	if o.StartTimeout <= 0 {
		o.StartTimeout = shellTime
	}
	s := &Session{transport: t, options: o, users: map[string]*pending{}}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Stats returns what the session has cost so far.
func (s *Session) Stats() Stats {
	return Stats{Sent: s.sent.Load(), Received: s.received.Load(), RoundTrips: s.trips.Load()}
}

// Do performs independent steps, all at once and in one round trip for each
// user. An op that fails is a result; the error is a *Error about the host, that
// of ctx, or content that cannot be read on this side.
func (s *Session) Do(ctx context.Context, steps []Step) ([]op.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]op.Result, len(steps))
	var all sync.WaitGroup
	var once sync.Once
	var failure error // the first, which ends the others
	for user, indices := range s.byUser(steps) {
		all.Go(func() {
			part := make([]Step, len(indices))
			for i, index := range indices {
				part[i] = steps[index]
			}
			outcomes, err := s.perform(ctx, user, part, false)
			if err != nil {
				once.Do(func() { failure = err })
				cancel()
				return
			}
			for i, index := range indices {
				results[index] = outcomes[i].Result
			}
		})
	}
	all.Wait()
	if failure != nil {
		return nil, failure
	}
	return results, nil
}

// byUser groups the indices of steps by who performs them.
func (s *Session) byUser(steps []Step) map[string][]int {
	users := map[string][]int{}
	for i, step := range steps {
		user := s.user(step)
		users[user] = append(users[user], i)
	}
	return users
}

func (s *Session) user(step Step) string {
	if step.User == "" {
		return s.transport.User()
	}
	return step.User
}

// Run performs steps one after the other and stops at the first that fails
// or gives another result than expected. Neighbours with the same user travel
// in one round trip.
func (s *Session) Run(ctx context.Context, steps []Step) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(steps))
	for len(steps) > len(outcomes) {
		rest := steps[len(outcomes):]
		user, n := s.user(rest[0]), 1
		for n < len(rest) && s.user(rest[n]) == user {
			n++
		}
		part, err := s.perform(ctx, user, rest[:n], true)
		outcomes = append(outcomes, part...)
		if err != nil {
			return outcomes, err
		}
		if !part[n-1].Went() {
			break
		}
	}
	return append(outcomes, make([]Outcome, len(steps)-len(outcomes))...), nil
}

// Went reports whether the step after this one may run.
func (o Outcome) Went() bool { return o.Ran && !o.Mismatch && o.Result.Error == nil }

// perform has one user's runner perform steps, in sequence or all at once.
func (s *Session) perform(ctx context.Context, user string, steps []Step, sequence bool) ([]Outcome, error) {
	p, err := s.runner(ctx, user)
	if err != nil {
		return nil, err
	}
	s.trips.Add(1)
	return p.link.perform(ctx, p.as, steps, sequence)
}

// runner returns the runner of a user. A start that failed is not tried
// again: a wrong password given over and over locks the account.
func (s *Session) runner(ctx context.Context, user string) (*pending, error) {
	if !checkUser(user) {
		return nil, s.errorAt(StageBecome, "the user "+Escape(user)+" is not a user's name", "", "", nil)
	}
	p := s.begin(user)
	if p == nil {
		return nil, s.errorAt(StageLost, "the session is closed", "", "", nil)
	}
	select {
	case <-p.ready:
		return p, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin returns the runner of a user, starting it where it was not yet, or nil
// where the session is closed.
func (s *Session) begin(user string) *pending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	p := s.users[user]
	if p == nil {
		p = &pending{ready: make(chan struct{})}
		s.users[user] = p
		go func() {
			defer close(p.ready)
			p.link, p.as, p.err = s.become(s.life, user)
		}()
	}
	return p
}

// Warm starts the runner that a first step of user is going to need, beside
// other work. What goes wrong is told with that step.
func (s *Session) Warm(user string) {
	if user = s.user(Step{User: user}); checkUser(user) {
		s.begin(user)
	}
}

// closeTime bounds how long runners get to end by themselves.
const closeTime = 5 * time.Second

// Close asks every runner to end, waits for them briefly, and closes the
// transport. What is still being performed is ended by the runner itself.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	users := s.users
	s.users = map[string]*pending{}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	s.end()
	errs := make(chan error, len(users))
	for _, p := range users {
		go func() {
			<-p.ready
			if p.link == nil || p.as != "" {
				errs <- nil
				return
			}
			errs <- p.link.close(ctx)
		}()
	}
	var all []error
	for range users {
		all = append(all, <-errs)
	}
	return errors.Join(append(all, s.transport.Close())...)
}

// errorAt is an error about the host; message and detail are escaped already.
func (s *Session) errorAt(stage Stage, message, detail, hint string, cause error) *Error {
	return &Error{Host: s.options.Host, Stage: stage, Message: message, Detail: detail, Hint: hint, Cause: cause}
}
