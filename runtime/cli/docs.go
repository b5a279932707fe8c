package cli

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

type docsCommand struct {
	Page string `arg:"" optional:"" enum:"reference,events" default:"reference" help:"reference: resource types, facts and the language (default). events: the lines of --json and --json-into."`
}

// Help gives the command's example.
func (*docsCommand) Help() string {
	return `Examples:
  froyo docs >docs/reference.md
  froyo docs events >docs/events.md`
}

// Run prints a page that is made from schemas and code.
func (c *docsCommand) Run(ctx context.Context, e *console.Console) error {
	if c.Page == "events" {
		return event.Reference(e.Stdout)
	}
	p, err := wire.Types(ctx, "")
	if err != nil {
		return err
	}
	err = reference.Markdown(e.Stdout, p.Packages(), resource.MetaFields())
	if err == nil {
		err = facts.Reference(e.Stdout)
	}
	if err == nil {
		err = builtins.Reference(e.Stdout)
	}
	return errors.Join(err, p.Close(ctx))
}
