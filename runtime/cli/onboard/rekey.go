package onboard

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/onboard"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type rekeyCommand struct {
	Host  string `required:"" placeholder:"NAME" complete:"hosts" help:"The target's name, or its address."`
	Key   string `default:"default-ed25519" placeholder:"KEY" complete:"files" help:"The key that lets the target's user in from then on: one of froyo key list (default-ed25519), or the file of a private key."`
	doing `embed:""`
	way   `embed:""`
}

// Help gives the command's example.
func (*rekeyCommand) Help() string {
	return `The key is added beside the one that the target has. It has to let in over a new connection, and sudo to allow what it did. Only then the target
is registered with it, and the old key goes. A second time goes on from where it was interrupted. To give all targets of a key another: froyo key rotate NAME.

Examples:
  froyo key new web-ed25519
  froyo onboard rekey --host web1 --key web-ed25519
  froyo onboard rekey --host web1 --key web-ed25519 --dry-run`
}

// Run gives a target another key.
func (c *rekeyCommand) Run(ctx context.Context, e *console.Console) error {
	if err := c.check(e); err != nil {
		return err
	}
	var t *state.Target
	err := registered(ctx, e, func(_ state.Store, _ string, all []state.Target) (err error) {
		t, err = find(all, c.Host)
		return err
	})
	if err != nil {
		return err
	}
	return opened(e, &c.way, c.words(), func(s *session) error { return c.rekey(ctx, s, t) })
}

// rekey does so with a target.
func (c *rekeyCommand) rekey(ctx context.Context, s *session, t *state.Target) (err error) {
	entry := &onboard.Entry{Request: onboard.Of(t), HostKey: t.HostKey}
	now := entry.Key
	if entry.Key, err = s.key(ctx, c.Key); err != nil {
		return err
	}
	if err := c.asks(s.console); err != nil {
		return err
	}
	s.prover.Register = func(ctx context.Context, changed state.Target) error {
		changed.Since = t.Since
		return s.record(ctx, changed, "onboard rekey")
	}
	line := fmt.Sprintf("froyo onboard rekey --host %s --key %s", wording.Quote(t.Name), wording.Quote(c.Key))
	if err := s.carry(ctx, []*onboard.Entry{entry}, book{onboard.RekeyBook, onboard.Rekeyed(entry, now)}, &c.doing, &c.way, line); err != nil || c.DryRun || c.JSON {
		return err
	}
	_, err = fmt.Fprintf(s.console.Stdout, "%s lets %s in by the key %s\n", ui.Readable(t.Name), t.User, ui.Readable(entry.Key.String()))
	return err
}
