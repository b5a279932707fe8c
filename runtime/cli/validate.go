package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/op"
)

type validateCommand struct {
	File      string   `arg:"" optional:"" help:"Runbook; site.star where left out."`
	Inventory []string `short:"i" sep:"none" placeholder:"FILE|h1,h2," help:"Inventory, as for plan."`
	Limit     string   `short:"l" placeholder:"SELECTOR" help:"Only these hosts, as for plan."`
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
	store, err := j.openStored(ctx)
	if err != nil {
		return err
	}
	defer store.close() //nolint:errcheck // it was only read
	var errs []error
	units := 0
	for _, h := range j.selection.hosts {
		ev, stopped, err := j.evaluate(ctx, h, store)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, play := range ev.Plays {
			for range play.All() {
				units++
			}
		}
		j.env.errors.Warnings(ev.Warnings)
		if stopped != nil {
			fmt.Fprintf(e.Stderr, "%s: %s (%s)\n", h.Name, stopped.Summary, stopped.Detail)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.Stdout, "%s is valid: %d plays, %d hosts, %d units\n", j.main, len(j.selection.names), len(j.selection.hosts), units)
	return err
}

// stored answers what is known of hosts without a connection: the facts that
// earlier runs kept. It implements builtins.Reader.
type stored struct {
	facts state.Hosts // nil where nothing was ever stored
	where string
	close func() error
}

// Facts implements builtins.Reader.
func (s *stored) Facts(ctx context.Context, h *inventory.Host, namespace string) (map[string]any, error) {
	if s.facts == nil {
		return nil, fmt.Errorf("facts of %s: %w", h.Name, builtins.ErrNotKnown)
	}
	facts, err := s.facts.Facts(ctx, s.where, h.Name)
	if err != nil {
		return nil, err
	}
	for _, f := range facts {
		if f.Namespace != namespace || !f.Fresh(time.Now()) {
			continue
		}
		var values map[string]any
		if err := json.Unmarshal(f.Data, &values); err != nil {
			return nil, fmt.Errorf("stored facts of %s: %w", h.Name, err)
		}
		return values, nil
	}
	return nil, fmt.Errorf("facts of %s: %w", h.Name, builtins.ErrNotKnown)
}

// Do implements builtins.Reader: no host is asked.
func (*stored) Do(_ context.Context, h *inventory.Host, _ string, o op.Op) (op.Result, error) {
	return op.Result{}, fmt.Errorf("%s of %s: %w", o, h.Name, builtins.ErrNotKnown)
}

var _ builtins.Reader = (*stored)(nil)
