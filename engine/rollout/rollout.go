// Package rollout decides which host may proceed: how many are at work at once,
// in which batches, and where they wait for each other.
//
// It imports the engine's leaves and engine/inventory.
package rollout

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

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

// Member is a host that takes part in a rollout. One goroutine at a time calls its methods.
type Member interface {
	Name() string
	// Enter sets the member to a play, by its index; nil is that it has no part in it.
	Enter(index int, play string) *Part
	// RunUnits executes the part's units and handlers.
	RunUnits(ctx context.Context, slot *Slot)
	// Verify executes the part's verify, and reports false where it failed.
	Verify(ctx context.Context, slot *Slot) bool
	// Err is why the member takes no further part in the run, or nil.
	Err() error
	// Refuse ends the member's part in the run before anything of the play was done.
	Refuse(err error)
	// Skip leaves a member out that a play stopped before. It has not failed.
	Skip(reason *diag.Error)
	// Stop ends the part of a member in the run that has failed because of others.
	Stop(err *diag.Error)
	// Finish reports that the member has no more to do.
	Finish()
}

// Part is a member's part in a play.
type Part struct {
	Barriers []unit.Barrier
	// Changes says that the play is going to change the host, as far as is known.
	Changes bool
	// Verifies says that the play has a verify.
	Verifies bool
	// Last says that the member has no part in a later play.
	Last bool
	// Done are units that the host did for all of the play before the run was resumed.
	Done []Done
}

// Done is a unit that one host did for all of its play.
type Done struct {
	Host, Unit string
	Outcome    *unit.Outcome
}

// Rollout carries plays out. Queue and Pauser may be nil, and Stop never closed or nil.
type Rollout struct {
	Events event.Sink
	// Queue keeps what hosts have still to do; where it is nil, no other process could do that.
	Queue WorkQueue
	// Pauser is asked at pauses; where it is nil, they only hold hosts together.
	Pauser Pauser
	// Asks are the pauses that it is asked about, by the name of the member and the index of
	// the play; others only hold hosts together.
	Asks map[string]map[int][]unit.Barrier
	// Stop, once it is closed, lets no host wait any longer.
	Stop <-chan struct{}
	// Slots bounds the hosts at work at once.
	Slots int
}

// Run carries out the plays in their order; every member finishes a play before
// any begins the next. A member is never stopped because of another, but for
// those whose play's verify failed somewhere, or of which too many failed.
func (r *Rollout) Run(ctx context.Context, plays []Play, members []Member) {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newScheduler(ctx, r)
	s.unask, s.asks = cancel, r.Asks
	if r.Pauser != nil {
		s.pauser = func(p Pause) bool { return r.Pauser.Pause(asking, p) }
	}
	hosts := make([]*host, len(members))
	for i, m := range members {
		hosts[i] = &host{member: m, name: m.Name()}
	}
	for index, p := range plays {
		s.play(ctx, index, p, hosts)
	}
}

// host is a member with its part in the play at work.
type host struct {
	member Member
	name   string
	part   *Part
	asks   []unit.Barrier // pauses of the play at work
	slot   *Slot          // in the phase at work
	// item is the batch whose work item was claimed, nil where none was.
	item *Batch
	// unverified says that the play's verify failed here.
	unverified bool
}

// play carries out one play, batch by batch.
func (s *scheduler) play(ctx context.Context, index int, p Play, all []*host) {
	s.throttles, s.onces = map[string]*throttle{}, map[string]*once{}
	var hosts, selected []*host
	named := make(map[string]bool, len(p.Hosts))
	for _, name := range p.Hosts {
		named[name] = true
	}
	for _, h := range all {
		h.unverified = false // by the verify of an earlier play
		if named[h.name] {
			selected = append(selected, h)
		}
		if part := h.member.Enter(index, p.Name); part != nil {
			hosts = append(hosts, h)
			h.part, h.asks = part, s.asks[h.name][index]
			s.recall(part.Done)
		}
	}
	done := 0
	for k, n := range Batches(len(hosts), p.Batch) {
		if reason := stopReason(p, selected, hosts[done:]); reason != nil {
			for _, h := range hosts[done:] {
				h.member.Skip(reason)
			}
			break
		}
		batch := hosts[done : done+n]
		s.claim(ctx, Batch{Play: p.Name, Index: k}, batch)
		s.batch(ctx, batch)
		stopUnverified(p.Name, batch)
		done += n
	}
	for _, h := range hosts {
		if h.part.Last {
			h.member.Finish()
		}
	}
}

// batch carries out a play's part on some of its hosts: their units and
// handlers, and when all have ended, verify. A host that has nothing more to
// do then reports so at once.
func (s *scheduler) batch(ctx context.Context, hosts []*host) {
	verifies := slices.ContainsFunc(hosts, func(h *host) bool { return h.part.Verifies })
	s.phase(hosts, func(h *host) {
		h.member.RunUnits(ctx, h.slot)
		if verifies {
			return
		}
		s.release(h)
		if h.part.Last {
			h.member.Finish()
		}
	})
	if verifies {
		s.phase(hosts, func(h *host) {
			h.unverified = !h.member.Verify(ctx, h.slot)
			s.release(h)
		})
	}
}

// Batches splits a number of hosts into the sizes of their batches; the last
// of sizes repeats. Without sizes all hosts are one batch.
func Batches(hosts int, sizes []unit.Size) []int {
	if len(sizes) == 0 || hosts == 0 {
		return []int{hosts}
	}
	var out []int
	for left := hosts; left > 0; {
		n := min(sizes[min(len(out), len(sizes)-1)].Up(hosts), left)
		out = append(out, n)
		left -= n
	}
	return out
}
