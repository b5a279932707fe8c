package secret

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/runtime/console"
)

type rmCommand struct {
	Name []string `arg:"" complete:"secrets" help:"Names of the secrets."`
	Yes  bool     `short:"y" name:"auto-approve" help:"Do not ask."`
	Keys `embed:""`
}

// Help gives the command's example.
func (*rmCommand) Help() string {
	return `Examples:
  froyo secret rm db/password
  froyo secret rm old/token old/key -y`
}

// Run removes secrets.
func (c *rmCommand) Run(ctx context.Context, e *console.Console) error {
	s, err := c.change(ctx, e)
	if err != nil {
		return err
	}
	for _, name := range c.Name {
		if err := s.Exists(name); err != nil {
			return err
		}
	}
	if !c.Yes {
		if err := e.NeedsTerminal(false); err != nil {
			return err
		}
		if err := e.Approve(ctx, fmt.Sprintf("Remove %s? Runbooks that ask for it fail from then on.", names(c.Name)), "removed"); err != nil {
			return err
		}
	}
	for _, name := range c.Name {
		if err := s.Remove(ctx, name); err != nil {
			return err
		}
		if err := note(ctx, e, "rm", name); err != nil {
			return err
		}
		say(e, "removed "+s.File(name))
	}
	return nil
}
