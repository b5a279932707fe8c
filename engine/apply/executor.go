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
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// Change is one unit's turn, to be kept: what it was before and after.
type Change struct {
	Host      string
	MachineID string
	Play      string
	Unit      *unit.Unit
	Status    unit.Status
	Change    *abi.Change
	// On is the host that was changed, where that is another one.
	On *plan.Host
	// Notify names the play's handlers that are owed for it from now on.
	Notify []string
	// Outputs is what the unit offers to later ones, nil where none of them reads that.
	Outputs  codec.Raw
	Contents *plan.Contents
}

// Debt is handlers of a play that are owed on a host.
type Debt struct {
	Host      string
	MachineID string
	Play      string
	Handlers  []string
	Time      time.Time
}

// Beginning is units of a host that are about to act, with the handlers that
// they may call for and that are not owed yet.
type Beginning struct {
	Debt
	Units []unit.ID
}

// End is how a unit's turn ended. Outputs is what it offers to later units,
// nil where none of them reads that.
type End struct {
	Unit    *unit.Unit
	Status  unit.Status
	Outputs codec.Raw
}

// Ledger keeps durably what is under way and which handlers are owed: each
// method returns once what it was told would survive a power failure. A change
// that is recorded ends its unit's turn and enters its own handlers.
type Ledger interface {
	// Begin enters that units are about to act, and the handlers that they may call for.
	Begin(ctx context.Context, b Beginning) error
	// End enters how the turn of a unit ended that acted and changed nothing, or failed.
	End(ctx context.Context, e End) error
	// Withdraw strikes off what was presumed and then was not called for.
	Withdraw(ctx context.Context, d Debt) error
	// Deliver strikes off handlers that ran and that were called for before
	// Time, when they began. Where the process dies before, they run once more.
	Deliver(ctx context.Context, d Debt) error
}

// Executor applies plans. All fields but Protector, Confirm, Lease and Stop must be set.
type Executor struct {
	// Provider gives the provider of a resource type.
	Provider func(ctx context.Context, typ string) (plan.Provider, error)
	// Complete checks a unit's arguments with the values that are known now,
	// and stores them in the unit.
	Complete func(u *unit.Unit, values map[string]any) error
	// Record keeps changes durably, with the handlers that are owed for them; it
	// returns before they are reported.
	Record   func(ctx context.Context, changes ...Change) error
	Ledger   Ledger
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
	// Protector keeps what must not be removed. It may be nil.
	Protector Protector
	// Stop, once it is closed, lets no further unit begin; what was sent to a host ends.
	Stop <-chan struct{}
	// Forks bounds the hosts at work at once.
	Forks int
	// Run is the run's ID, by which hosts note what they performed. Where it is "", they do not.
	Run string

	loans loans
}

// Play is a play to be carried out, by its index among the plans' plays.
type Play struct {
	Name string
	// Hosts names those that it selects, also where they have no plan.
	Hosts []string
	// Batch is how many hosts are at work before any other begins, one size after
	// the other, the last of which repeats; empty is all at once.
	Batch []unit.Size
	// MaxFail stops the play before its next batch where more hosts have failed or
	// could not be reached; nil never does.
	MaxFail *unit.Size
}

// Count is a host's line in the recap.
type Count struct {
	Host                                      string
	OK, Changed, Unreachable, Failed, Skipped int
	// Ignored counts units that failed and let their host go on.
	Ignored int `json:",omitempty"`
}

// Apply carries out the plays in their order; every host finishes a play
// before any begins the next. It returns one count per host, in their order,
// and never stops a host because of another, but for those whose play's verify
// failed somewhere, or of which too many failed.
func (e *Executor) Apply(ctx context.Context, plays []Play, hosts []*plan.Host) []Count {
	runs := make([]*hostRun, len(hosts))
	for i, h := range hosts {
		runs[i] = newHostRun(e, h)
		if runs[i].last < 0 {
			runs[i].end()
		}
	}
	for index, p := range plays {
		e.play(ctx, index, p, runs)
	}
	counts := make([]Count, len(runs))
	for i, r := range runs {
		counts[i] = r.count
	}
	return counts
}

// play carries out one play, batch by batch.
func (e *Executor) play(ctx context.Context, index int, p Play, all []*hostRun) {
	var runs, selected []*hostRun
	named := make(map[string]bool, len(p.Hosts))
	for _, name := range p.Hosts {
		named[name] = true
	}
	for _, r := range all {
		if named[r.host.Host.Name] {
			selected = append(selected, r)
		}
		if part := r.host.Plays[index]; part != nil {
			runs = append(runs, r)
			r.begin(p.Name, part)
		}
	}
	done := 0
	for _, n := range batches(len(runs), p.Batch) {
		if stopped := e.halt(p, selected, runs[done:]); stopped != nil {
			for _, r := range runs[done:] {
				r.stay(stopped)
			}
			break
		}
		e.batch(ctx, index, runs[done:done+n])
		stop(p.Name, runs[done:done+n])
		done += n
	}
	for _, r := range runs {
		if index == r.last {
			r.end()
		}
	}
}

// batch carries out a play's part on some of its hosts: their units and
// handlers, and when all are through, verify. A host that has nothing more to
// do then says so at once.
func (e *Executor) batch(ctx context.Context, index int, runs []*hostRun) {
	verifies := slices.ContainsFunc(runs, func(r *hostRun) bool { return len(r.play.Verify) > 0 })
	e.each(runs, func(r *hostRun) {
		r.units(ctx)
		if index == r.last && !verifies {
			r.end()
		}
	})
	if verifies {
		e.each(runs, func(r *hostRun) { r.run(ctx, r.play.Verify) })
	}
}

// halt is why a play does not go on to the hosts that are left: its verify
// failed, or too many of its hosts did. nil is that it does.
func (e *Executor) halt(p Play, selected, left []*hostRun) *diag.Error {
	if len(left) == len(selected) && p.MaxFail == nil {
		return nil
	}
	var bad, unverified []string
	for _, r := range selected {
		if r.err != nil {
			bad = append(bad, r.host.Host.Name)
		}
		if r.unverified {
			unverified = append(unverified, r.host.Host.Name)
		}
	}
	switch {
	case len(unverified) > 0:
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: its verify failed on %s", p.Name, inventory.FoldNames(unverified))}
	case p.MaxFail != nil && len(bad) > p.MaxFail.Down(len(p.Hosts)):
		return &diag.Error{Summary: fmt.Sprintf("play %q stopped before this host: %d of its %d hosts failed or could not be reached (%s), and max_fail is %s",
			p.Name, len(bad), len(p.Hosts), inventory.FoldNames(bad), p.MaxFail)}
	}
	return nil
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
		r.Events.Emit(event.Event{Kind: event.HostStopped, Host: r.host.Host.Name, Play: play, Err: r.err})
	}
}
