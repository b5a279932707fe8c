// Package plan is the plan of a run as data: what each host is going to have
// changed, by which units, in which order, and how sure that is.
//
// A plan is made by engine/planning and is read-only from then on: what becomes
// of it while it is applied is kept elsewhere. It imports the engine's leaves,
// engine/inventory, and the contracts of providers and runner.
package plan

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/runner/op"
)

// Host is the plan of one host with all that apply needs to carry it out.
type Host struct {
	Host   *inventory.Host
	Target Target
	// Plays holds the host's plays by their index.
	Plays map[int]*Play
	Facts facts.Set // what is known of it; nil where it did not answer
	// Inputs is what the evaluation learned from outside, as canonical JSON.
	Inputs json.RawMessage
	// PendingHandlers are those that earlier runs left on the host, by play.
	PendingHandlers map[string][]PendingHandler
	// Orphaned are those of them that no handler of this plan runs.
	Orphaned []PendingHandler
	// Protections are what must not be removed from the host.
	Protections *protect.Set
	// Looks are the questions that the runbook put to the host while it was evaluated.
	Looks []Look
	// Warnings are remarks on the runbook that do not keep it from running.
	Warnings []*diag.Error
	// Err is why the host has no plan.
	Err error
}

// Look is a question that a runbook put to a host while it was evaluated.
type Look struct {
	Pos diag.Pos
	// After is how many units of the host were declared before it.
	After int
	Op    op.Op
	User  string
	// Digest is of the answer, "" where that cannot be compared with a later one.
	Digest string
}

// ReadLater is what to do where a runbook looked at what a unit of its own changes later.
const ReadLater = "to read when the unit is executed, use when = lambda: host.stat(...) or later(lambda: ...)"

// MachineID identifies the machine behind the name, or "" where it is not known.
func (h *Host) MachineID() string { return h.Facts.MachineID() }

// Steps ranges over the steps of all plays of the host, each with its play's index.
func (h *Host) Steps() iter.Seq2[int, *Step] {
	return func(yield func(int, *Step) bool) {
		for _, index := range slices.Sorted(maps.Keys(h.Plays)) {
			for s := range h.Plays[index].All() {
				if !yield(index, s) {
					return
				}
			}
		}
	}
}

// Begun reports whether the host takes part when the plan is applied.
func (h *Host) Begun() bool { return h.Err == nil && len(h.Unplanned()) == 0 }

// Unplanned returns the steps that could not be planned and for which the host is therefore
// not begun. Others may fail: those that are skipped or dormant as things stand, rescues, and
// units whose failure is ignored. A step whose outcome is unknown, of a run that is resumed,
// is decided at its turn.
func (h *Host) Unplanned() []*Step {
	var steps []*Step
	for _, s := range h.Steps() {
		if s.Err != nil && !s.Skip && !s.Dormant && !s.Rescue && !s.OutcomeUnknown() && !s.Unit.Failure.Ignore {
			steps = append(steps, s)
		}
	}
	return steps
}
