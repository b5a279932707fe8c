package onboard

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runtime/console"
)

type rollbackCommand struct {
	Host  string `required:"" placeholder:"NAME" complete:"hosts" help:"The target's name, or its address."`
	Login string `name:"user" placeholder:"NAME" help:"Who logs in to restore it, with root's rights; default: who logged in to onboard it. Without a password, the target's user calls what was left there for it."`
	credentials
	Yes bool `short:"y" name:"auto-approve" help:"Do not ask."`
	way `embed:""`
}

// Help gives the command's example.
func (*rollbackCommand) Help() string {
	return `What onboarding changed is as it was before: sshd, the sudo rule, the key, and the user, unless it was there before. The target is
dropped from the list. By itself the target's user calls a script of root's that was left on the host; where --no-rollback left none, it takes
the credentials of somebody who may become root.

Examples:
  froyo onboard rollback --host web1
  froyo onboard rollback --host web1 --user root --password-file -`
}

// Run restores a host.
func (c *rollbackCommand) Run(ctx context.Context, e *console.Console) (err error) {
	if err := e.NeedsTerminal(c.Yes); err != nil {
		return err
	}
	if err := c.check(e); err != nil {
		return err
	}
	s, err := open(e, &c.way)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return registered(ctx, e, func(store state.Store, workspace string, all []state.Target) error {
		t, err := find(all, c.Host)
		if err != nil {
			return err
		}
		entry := &onboard.Entry{Request: onboard.Of(t)}
		if c.Login != "" {
			entry.Login = c.Login
		}
		if entry.Password, err = c.password(e); err != nil {
			return err
		}
		if !c.Yes {
			question := fmt.Sprintf("Restore %s as it was before it was onboarded? %s does not get in by the key %s any more.", t.Name, t.User, entry.Key)
			if slices.Contains(t.LockDown, "disable_password_auth") {
				question += " Passwords let in again."
			}
			if err := e.Approve(ctx, question, "restored"); err != nil {
				return err
			}
		}
		// A password of the environment, which is there for another command, is no wish to do it as root.
		asRoot := c.Login != "" || c.given() > 0 || entry.NoRollback && entry.Password != nil
		if err := s.prover.Rollback(ctx, entry, asRoot); err != nil {
			return blame.Host(t.Name, err)
		}
		if _, err := store.Unregister(ctx, workspace, t.Name); err != nil {
			return err
		}
		if err := note(ctx, store, "onboard rollback", t); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Stdout, "%s is as it was before it was onboarded\n", t.Name)
		return err
	})
}
