// Package event is the one stream of what happens in a run. The terminal,
// --json, the store and the traces all feed from it; nothing else prints.
//
// It is a leaf of the engine.
package event

import (
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// Kind says what happened.
type Kind string

// The kinds of events, in the order of a run.
const (
	RunStarted   Kind = "run.started"
	HostStarted  Kind = "host.started"  // work on a host begins
	HostLimited  Kind = "host.limited"  // sudo allows only some commands as another user; Text says which
	HostReached  Kind = "host.reached"  // it is connected
	HostPlanned  Kind = "host.planned"  // its plan is known
	HostFailed   Kind = "host.failed"   // Err says why; the host takes no further part
	HostRefused  Kind = "host.refused"  // while applying: Err says why it is left as it is
	HostWarned   Kind = "host.warned"   // Err says what of the runbook no longer fits the host, or what a guard has put back there
	HostWaits    Kind = "host.waits"    // while applying: Text says for what of other hosts
	Plan         Kind = "plan"          // the plan as a whole; only of Lines
	UnitStarted  Kind = "unit.started"  // about to act
	UnitNoted    Kind = "unit.noted"    // Text says what it waits for or does; while planning, too
	UnitOutput   Kind = "unit.output"   // Text is lines that its program printed on Stream, as it did
	UnitFinished Kind = "unit.finished" // Status, Action, Err
	Printed      Kind = "printed"       // a runbook's print()
	HostStopped  Kind = "host.stopped"  // Err says why its play goes no further, though no unit of it failed
	HostFinished Kind = "host.finished" // apply is through with a host
	Recap        Kind = "recap"         // the counts of all hosts; only of Lines
	RunFinished  Kind = "run.finished"
	// HostOnboarded is of froyo onboard, after the run: Text says how the host is reached from then on.
	HostOnboarded Kind = "host.onboarded"
)

// Event is one thing that happened. Fields that do not fit its kind are zero.
type Event struct {
	Kind   Kind
	Time   time.Time
	Host   string
	Play   string
	Unit   unit.ID
	Pos    diag.Pos
	Action abi.Action
	Status unit.Status
	// Reason says why a unit was skipped or had nothing to do.
	Reason  string
	Elapsed time.Duration
	Text    string
	// Stream is stdout or stderr.
	Stream string
	Err    error
	// Output is what the programs of a unit printed, nil where it ran none.
	Output *output.Output
	// Open says that the unit was not executed yet, or that its outcome is unknown:
	// Status is only this run's view.
	Open bool
	// Ignored says that the unit failed and the host continues all the same.
	Ignored bool
	// Unreachable tells the two ways in which a host fails apart.
	Unreachable bool
	// Total is how many units the host has, or hosts the run has.
	Total int
}

// Sink takes events. It must be safe for concurrent use and must not block for long.
type Sink interface {
	Emit(Event)
}

// Tee passes every event on to each sink, in their order.
type Tee []Sink

// Emit implements Sink.
func (t Tee) Emit(e Event) {
	for _, s := range t {
		s.Emit(e)
	}
}

// Func makes a sink of a function.
type Func func(Event)

// Emit implements Sink.
func (f Func) Emit(e Event) { f(e) }
