// Package apply carries plans out: play by play, hosts in parallel, the units
// of a host in the order of the runbook, or side by side where the play is in
// graph order. Each unit that acts, and each after it, is read again just
// before its turn.
//
// In a play a host's units come first, then the handlers that they called for,
// each once; when all hosts of the play are through, its verify says whether
// they are well.
//
// It imports engine/plan and what that imports.
package apply

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/event"
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

// End is how a unit's turn ended; a Status of "" is that it did not begin after
// all. Outputs is what it offers to later units, nil where none of them reads that.
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
	// End enters how the turns of units ended that acted and changed nothing, or
	// failed, or did not begin.
	End(ctx context.Context, ends ...End) error
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
	// Shares keeps what hosts have still to do; where it is nil, nobody could take that up.
	Shares Shares
	// Stop, once it is closed, lets no further unit begin; what was sent to a host ends.
	Stop <-chan struct{}
	// Forks bounds the hosts at work at once.
	Forks int
	// Run is the run's ID, by which hosts note what they performed. Where it is "", they do not.
	Run string

	loans *loans
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
	e.loans = &loans{}
	s := newScheduler(ctx, e)
	runs := make([]*hostRun, len(hosts))
	for i, h := range hosts {
		runs[i] = newHostRun(e, h)
		if runs[i].last < 0 {
			runs[i].end()
		}
	}
	for index, p := range plays {
		s.play(ctx, index, p, runs)
	}
	sweep(ctx, runs)
	counts := make([]Count, len(runs))
	for i, r := range runs {
		counts[i] = r.count
	}
	return counts
}
