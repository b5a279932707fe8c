// Package dial is the controller's end of a host: it has runners put in place
// over a transport, speaks with it in frames, and offers ops to the engine. It
// knows neither SSH nor any other transport, and the rest of froyo does not
// know which it is.
//
// It imports runner/op, runner/protocol, runner/target, runner/bootstrap, runner/transport, runner/sudo,
// runner/escape and the standard library.
package dial

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// Options say how to work with a host.
type Options struct {
	// Host is the host's name, for messages.
	Host string
	// Method is how another user is become: bootstrap.Sudo, Su or Doas; "" is Sudo. BecomeUser is
	// who is become first, to whom the password of su belongs; "" is root.
	Method, BecomeUser string
	// Become gives the password for the method, and is called only where that asks; nil where
	// there is none. Whoever wants it asked once per run makes it so. BecomeFrom says where it is from, "" where it was asked for.
	Become     func() (string, error)
	BecomeFrom string
	// Binary gives the runner for a platform.
	Binary func(goos, goarch string) (*bootstrap.Binary, error)
	// Version is what the runner must call itself, or "" for anything.
	Version string
	// Note is told what a unit's op waits for while it is under way; nil drops it. It
	// must return at once. The text is escaped.
	Note func(unit, text string)
	// Output is given what programs print that change the host, as they do, in the order of each stream. It must return
	// at once. The text is as it came from the host, but of sensitive steps there is none. nil asks the host for none.
	Output func(o Live)
	// Restricted is told that sudo allows only some commands as user, and not the
	// runner; nil drops it. It must return at once. The texts are escaped.
	Restricted func(user string, commands []string)
	// Gate keeps this host apart from other names of the same machine; nil does not.
	Gate Gate
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
	transport transport.Transport
	options   Options
	life      context.Context // ends with Close
	end       context.CancelFunc

	cost     bootstrap.Cost
	host     *bootstrap.Host
	allowed  allowed
	hostLock hostLock

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
func Open(t transport.Transport, o Options) *Session {
	if o.StartTimeout <= 0 {
		o.StartTimeout = bootstrap.StartTime
	}
	s := &Session{transport: t, options: o, users: map[string]*pending{}}
	s.life, s.end = context.WithCancel(context.Background())
	s.host = &bootstrap.Host{
		Name: o.Host, Transport: t, Method: o.Method, BecomeUser: o.BecomeUser, Become: o.Become, BecomeFrom: o.BecomeFrom,
		Binary: o.Binary, Version: o.Version, StartTimeout: o.StartTimeout, Life: s.life, Cost: &s.cost,
	}
	return s
}

// Stats returns what the session has cost so far.
func (s *Session) Stats() Stats {
	return Stats{Sent: s.cost.Sent.Load(), Received: s.cost.Received.Load(), RoundTrips: s.cost.RoundTrips.Load()}
}

// Do performs independent steps, all at once and in one round trip for each
// user. An op that fails is a result; the error is a *target.Error about the host, that
// of ctx, or content that cannot be read on this side.
func (s *Session) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]op.Result, len(steps))
	var all sync.WaitGroup
	var once sync.Once
	var failure error // the first, which ends the others
	for user, indices := range s.byUser(steps) {
		all.Go(func() {
			part := make([]target.Step, len(indices))
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
func (s *Session) byUser(steps []target.Step) map[string][]int {
	users := map[string][]int{}
	for i, step := range steps {
		user := s.user(step)
		users[user] = append(users[user], i)
	}
	return users
}

func (s *Session) user(step target.Step) string {
	if step.User == "" {
		return s.transport.User()
	}
	return step.User
}

// Run performs steps one after the other and stops at the first that fails
// or gives another result than expected. Neighbours with the same user travel
// in one round trip.
//
// Where the run has the machine under another name already, the two take turns.
func (s *Session) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	takes := len(steps) > 0 && steps[0].Op.Lock != nil
	if s.options.Gate == nil || !takes && !slices.ContainsFunc(steps, func(step target.Step) bool { return step.Op.Changes() }) {
		return s.run(ctx, steps)
	}
	// Each lock that the machine tells of is of a name that the run has: there are as many as names.
	seen := map[op.Watch]bool{}
	for again := 0; again < maxTakes; again++ {
		var shared *op.Watch
		if takes {
			// Before it enters: whoever entered before the two names were known to be
			// one machine takes no turns with the other, and must not share its lock.
			shared = s.hostLock.sharing()
			steps = slices.Clone(steps)
			l := *steps[0].Op.Lock
			l.Shared = shared
			steps[0].Op.Lock = &l
		}
		leave, err := s.options.Gate.Enter(ctx)
		if err != nil {
			return nil, err
		}
		outcomes, err := s.run(ctx, steps)
		leave()
		if err != nil || !takes || !s.hostLock.share(outcomes, shared, s.options.Gate) {
			return outcomes, err
		}
		if other := s.hostLock.sharing(); other != nil && !seen[*other] {
			seen[*other], again = true, 0
		}
	}
	return nil, s.errorAt(target.StageLost, "other names of the machine come and go", "", "", nil)
}

// maxTakes bounds the attempts at a machine that the run has under another name, of each that it is told of.
const maxTakes = 5

func (s *Session) run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	outcomes := make([]target.Outcome, 0, len(steps))
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
		if !part[n-1].Succeeded() {
			break
		}
	}
	return append(outcomes, make([]target.Outcome, len(steps)-len(outcomes))...), nil
}

// perform has one user's runner perform steps, in sequence or all at once.
func (s *Session) perform(ctx context.Context, user string, steps []target.Step, sequence bool) ([]target.Outcome, error) {
	p, err := s.runner(ctx, user)
	if err != nil {
		return nil, err
	}
	s.cost.RoundTrips.Add(1)
	steps = s.hostLock.prepare(steps, s.options.Gate)
	outcomes, err := s.guarded(ctx, p, steps, sequence)
	for i, o := range outcomes {
		if l := steps[i].Op.Lock; l != nil && o.Succeeded() {
			s.hostLock.taken(l, user, p.link)
		}
	}
	if err != nil {
		err = s.whose(ctx, p.link, err)
	}
	return outcomes, err
}

// runner returns the runner of a user. A start that failed is not tried
// again: a wrong password given over and over locks the account.
func (s *Session) runner(ctx context.Context, user string) (*pending, error) {
	if !bootstrap.IsUser(user) {
		return nil, s.errorAt(target.StageBecome, "the user "+escape.Text(user)+" is not a user's name", "", "", nil)
	}
	p := s.begin(user)
	if p == nil {
		return nil, s.errorAt(target.StageLost, "the session is closed", "", "", nil)
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

// start puts a runner for user in place, and returns the link to it.
func (s *Session) start(ctx context.Context, user string) (*link, error) {
	var l *link
	r, err := s.host.Start(ctx, user, func(ctx context.Context, r *bootstrap.Runner) error {
		l = newLink(s, r)
		err := s.identify(ctx, user, l)
		if err != nil {
			l.dismiss()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := l.accept(); err != nil {
		return nil, r.Interrupted(ctx, err)
	}
	return l, nil
}

// Warm starts the runner that a first step of user is going to need, beside
// other work. What goes wrong is told with that step.
func (s *Session) Warm(user string) {
	if user = s.user(target.Step{User: user}); bootstrap.IsUser(user) {
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
func (s *Session) errorAt(stage target.Stage, message, detail, hint string, cause error) *target.Error {
	return &target.Error{Host: s.options.Host, Stage: stage, Message: message, Detail: detail, Hint: hint, Cause: cause}
}
