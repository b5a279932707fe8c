package key

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
)

type rmCommand struct {
	Name  string `arg:"" name:"key" complete:"keys" help:"Name of the key."`
	Yes   bool   `short:"y" name:"auto-approve" help:"Do not ask."`
	Opens `embed:""`
}

// Help gives the command's example.
func (*rmCommand) Help() string {
	return `Both halves go. A key by which froyo gets into hosts, of the workspace's inventory or onboarded, is not removed, and neither is one whose
rotation is unfinished. Hosts that take it still do: it stays in their authorized_keys.

Examples:
  froyo key rm web-ed25519
  froyo key rm web-ed25519 -y`
}

// Run removes a key.
func (c *rmCommand) Run(ctx context.Context, e *console.Console) error {
	k, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	if err := k.Removable(ctx, c.Name); err != nil {
		return err
	}
	if err := c.unused(ctx, e); err != nil {
		return err
	}
	if !c.Yes {
		if err := e.NeedsTerminal(false); err != nil {
			return err
		}
		if err := e.Approve(ctx, fmt.Sprintf("Remove %s? Hosts that take it can be reached by it no more.", c.Name), "removed"); err != nil {
			return err
		}
	}
	if err := k.Remove(ctx, c.Name); err != nil {
		return err
	}
	if err := note(ctx, e, "rm", c.Name); err != nil {
		return err
	}
	say(e, "removed "+k.File(c.Name))
	return nil
}

// unused refuses a key that hosts are reached by.
func (c *rmCommand) unused(ctx context.Context, e *console.Console) error {
	w, err := here.Workspace(e)
	if err != nil {
		return err
	}
	inv, err := flags.Load(ctx, e, w, nil, &flags.Vault{})
	if err != nil || inv == nil {
		return err
	}
	var hosts []*inventory.Host
	for _, h := range inv.Hosts() {
		if h.PrivateKey != nil && h.PrivateKey.Key == c.Name {
			hosts = append(hosts, h)
		}
	}
	if len(hosts) == 0 {
		return nil
	}
	first := hosts[0]
	d := &diag.Error{Summary: fmt.Sprintf("%s is the key of %s: %s; it was not removed", c.Name, wording.Plural(len(hosts), "host"), names(hosts)), Pos: first.PrivateKey.Pos}
	if first.PrivateKey.Pos.File == source.RegisteredBy {
		d.Pos = diag.Pos{}
		return d.WithHint("give them another one: froyo onboard rekey --host %s --key NAME", first.Name)
	}
	return d.WithHint("name another one there; all hosts: froyo inventory list")
}
