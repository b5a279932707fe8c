package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	contract "github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// lasting is a session that outlives a restart of its host: what was under way on the host ends before, what comes later waits,
// and once the host has booted again a new session takes the place of the old one, with the host's lock.
type lasting struct {
	host string
	open func(ctx context.Context) (Session, error)
	note func(unit, text string)
	// found is told of a guard that has restored the host; nil drops it. looked says that it was asked for.
	found  func(*contract.State)
	looked atomic.Bool

	// mu is held for reading by all that speak with the host, and for writing while it restarts.
	mu      sync.RWMutex
	session Session

	known sync.Mutex
	lock  *target.Step // with which the host was locked, nil where it was not; guarded by known
	users []string     // who were asked for, guarded by known
}

var _ Session = (*lasting)(nil)

// newLasting opens a session that outlives restarts of its host.
func newLasting(ctx context.Context, host string, open func(ctx context.Context) (Session, error), hooks Hooks) (Session, error) {
	session, err := open(ctx)
	if err != nil {
		return nil, err
	}
	return &lasting{host: host, open: open, note: hooks.Note, found: hooks.Guard, session: session}, nil
}

// Warm implements Session.
func (l *lasting) Warm(user string) {
	l.known.Lock()
	if !slices.Contains(l.users, user) {
		l.users = append(l.users, user)
	}
	l.known.Unlock()
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.session.Warm(user)
}

// Ready implements Session.
func (l *lasting) Ready(ctx context.Context, user string) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.session.Ready(ctx, user)
}

// DialContext implements Session. The connection does not outlive a restart.
func (l *lasting) DialContext(ctx context.Context, user, address string, port int) (net.Conn, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.session.DialContext(ctx, user, address, port)
}

// Close implements Session.
func (l *lasting) Close(ctx context.Context) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.session.Close(ctx)
}

// errNotAlone is a restart among ops that are performed all at once.
var errNotAlone = errors.New("a host is restarted in a sequence of ops, not beside others")

// Do implements plan.Target.
func (l *lasting) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	if slices.ContainsFunc(steps, restarts) {
		return nil, errNotAlone
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(steps) > 0 && l.looked.CompareAndSwap(false, true) {
		return l.looking(ctx, steps)
	}
	return l.session.Do(ctx, steps)
}

func restarts(s target.Step) bool { return s.Op.Restart != nil }

// Run implements plan.Target. What stands before a restart is performed before it, and the rest once the host is back.
func (l *lasting) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	return target.Sequence(ctx, steps, restarts, func(ctx context.Context, s target.Step) ([]target.Outcome, error) {
		o, err := l.restart(ctx, s)
		if err != nil {
			return nil, err
		}
		return []target.Outcome{o}, nil
	}, l.between)
}

// between performs steps of which none restarts the host, and keeps with what it was locked.
func (l *lasting) between(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	outcomes, err := l.session.Run(ctx, steps)
	for i, o := range outcomes {
		if steps[i].Op.Lock != nil && o.Succeeded() {
			lock := steps[i]
			l.known.Lock()
			l.lock = &lock
			l.known.Unlock()
		}
	}
	return outcomes, err
}

// How often a host that restarts is looked at, and how long each look may take.
const (
	lookEvery = time.Second
	lookTime  = 20 * time.Second
)

// restart restarts the host and waits until it has booted again.
func (l *lasting) restart(ctx context.Context, s target.Step) (target.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before, err := bootID(ctx, l.session, s.User)
	if errors.Is(err, errNoBootID) {
		return refused("noboot", err.Error()), nil
	}
	if err != nil {
		return target.Outcome{}, err
	}
	if own, err := os.ReadFile(bootIDFile); err == nil && strings.TrimSpace(string(own)) == before {
		return refused("own", "this is the controller, or a container on it, which is not restarted"), nil
	}
	if l.note != nil {
		l.note(s.Unit, "restarting")
	}
	outcomes, err := l.session.Run(ctx, []target.Step{s})
	lost, gone := errors.AsType[*target.Error](err)
	switch gone = gone && lost.Stage == target.StageLost; {
	case err != nil && !gone:
		return target.Outcome{}, err
	case err == nil && !outcomes[0].Succeeded():
		return outcomes[0], nil
	}
	waiting, cancel := context.WithTimeout(ctx, allowed(s))
	defer cancel()
	if err := l.awaitBoot(waiting, s, before); err != nil {
		if ctx.Err() != nil {
			return target.Outcome{}, ctx.Err()
		}
		return target.Outcome{}, err
	}
	return l.again(ctx)
}

// allowed is how long a restart may take: as long as the op says, and no longer than the step may.
func allowed(s target.Step) time.Duration {
	return min(time.Duration(op.Lasts(s.Op))*time.Millisecond, s.Limit())
}

// refused is a restart that does not take place.
func refused(code, why string) target.Outcome {
	return target.Outcome{Ran: true, Result: op.Result{Error: &op.Error{Class: op.Permanent, Code: code, Message: why}}}
}

// awaitBoot waits until the host goes down, then opens sessions until one is with a host that has booted since.
func (l *lasting) awaitBoot(ctx context.Context, s target.Step, before string) error {
	for {
		if _, err := look(ctx, l.session, s.User); err != nil {
			break
		}
		if !pause(ctx) {
			return l.late(s, "it did not go down", nil)
		}
	}
	_ = l.session.Close(ctx) // the host has ended it
	if l.note != nil {
		l.note(s.Unit, "restarting, waiting for it to boot")
	}
	for {
		session, err := l.booted(ctx, s.User, before)
		if err == nil {
			l.session = session
			return nil
		}
		if e, ok := errors.AsType[*target.Error](err); ok && e.Stage == target.StageHostKey {
			return e // it will not be another one later
		}
		if !pause(ctx) {
			return l.late(s, "it was not back", err)
		}
	}
}

// pause waits between two looks, and reports whether there is time for another.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errSameBoot is a host that still runs, or is going down.
var errSameBoot = errors.New("it has not restarted yet")

// booted opens a session with the host, where that has booted since.
func (l *lasting) booted(ctx context.Context, user, before string) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	session, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	now, err := bootID(ctx, session, user)
	if err == nil && now == before {
		err = errSameBoot
	}
	if err != nil {
		_ = session.Close(ctx) // it is of no use, and why is told
		return nil, err
	}
	return session, nil
}

// again brings the new session to where the old one was: the host is locked again, and who was to act is there.
func (l *lasting) again(ctx context.Context) (target.Outcome, error) {
	l.known.Lock()
	lock, users := l.lock, slices.Clone(l.users)
	l.known.Unlock()
	for _, user := range users {
		l.session.Warm(user)
	}
	done := target.Outcome{Ran: true, Result: op.Result{Done: &op.Done{Changed: true}}}
	if lock == nil {
		return done, nil
	}
	outcomes, err := l.session.Run(ctx, []target.Step{*lock})
	if err == nil && !outcomes[0].Succeeded() {
		return outcomes[0], nil // another run was faster
	}
	return done, err
}

// late is a restart that took too long. The host is lost to the run.
func (l *lasting) late(s target.Step, what string, why error) error {
	e := &target.Error{
		Host: l.host, Stage: target.StageLost, Message: fmt.Sprintf("%s within %s of its restart", what, allowed(s)), Cause: why,
		Hint: "look at its console; once the host is well, the same run does the rest",
	}
	if why != nil {
		e.Detail = why.Error()
	}
	return e
}

// bootIDFile has a new content after each boot.
const bootIDFile = "/proc/sys/kernel/random/boot_id"

// look asks a host for its boot ID, for a while.
func look(ctx context.Context, s Session, user string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return bootID(ctx, s, user)
}

// bootID tells one boot of a host from another.
func bootID(ctx context.Context, s Session, user string) (string, error) {
	results, err := s.Do(ctx, []target.Step{{Op: op.Op{Text: &op.Text{Path: bootIDFile, Limit: 1 << 10, Unsafe: true}}, User: user}})
	switch {
	case err != nil:
		return "", err
	case results[0].Error != nil:
		return "", results[0].Error
	}
	id := strings.TrimSpace(results[0].Text.Text)
	if id == "" {
		return "", errNoBootID
	}
	return id, nil
}

// errNoBootID is a host that cannot be told from itself after a restart.
var errNoBootID = errors.New("the host has no boot ID in " + bootIDFile)
