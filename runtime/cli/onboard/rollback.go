package onboard

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type rollbackCommand struct {
	Host  string `required:"" placeholder:"NAME" complete:"hosts" help:"The target's name, or its address. With --user also the address of a host that is no target, such as one where onboarding failed."`
	Port  int    `placeholder:"N" help:"Its port of SSH, where it is no target (22), or where it was moved since and --host is its name."`
	Login string `name:"user" placeholder:"NAME" help:"Who logs in to restore it, with root's rights; default: who logged in to onboard it. Without it and a password, the target's user calls what was left there for it."`
	Key   string `placeholder:"KEY" complete:"files" help:"The key that lets --user in: one of froyo key list, or the file of a private key. A password is that of sudo then."`
	credentials
	Yes    bool `short:"y" name:"auto-approve" help:"Do not ask."`
	DryRun bool `short:"C" name:"dry-run" help:"Only show what would change."`
	way    `embed:""`
}

// Help gives the command's example.
func (*rollbackCommand) Help() string {
	return `What onboarding put on the host goes: its lines in sshd_config, the sudo rule, the key, and the user, unless it was there before. What others
changed since stays; where its own was changed, that is named, and nothing is done. The target is dropped from the list. By itself the target's
user calls a script of root's that was left on the host; where --no-rollback left none, it takes the credentials of somebody who may become
root. So does a host that is no target: it is restored by what lies there.

Examples:
  froyo onboard rollback --host web1
  froyo onboard rollback --host web1 --dry-run
  froyo onboard rollback --host web1 --user root --password-file -
  froyo onboard rollback --host web1 --user root --key ~/.ssh/id_ed25519
  froyo onboard rollback --host 10.0.0.42 --user root`
}

// Run restores a host.
func (c *rollbackCommand) Run(ctx context.Context, e *console.Console) error {
	if err := c.checked(e); err != nil {
		return err
	}
	return opened(e, &c.way, c.words(), func(s *session) error {
		return registered(ctx, e, func(store state.Store, workspace string, all []state.Target) error {
			entry, t, err := c.entry(ctx, s, all)
			if err != nil {
				return err
			}
			if err := e.NeedsTerminal(c.Yes || c.DryRun); err != nil {
				return err
			}
			if t != nil && !c.DryRun {
				if err := here.Auditable(ctx, s.workspace); err != nil {
					return err
				}
			}
			if done, err := c.restore(ctx, s, entry); err != nil || !done {
				return err
			}
			if t != nil {
				if _, err := store.Unregister(ctx, workspace, t.Name, note("onboard rollback", t)); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(e.Stdout, "%s is as it was before it was onboarded\n", entry.Name)
			return err
		})
	})
}

// checked refuses flags that cannot be.
func (c *rollbackCommand) checked(e *console.Console) error {
	if c.Port < 0 || c.Port > 65535 {
		return &diag.Error{Summary: fmt.Sprintf("--port %d is not between 1 and 65535", c.Port)}
	}
	if c.Key != "" && c.Login == "" {
		return (&diag.Error{Summary: "--key lets --user in, which is not given"}).WithHint("add --user root")
	}
	return c.check(e)
}

// entry is the host that is meant, and the target, nil where it is none.
func (c *rollbackCommand) entry(ctx context.Context, s *session, all []state.Target) (*onboard.Entry, *state.Target, error) {
	t, err := findAt(all, c.Host, c.Port)
	entry := &onboard.Entry{}
	switch {
	case err == nil:
		entry.Request = onboard.Of(t)
	case errors.Is(err, errSeveral), c.Login == "" && len(all) > 0 && strings.HasPrefix(diag.Of(err).Hint, "did you mean"):
		return nil, nil, err
	case c.Login == "":
		at := (&onboard.Request{Address: c.Host, Port: c.Port}).Place()
		return nil, nil, diag.Of(err).WithHint("where onboarding did not come to its end: froyo onboard rollback --host %s --user root", at)
	default:
		address := strings.TrimSuffix(strings.TrimPrefix(c.Host, "["), "]")
		entry.Request = onboard.Request{Name: address, Address: address, Port: c.Port}
		if err := entry.CheckAddress(); err != nil {
			return nil, nil, err
		}
	}
	entry.Login, entry.Port = cmp.Or(c.Login, entry.Login), cmp.Or(c.Port, entry.Port)
	if entry.Password, err = c.password(ctx, s.console); err != nil {
		return nil, nil, err
	}
	switch {
	case c.Key != "":
		k, err := s.key(ctx, c.Key)
		entry.LoginKey = &k
		return entry, t, err
	case t != nil && entry.Login == t.User:
		entry.LoginKey = &entry.Key
	}
	return entry, t, nil
}

// restore shows what is done, asks, and does it.
func (c *rollbackCommand) restore(ctx context.Context, s *session, entry *onboard.Entry) (bool, error) {
	// A password of the environment, which is there for another command, is no wish to do it as root.
	as := c.Login != "" || c.given() > 0 || entry.NoRollback && entry.Password != nil
	if as {
		if err := s.prover.Enter(ctx, entry); err != nil {
			return false, blame.Host(entry.Name, err)
		}
	}
	by, text, err := s.prover.Undoing(ctx, entry, as)
	if err != nil {
		return false, blame.Host(entry.Name, err)
	}
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintf(s.console.Stdout, "%s: %s\n", entry.Name, ui.Readable(strings.TrimSuffix(line, "\n"))); err != nil {
			return false, err
		}
	}
	if c.DryRun {
		return false, nil
	}
	if !c.Yes {
		if err := s.console.Approve(ctx, fmt.Sprintf("Restore %s as it was before it was onboarded?", entry.Name), "restored"); err != nil {
			return false, err
		}
	}
	if err := s.prover.Rollback(ctx, entry, by); err != nil {
		return false, blame.Host(entry.Name, err)
	}
	return true, nil
}
