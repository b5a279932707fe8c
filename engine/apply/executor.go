// Package apply carries plans out: play by play, hosts in parallel, the units
// of a host in the order of the runbook. Each unit that acts, and each after
// it, is read again just before its turn.
//
// In a play a host's units come first, then the handlers that they called for,
// each once; when all hosts of the play are through, its verify says whether
// they are well.
//
// It imports engine/plan and what that imports.
package apply

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Change is one unit's turn, to be kept: what it was before and after.
type Change struct {
	Host      string
	MachineID string
	Play      string
	Unit      *unit.Unit
	Status    unit.Status
	Change    *abi.Change
	Contents  *plan.Contents
}

// Executor applies plans. All fields but Confirm, Lease and Stop must be set.
type Executor struct {
	// Provider gives the provider of a resource type.
	Provider func(ctx context.Context, typ string) (plan.Provider, error)
	// Complete checks a unit's arguments with the values that are known now,
	// and stores them in the unit.
	Complete func(u *unit.Unit, values map[string]any) error
	// Record keeps a change durably; it returns before the change is reported.
	Record   func(ctx context.Context, c Change) error
	Contents *plan.Contents
	Events   event.Sink
	// Exact refuses a unit whose change is no longer the planned one: a saved plan was reviewed.
	Exact bool
	// Confirm is asked just before a unit acts, with its change as it is by then;
	// false leaves the unit out, an error ends the host's part. It may be nil.
	Confirm func(ctx context.Context, h *plan.Host, s *plan.Step) (bool, error)
	// Lease gives what a host is taken with, just before its first change, which
	// is s's; an error leaves the host alone. Where it is nil, hosts are changed
	// without a lease.
	Lease func(ctx context.Context, h *plan.Host, s *plan.Step) (*Lease, error)
	// Stop, once it is closed, lets no further unit begin; what was sent to a host ends.
	Stop <-chan struct{}
	// Forks bounds the hosts at work at once.
	Forks int
}

// Count is a host's line in the recap.
type Count struct {
	Host                                      string
	OK, Changed, Unreachable, Failed, Skipped int
}

// Apply carries out the plays in their order; every host finishes a play
// before any begins the next. It returns one count per host, in their order,
// and never stops a host because of another, but for those whose play's verify
// failed somewhere.
func (e *Executor) Apply(ctx context.Context, plays []string, hosts []*plan.Host) []Count {
	runs := make([]*hostRun, len(hosts))
	for i, h := range hosts {
		runs[i] = newHostRun(e, h)
		if runs[i].last < 0 {
			runs[i].end()
		}
	}
	for index, name := range plays {
		e.play(ctx, index, name, runs)
	}
	counts := make([]Count, len(runs))
	for i, r := range runs {
		counts[i] = r.count
	}
	return counts
}

// play carries out one play on all of its hosts.
func (e *Executor) play(ctx context.Context, index int, name string, all []*hostRun) {
	var runs []*hostRun
	verified := false
	for _, r := range all {
		if p := r.host.Plays[index]; p != nil {
			runs = append(runs, r)
			r.begin(name, p)
			verified = verified || len(p.Verify) > 0
		}
	}
	e.each(runs, func(r *hostRun) {
		r.units(ctx)
		if index == r.last && !verified {
			r.end()
		}
	})
	if !verified {
		return
	}
	e.each(runs, func(r *hostRun) { r.run(ctx, r.play.Verify) })
	stop(name, runs)
	for _, r := range runs {
		if index == r.last {
			r.end()
		}
	}
}

// each has work done for hosts, as many at once as may be.
func (e *Executor) each(runs []*hostRun, work func(*hostRun)) {
	var g errgroup.Group
	g.SetLimit(max(1, e.Forks))
	for _, r := range runs {
		g.Go(func() error {
			work(r)
			return nil
		})
	}
	_ = g.Wait() // no worker returns an error
}

// stop takes all hosts of a play out of the run where its verify failed on one
// of them: what was rolled out is not well.
func stop(play string, runs []*hostRun) {
	var bad []string
	for _, r := range runs {
		if r.unverified {
			bad = append(bad, r.host.Host.Name)
		}
	}
	if len(bad) == 0 {
		return
	}
	for _, r := range runs {
		if r.err != nil {
			continue
		}
		r.err = (&diag.Error{
			Summary: fmt.Sprintf("verify of play %q failed on %s, so the play stops here as well", play, strings.TrimSpace(inventory.FoldNames(bad))),
			Host:    r.host.Host.Name, Code: diag.Failed,
		}).WithHint("what was changed stays; once it is well, the same run does the rest")
		r.count.Failed++
	}
}
