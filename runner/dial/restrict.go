package dial

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/target"
)

// Where sudo allows certain commands only, no runner can be another user's.
// The login user's then does for the other what these commands can do, which the
// runner knows how (machine.As). Who needs the runner is known when starting one
// was refused, which happens once for a host: sudo's rules tell of other users.

// bootShell is what sudo must allow for a runner to be started.
const bootShell = "/bin/sh"

// allowed is what sudo allows the login user, asked for once.
type allowed struct {
	asking sync.Once
	rules  atomic.Pointer[sudo.Rules] // nil until then, and where sudo does not tell
	err    error                      // of the connection
}

// become returns the runner for a user: one of the user's own, or the login
// user's with the name of whom it does what it can for.
func (s *Session) become(ctx context.Context, user string) (l *link, as string, err error) {
	if rules := s.allowed.rules.Load(); rules != nil && user != s.transport.User() && !rules.Permit(user, bootShell) {
		return s.restrict(ctx, user, *rules, nil)
	}
	l, err = s.start(ctx, user)
	if !errors.Is(err, bootstrap.ErrDenied) {
		return l, "", err
	}
	rules, listErr := s.askRules(ctx)
	switch {
	case listErr != nil:
		return nil, "", listErr
	case rules == nil || rules.Permit(user, bootShell):
		return nil, "", err
	}
	return s.restrict(ctx, user, *rules, err)
}

// restrict returns the login user's runner for a user whom sudo allows some commands.
func (s *Session) restrict(ctx context.Context, user string, rules sudo.Rules, denied error) (l *link, as string, err error) {
	login := s.transport.User()
	free := rules.Free(user)
	if len(free) == 0 {
		return nil, "", bootstrap.NotAllowed(s.options.Host, login, user, "", denied)
	}
	p := s.begin(login)
	if p == nil {
		return nil, "", s.errorAt(target.StageLost, "the session is closed", "", "", nil)
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	if p.err != nil {
		return nil, "", p.err
	}
	if s.options.Restricted != nil {
		for i := range free {
			free[i] = escape.Text(free[i])
		}
		s.options.Restricted(user, free)
	}
	return p.link, user, nil
}

// askRules asks sudo for its rules once, and returns nil where it does not tell.
func (s *Session) askRules(ctx context.Context) (*sudo.Rules, error) {
	s.allowed.asking.Do(func() {
		text, err := s.host.SudoRules(ctx)
		if err != nil {
			s.allowed.err = err
			return
		}
		if rules, ok := sudo.Parse(text); ok {
			s.allowed.rules.Store(&rules)
		}
	})
	return s.allowed.rules.Load(), s.allowed.err
}
