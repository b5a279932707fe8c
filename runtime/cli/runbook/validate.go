package runbook

import (
	"context"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Validate is froyo validate.
type Validate struct {
	File      string   `arg:"" optional:"" complete:"files:star" help:"Runbook; default: site.star."`
	Inventory []string `short:"i" sep:"none" placeholder:"FILE|h1,h2," complete:"files" help:"Inventory, as for plan."`
	Limit     string   `short:"l" placeholder:"SELECTOR" complete:"selector" help:"Only these hosts, as for plan."`
	flags.Vars
	Vault flags.Vault `embed:""`
	flags.Units
}

// Help gives the command's example.
func (*Validate) Help() string {
	return `Evaluates the runbook for every host of the inventory, with the facts that earlier runs stored. Where a fact is
missing, that host is checked up to there.

Examples:
  froyo validate
  froyo validate web.star -i hosts.ini -e port=8080`
}

// Run evaluates the runbook for each host without connecting to any.
func (c *Validate) Run(ctx context.Context, e *console.Console) (err error) {
	l, err := client.Load(ctx, e, &flags.Planning{
		File: c.File, Target: flags.Target{Inventory: c.Inventory, Limit: c.Limit, Login: flags.Login{Vault: c.Vault}}, Vars: c.Vars, Units: c.Units,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	all, err := l.Offline(ctx)
	if err != nil {
		return err
	}
	units := 0
	for _, w := range all {
		for _, play := range w.Plays {
			for range play.All() {
				units++
			}
		}
	}
	l.NoteTargets()
	_, err = fmt.Fprintf(e.Stdout, "%s is valid: %s, %s, %s\n", ui.Readable(l.Job.Spec.Main), wording.Plural(len(l.Job.Plays()), "play"),
		wording.Plural(len(l.Job.Hosts()), "host"), wording.Plural(units, "unit"))
	return err
}
