package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sudo"
	"github.com/openfroyo/froyo/runner/target"
)

// Entry is a host that is onboarded.
type Entry struct {
	Request
	// HostKey is the type and fingerprint of its key, once it was shown.
	HostKey string
	// Done is set once the target is registered, Changed where that took a run, Begun once that began.
	Done, Changed, Begun bool
}

// Ways are how to log in to a host for a look.
type Ways struct {
	HostKey      string // the fingerprint that its key must have, "" for one that is known
	PasswordOnly bool   // no key is offered
}

// Doors opens connections, each a new one.
type Doors interface {
	// LogIn logs in and leaves at once; asked is whether the host asked for the password.
	LogIn(ctx context.Context, h *inventory.Host, w Ways) (l fleet.Login, asked bool, err error)
	// Open opens a session.
	Open(ctx context.Context, h *inventory.Host, hooks fleet.Hooks) (fleet.Session, error)
}

// Prover proves who is let in, and registers targets.
type Prover struct {
	Doors Doors
	// Workspace is that of the targets, and Register records one.
	Workspace string
	Register  func(ctx context.Context, t state.Target) error
	// Trust is asked whether a key that is not known is the host's.
	Trust func(ctx context.Context, e *Entry, key string) (bool, error)
	// Ask asks for the password of who is let in now, where no key lets in; nil asks nobody.
	Ask func(ctx context.Context, e *Entry) (*inventory.Credential, error)

	mu sync.Mutex // guards what entries become
}

// Access proves that the new user gets in by the key, over a new connection, and may do what the rule says.
func (p *Prover) Access(ctx context.Context, e *Entry) error {
	h := e.After()
	var by fleet.Login
	s, err := p.Doors.Open(ctx, h, fleet.Hooks{
		LoggedIn: func(l fleet.Login) { by = l }, Restricted: func(string, []string) {}, Note: func(string, string) {},
	})
	if err != nil {
		return err
	}
	defer s.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is written by it
	list := &op.Exec{Argv: []string{"sudo", "-n", "-l"}, Env: []string{"LC_ALL=C"}, ReadOnly: true}
	results, err := s.Do(ctx, []target.Step{{Op: op.Op{Exec: list}, Timeout: time.Minute}})
	if err != nil {
		return err
	}
	if !strings.HasSuffix(by.By, e.Key.Print) {
		return &diag.Error{Summary: fmt.Sprintf("%s got in by %s, and not by the key %s (%s)", e.User, by.By, e.Key, e.Key.Print)}
	}
	if results[0].Error != nil {
		return &diag.Error{Summary: e.User + " cannot ask sudo: " + results[0].Error.Message}
	}
	r := results[0].Exec
	got, ok := sudo.Parse(r.Stdout)
	if !ok {
		return (&diag.Error{Summary: fmt.Sprintf("sudo does not tell %s what it allows: %s", e.User, strings.TrimSpace(r.Stderr)), Cause: errRule}).
			WithHint("give the rule without a password: --sudo 'NOPASSWD: ...'")
	}
	return e.covered(got)
}

// covered says which command sudo does not allow that the rule has, or is nil.
func (e *Entry) covered(got sudo.Rules) error {
	allowed := got.Free("root")
	var missing []string
	for _, line := range e.rules() {
		text := line.(string)
		_, rule, _ := strings.Cut(text, "=")
		rule = strings.TrimSpace(rule)
		if !strings.HasPrefix(rule, "(") {
			rule = "(root) " + rule
		}
		want, _ := sudo.Parse("may run the following commands\n" + rule)
		for _, command := range want.Free("root") {
			if !slices.Contains(allowed, command) {
				missing = append(missing, command)
			}
		}
	}
	if len(missing) > 0 {
		return &diag.Error{Summary: fmt.Sprintf("sudo does not allow %s: %s", e.User, sudo.List(missing)), Cause: errRule}
	}
	return nil
}

// errRule is that sudo allows something else than the rule says.
var errRule = errors.New("the sudo rule is another one")

// Locked proves that a password no longer lets in, and that the key does.
func (p *Prover) Locked(ctx context.Context, e *Entry) error {
	if err := p.Refused(ctx, e); err != nil {
		return err
	}
	_, _, err := p.Doors.LogIn(ctx, e.After(), Ways{})
	return err
}

// Refused proves that no password lets in who was let in before: where none is known, that none is asked for.
func (p *Prover) Refused(ctx context.Context, e *Entry) error {
	h := e.Before()
	if h.Password == nil {
		h.Password = &inventory.Credential{Text: secret.Given("a password that nobody has"), Pos: h.Pos}
	}
	by, asked, err := p.Doors.LogIn(ctx, h, Ways{PasswordOnly: true})
	refused, ok := errors.AsType[*target.Error](err)
	switch {
	case err == nil:
		err = &diag.Error{Summary: fmt.Sprintf("%s is still let in by %s", e.Login, by.By)}
	case !ok || refused.Stage != target.StageAuth:
		return err
	case asked && slices.Contains(e.LockDown, "disable_password_auth"):
		err = &diag.Error{Summary: fmt.Sprintf("sshd still asks %s for a password", e.Login)}
	default:
		return nil
	}
	return diag.Of(err).WithHint("a Match block of sshd_config may set another value: sshd -T -C user=%s,host=localhost,addr=127.0.0.1", e.Login)
}
