package cli

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/schema/reference"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/wire"
)

type docsCommand struct{}

// Help gives the command's example.
func (*docsCommand) Help() string {
	return `Example:
  froyo docs >docs/reference.md`
}

// Run prints the reference of resources and facts, made from their schemas, and of the language.
func (*docsCommand) Run(ctx context.Context, e *console.Console) error {
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
