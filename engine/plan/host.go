// Package plan finds out what a run would change: it evaluates the runbook
// for each host, reads the host, asks the providers for the difference, and
// holds the answer as data that can be read, saved, compared and applied.
//
// It imports the engine's leaves, engine/inventory, and the contracts of
// providers and runner.
package plan

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// Target is a host that can be worked with; *dial.Session is one.
type Target interface {
	// Do performs independent reading steps, all in one round trip.
	Do(ctx context.Context, steps []dial.Step) ([]op.Result, error)
	// Run performs a sequence and stops at the first step that fails or surprises.
	Run(ctx context.Context, steps []dial.Step) ([]dial.Outcome, error)
}

// Provider answers for resource types; a loaded guest is one.
type Provider interface {
	// Call asks once; what it cannot answer stands in its replies, an error means that no answer is possible.
	Call(ctx context.Context, reqs []abi.Request) ([]abi.Reply, error)
	// Run repeats the call, performing what the requests need, until none needs more.
	// The ops and results it passes are indexed as reqs.
	Run(ctx context.Context, reqs []abi.Request, perform Perform) ([]abi.Reply, error)
}

// Perform carries out the ops that requests need.
type Perform = func(ctx context.Context, ops [][]op.Op) ([][]op.Result, error)

// Host is the plan of one host with all that apply needs to carry it out.
type Host struct {
	Host   *inventory.Host
	Target Target
	// Plays holds the host's plays by their index.
	Plays map[int]*Play
	Facts *op.FactsResult
	// Inputs is what the evaluation learned from outside, as canonical JSON.
	Inputs json.RawMessage
	// Owed holds what earlier runs left owed on the host, by play.
	Owed map[string][]Owed
	// Unclaimed is what of that no handler of this plan delivers.
	Unclaimed []Owed
	// Protections are what must not be removed from the host.
	Protections *Protections
	// Warnings are remarks on the runbook that do not keep it from running.
	Warnings []*diag.Error
	// Err is why the host has no plan.
	Err error
}

// MachineID identifies the machine behind the name, or "" where it is not known.
func (h *Host) MachineID() string {
	if h.Facts == nil || h.Facts.OSBasic == nil {
		return ""
	}
	return h.Facts.OSBasic.MachineID
}

// Certainty says how sure a planned change is.
type Certainty string

// The certainties.
const (
	// Sure: the change happens unless the host changes first.
	Sure Certainty = ""
	// Conditional: it happens if the unit's when says so at its turn.
	Conditional Certainty = "conditional"
	// Unknown: all that might differ is known only after apply.
	Unknown Certainty = "unknown"
)

// Step is one unit with what it found and what it would do.
type Step struct {
	Unit *unit.Unit
	// On is the host that the unit acts on, where that is another one; its Err says
	// why it could not be reached.
	On *Host
	// Actual is the provider's view of the present, Reads how it came by it.
	Actual codec.Raw
	Reads  []abi.Entry
	Change *abi.Change
	// Args are the unit's, but with the fields in Ignored as they are on the host,
	// since their differences do not count; nil where there are none.
	Args    codec.Raw
	Ignored []string
	// Protections are those of the host that the step is about.
	Protections *Protections
	// May holds what else the unit may do at its turn, where it has nothing to
	// do as things stand and these may be others by then.
	May []abi.Effect
	// Certainty grades Change. Skip says that its condition is false as things
	// stand, Dormant that it belongs to a handler that nothing calls for.
	Certainty Certainty
	Skip      bool
	Dormant   bool
	// Rescue says that it runs only where another unit has failed.
	Rescue bool
	// Once names the host on which the unit is done for all of its play; "" is
	// that each does it.
	Once string
	// Owed says since when the step's handler is owed, where an earlier run left it so.
	Owed *Owed
	// Stirred says that a unit whose result this one reads is going to change.
	Stirred bool
	// Err is why the unit cannot be planned.
	Err *abi.Error
	// Done says that the unit has had its turn already, in the run that is gone on with;
	// Interrupted is when it began, where nobody knows how that ended.
	Done        bool
	Interrupted time.Time
	// Testified says that the step is done because the host's journal says so.
	Testified bool

	progress *Progress // nil where nothing is known of it
}

// Acts reports whether apply has something to run for the step.
func (s *Step) Acts() bool {
	return !s.Done && !s.Skip && !s.Dormant && !s.Elsewhere() && s.Change != nil && s.Change.Action != abi.None
}

// Pending reports whether the step counts as a change that is still to be made.
func (s *Step) Pending() bool {
	return s.Acts() && s.Change.Action != abi.Probe && s.Certainty != Unknown
}

// Request asks for a verb on the step's unit.
func (s *Step) Request(verb abi.Verb) abi.Request {
	r := abi.Request{Type: s.Unit.ID.Type, Verb: verb, Unit: s.Unit.Args, Unknown: unknownFields(s.Unit)}
	if verb == abi.Read || verb == abi.May {
		return r
	}
	r.Actual = s.Actual
	if s.Args != nil {
		r.Unit = s.Args
		r.Unknown = slices.DeleteFunc(r.Unknown, func(field string) bool { return slices.Contains(s.Ignored, field) })
	}
	return r
}
