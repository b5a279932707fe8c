package dial

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/wire"
)

// Where sudo allows certain commands only, no runner can be another user's.
// The login user's then does for the other what these commands can do, which the
// runner knows how (machine.As). Who needs the runner is known when starting one
// was refused, which happens once for a host: sudo's rules tell of other users.

// listScript has sudo tell its rules. Through a pipe it breaks no lines.
const listScript = `LC_ALL=C; export LC_ALL; m=MAGIC1; m=${m}MAGIC2; echo; echo "$m L"; sudo -n -l </dev/null 2>&1 | cat; echo; echo "$m D"`

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
	if !errors.Is(err, errDenied) {
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
		return nil, "", notAllowed(s.options.Host, login, user, "", denied)
	}
	p := s.begin(login)
	if p == nil {
		return nil, "", s.errorAt(StageLost, "the session is closed", "", "", nil)
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
			free[i] = Escape(free[i])
		}
		s.options.Restricted(user, free)
	}
	return p.link, user, nil
}

// askRules asks sudo for its rules once, and returns nil where it does not tell.
func (s *Session) askRules(ctx context.Context) (*sudo.Rules, error) {
	s.allowed.asking.Do(func() {
		text, err := s.listRules(ctx)
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

// listRules returns what "sudo -l" prints.
func (s *Session) listRules(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.StartTimeout)
	defer cancel()
	magic := wire.NewMagic()
	sh, err := s.shell(ctx, s.transport.User(), magic, withMagic(listScript, magic))
	if err != nil {
		return "", err
	}
	defer sh.process.Kill()
	defer context.AfterFunc(ctx, sh.process.Kill)()
	s.trips.Add(1)
	_, _, err = readLine(sh.stdout, magic+" L")
	var text []byte
	if err == nil {
		_, text, err = readLine(sh.stdout, magic+" D")
	}
	if err != nil {
		return "", s.errorAt(StageBecome, "sudo's rules could not be asked for: "+Escape(err.Error()), escapeLines(sh.stderr.text()), "", err)
	}
	_ = sh.end() // it said everything
	return string(text), nil
}
