package cli

import (
	"context"
	"errors"
	"fmt"
)

type validateCommand struct {
	File      string   `arg:"" optional:"" complete:"files:star" help:"Runbook; site.star where left out."`
	Inventory []string `short:"i" sep:"none" placeholder:"FILE|h1,h2," complete:"files" help:"Inventory, as for plan."`
	Limit     string   `short:"l" placeholder:"SELECTOR" complete:"selector" help:"Only these hosts, as for plan."`
	varFlags
	unitFlags
}

// Help gives the command's example.
func (*validateCommand) Help() string {
	return `Evaluates the runbook for every host of the inventory, with the facts that earlier runs stored. Where a fact is
missing, that host is checked up to there.

Examples:
  froyo validate
  froyo validate web.star -i hosts.ini -e port=8080`
}

// Run evaluates the runbook for each host without connecting to any.
func (c *validateCommand) Run(ctx context.Context, e *env) (err error) {
	j, err := newJob(ctx, e, &runFlags{
		File: c.File, targetFlags: targetFlags{Inventory: c.Inventory, Limit: c.Limit}, varFlags: c.varFlags, unitFlags: c.unitFlags,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.packages.close(ctx), j.dir.Close()) }()
	all, err := j.offline(ctx)
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
	j.noteTargets()
	_, err = fmt.Fprintf(e.Stdout, "%s is valid: %d plays, %d hosts, %d units\n", j.main, len(j.selection.names), len(j.selection.hosts), units)
	return err
}
