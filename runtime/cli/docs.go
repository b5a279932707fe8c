package cli

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/schema"
)

type docsCommand struct{}

// Help gives the command's example.
func (*docsCommand) Help() string {
	return `Example:
  froyo docs >docs/reference.md`
}

// Run prints the reference of resources and facts, made from their schemas, and of the language.
func (*docsCommand) Run(ctx context.Context, e *env) error {
	p, err := loadPackages(ctx, "")
	if err != nil {
		return err
	}
	err = schema.Reference(e.Stdout, p.schemas, builtins.MetaFields())
	if err == nil {
		err = facts.Reference(e.Stdout)
	}
	if err == nil {
		err = builtins.Reference(e.Stdout)
	}
	return errors.Join(err, p.close(ctx))
}
