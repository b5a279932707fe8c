// Package apply carries plans out: play by play, hosts in parallel, the units
// of a host in the order of the runbook, or side by side where the play is in
// graph order. Each unit that acts, and each after it, is read again just
// before it is executed.
//
// In a play a host's units come first, then the handlers that they notified,
// each once; when all hosts of the play are through, its verify says whether
// they are well. A plan is not changed: what becomes known of a host and its
// steps meanwhile is kept beside it.
//
// It imports engine/rollout, engine/sequence, engine/hostlock, engine/runlog,
// engine/plan and what that imports.
package apply

import (
	"context"
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/hostlock"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/unit"
)

// Types are the resource types of a run.
type Types interface {
	// Provider gives the provider of a resource type.
	Provider(ctx context.Context, typ string) (inspect.Provider, error)
	// Complete checks a unit's arguments with the values that are known now, and
	// returns the unit with them. The planned one stays as it is.
	Complete(planned *unit.Unit, values map[string]any) (*unit.Unit, error)
}

// Confirmer asks whether units may act.
type Confirmer interface {
	// Confirm is called just before a unit acts, with its change as it is by then;
	// false leaves the unit out, an error ends the host's part.
	Confirm(ctx context.Context, h *plan.Host, s *plan.Step) (bool, error)
}

// Protector keeps durably which resources must not be removed: each method
// returns once what it was given would survive a power failure.
type Protector interface {
	// Protect returns what it keeps from now on.
	Protect(ctx context.Context, h *plan.Host, units []*unit.Unit) ([]protect.Resource, error)
	Unprotect(ctx context.Context, h *plan.Host, units []*unit.Unit) error
}

// Guard keeps hosts from being cut off.
type Guard interface {
	// Arm has a host keep how one gets in, before the first of steps acts.
	Arm(ctx context.Context, h *plan.Host, steps []*plan.Step) (*guard.Window, error)
	// Prove gets in over a new connection. Else the host puts back what was there, and the error says so.
	Prove(ctx context.Context, w *guard.Window) error
	// Recover waits until the host has put back what was there: the connection to it was lost, of which last tells.
	Recover(ctx context.Context, w *guard.Window, last error) error
}

// Executor applies plans. All fields but Guard, Locker, Confirmer, Pauser, Protector, Queue and Stop must be set.
type Executor struct {
	Types Types
	Log   runlog.RunLog
	// Locker locks hosts before their first change; where it is nil, hosts are
	// changed without a lock.
	Locker hostlock.Locker
	// Guard guards the steps of which the plan says so; where it is nil, none is.
	Guard Guard
	// Confirmer is asked about each unit that acts; nil lets all act.
	Confirmer Confirmer
	// Pauser is asked at pauses; nil lets all continue. What it declines must close Stop.
	Pauser    rollout.Pauser
	Protector Protector
	// Queue keeps what hosts have still to do; where it is nil, no other process could do that.
	Queue    rollout.WorkQueue
	Contents *plan.Contents
	Events   event.Sink
	// Exact refuses a unit whose change is no longer the planned one: a saved plan was reviewed.
	Exact bool
	// Stop, once it is closed, lets no further unit begin; what was sent to a host ends.
	Stop <-chan struct{}
	// Forks bounds the hosts at work at once.
	Forks int
	// Run is the run's ID, by which hosts note what they performed. Where it is "", they do not.
	Run string
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
func (e *Executor) Apply(ctx context.Context, plays []rollout.Play, hosts []*plan.Host) []Count {
	delegates, protections := hostlock.NewDelegates(e.Locker), &protect.Run{}
	runs := make([]*hostRun, len(hosts))
	members := make([]rollout.Member, len(hosts))
	for i, h := range hosts {
		runs[i] = newHostRun(e, h, delegates, protections)
		members[i] = runs[i]
		if runs[i].end.play < 0 {
			runs[i].Finish()
		}
	}
	r := rollout.Rollout{Events: e.Events, Queue: e.Queue, Pauser: e.Pauser, Asks: plan.Pauses(hosts), Stop: e.Stop, Slots: e.Forks}
	r.Run(ctx, plays, members)
	adopt(ctx, runs)
	counts := make([]Count, len(runs))
	for i, r := range runs {
		counts[i] = r.count
	}
	return counts
}

// adopt locks the hosts that the run had changed before it was broken off, and
// that it did not need to change again: so their runners belong to the run, and
// remove its journal as they end.
func adopt(ctx context.Context, runs []*hostRun) {
	var all sync.WaitGroup
	for _, r := range runs {
		if r.own.err != nil || !r.lock.Needed() {
			continue
		}
		for _, s := range r.plan.Steps() {
			if s.Done && s.On == nil && !r.passed[s.Unit.ID] {
				all.Go(func() { r.lock.Adopt(ctx, s) })
				break
			}
		}
	}
	all.Wait()
}
