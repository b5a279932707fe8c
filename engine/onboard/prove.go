package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

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
	// Done is set once the target is registered, Changed where that took a run, Begun once something is left on the host.
	Done, Changed, Begun bool
	// Unseen are files of sshd's configuration that the user cannot read, so that what they close is not proven.
	Unseen []string
	// Unmarked says that the user's key lacks the comment by which it is found later.
	Unmarked bool
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
	return p.access(ctx, e, func(*talk, sudo.Rules) error { return nil })
}

// access does so, and then has something else looked at over that connection.
func (p *Prover) access(ctx context.Context, e *Entry, look func(t *talk, allowed sudo.Rules) error) error {
	t, err := p.talk(ctx, e.After(), "")
	if err != nil {
		return err
	}
	defer t.close(ctx)
	r, err := t.run(ctx, &op.Exec{Argv: []string{"sudo", "-n", "-l"}, Env: []string{"LC_ALL=C"}, ReadOnly: true})
	if err != nil {
		return err
	}
	if !strings.HasSuffix(t.by.By, e.Key.Print) {
		return &diag.Error{Summary: fmt.Sprintf("%s got in by %s, and not by the key %s (%s)", e.User, t.by.By, e.Key, e.Key.Print)}
	}
	got, ok := sudo.Parse(r.Stdout)
	if !ok {
		return (&diag.Error{Summary: fmt.Sprintf("sudo does not tell %s what it allows: %s", e.User, strings.TrimSpace(r.Stderr)), Cause: errRule}).
			WithHint("give the rule without a password: --sudo 'NOPASSWD: ...'")
	}
	if err := e.covered(got); err != nil {
		return err
	}
	return look(t, got)
}

// covered says which command sudo does not allow that the rule has, or is nil.
func (e *Entry) covered(got sudo.Rules) error {
	allowed := got.Free("root")
	var missing []string
	for _, line := range e.rules() {
		for _, command := range ruled(line.(string)).Free("root") {
			if !slices.Contains(allowed, command) && !slices.Contains(allowed, "ALL") {
				missing = append(missing, command)
			}
		}
	}
	if len(missing) > 0 {
		return &diag.Error{Summary: fmt.Sprintf("sudo does not allow %s: %s", e.User, sudo.List(missing)), Cause: errRule}
	}
	return nil
}

// errRule is that the host has something else than is wanted, which who was let in before can change.
var errRule = errors.New("the host has something else")

// Locked proves that a password no longer lets in, and that the key does.
func (p *Prover) Locked(ctx context.Context, e *Entry) error {
	if err := p.Refused(ctx, e); err != nil {
		return err
	}
	_, _, err := p.Doors.LogIn(ctx, e.After(), Ways{})
	return err
}

// Refused proves that who was let in before no longer is, where that was closed: by no password, of which none is asked for, and root by
// no key either.
func (p *Prover) Refused(ctx context.Context, e *Entry) error {
	passwords := slices.Contains(e.LockDown, "disable_password_auth")
	if passwords {
		if err := p.refused(ctx, e, Ways{PasswordOnly: true}, true); err != nil {
			return err
		}
	}
	if e.Login != "root" || !slices.Contains(e.LockDown, "disable_root_login") {
		return nil
	}
	return p.refused(ctx, e, Ways{}, false)
}

// refused proves that who was let in before is not, and maybe not even asked for a password.
func (p *Prover) refused(ctx context.Context, e *Entry, w Ways, unasked bool) error {
	h := e.Before()
	if h.Password == nil && w.PasswordOnly {
		h.Password = &inventory.Credential{Text: secret.Given("a password that nobody has"), Pos: h.Pos}
	}
	by, asked, err := p.Doors.LogIn(ctx, h, w)
	refused, ok := errors.AsType[*target.Error](err)
	switch {
	case err == nil:
		err = &diag.Error{Summary: fmt.Sprintf("%s is still let in by %s", e.Login, by.By)}
	case !ok || refused.Stage != target.StageAuth:
		return err
	case asked && unasked:
		err = &diag.Error{Summary: fmt.Sprintf("sshd still asks %s for a password", e.Login)}
	default:
		return nil
	}
	return diag.Of(err).WithHint("a Match block of sshd_config may set another value, which is shown there by: sshd -T -C user=%s,host=localhost,addr=127.0.0.1; or an option that sshd was started with, shown by: ps -C sshd -o args", e.Login)
}
