package plan

import (
	"slices"
	"time"

	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
)

// Certainty says how sure a planned change is.
type Certainty string

// The certainties.
const (
	// Sure: the change happens unless the host changes first.
	Sure Certainty = ""
	// Conditional: it happens if the unit's when says so when it is executed.
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
	Found
	Change *abi.Change
	// Args are the unit's, but with the fields in Ignored as they are on the host,
	// since their differences do not count; nil where there are none.
	Args    codec.Raw
	Ignored []string
	// Protections are those of the host that the step is about.
	Protections *protect.Set
	// Potential holds what the unit may do when it is executed besides Change, where things
	// may be others by then.
	Potential []abi.Effect
	// Certainty grades Change. Skip says that its condition is false as things
	// stand, Dormant that it belongs to a handler that nothing notifies.
	Certainty Certainty
	Skip      bool
	Dormant   bool
	// Rescue says that it runs only where another unit has failed.
	Rescue bool
	// Once names the host on which the unit is done for all of its play; "" is
	// that each does it.
	Once string
	// PendingHandler is the step's handler, where an earlier run left it pending.
	PendingHandler *PendingHandler
	// Guarded says that the unit is applied under guard: the host takes its change back unless froyo gets in afterwards.
	Guarded bool
	Depending
	// Err is why the unit cannot be planned.
	Err *abi.Error
	Resumed
}

// Depending is what of a step depends on others of its host.
type Depending struct {
	// Awaits names what the unit needs and the host does not have yet, each with what may bring it.
	Awaits []string
	// Joins is the step before it where both write one file, so that what this one writes holds what that
	// one would have written, and both are one write.
	Joins *Step
	// Undecided says why it is not known before the unit is executed whether it acts, although it would as things stand.
	Undecided string
	// InputsChanging says that a unit whose result this one reads is going to change.
	InputsChanging bool
}

// Found is what a step found on its host.
type Found struct {
	// Actual is the provider's view of the present, Reads how it came by it.
	Actual codec.Raw
	Reads  []abi.Entry
	// Real is where the unit's path leads through links in its directories; "" is
	// that it has none.
	Real string
	// Leads are where else its paths lead that lets one in: through links that the run makes, or that there are, and mounts.
	Leads []string
	// Apart is what of a unit that is not guarded must lead to nothing that lets one in; nil where that does not count.
	Apart *Apart
}

// Apart is paths of a unit that must not lead to ways in, through whatever links and mounts: looked at again before it acts, since
// what was done meanwhile may have made some.
type Apart struct {
	// Ways are the ways in, Own the paths of the unit, Whole those of them that mean all that is below.
	Ways, Own, Whole []string
	// Login and Home are whom it is about.
	Login, Home string
}

// Telling reports whether a read tells what the unit has done on the host. Whether there
// is what it needs does not.
func (f *Found) Telling() bool {
	return slices.ContainsFunc(f.Reads, func(r abi.Entry) bool { return r.Op.Need == nil })
}

// Resumed is how far a step had come before its run was interrupted; the zero
// value in a new run.
type Resumed struct {
	// Done says that the unit was executed already and is not executed again.
	Done bool
	// Interrupted is when it began to act, where its outcome is unknown.
	Interrupted time.Time
	// Confirmed says that the step is done because the host's journal says so.
	Confirmed bool
	// Known says that the run had planned the unit on this machine, Planned what it was to do, "" where
	// that was nothing or is not stored, and Began that it began to.
	Known   bool
	Planned abi.Action
	Began   bool
}

// Acts reports whether apply has something to run for the step.
func (s *Step) Acts() bool {
	return !s.Done && !s.Skip && !s.Dormant && !s.Elsewhere() && s.Change != nil && s.Change.Action != abi.None
}

// Pending reports whether the step counts as a change that is still to be made.
func (s *Step) Pending() bool {
	return s.Acts() && s.Change.Action != abi.Probe && s.Certainty != Unknown
}

// CallsForHooks reports whether a change that the step makes is one of its play's, around
// which the change hooks are done: not one of theirs, nor of verify.
func (s *Step) CallsForHooks() bool {
	scope := s.Unit.ID.Scope
	return scope == (unit.Scope{}) || scope.Handler != "" && !unit.IsHook(scope.Handler)
}

// Request asks for a verb on the step's unit.
func (s *Step) Request(verb abi.Verb) abi.Request {
	r := abi.Request{Type: s.Unit.ID.Type, Verb: verb, Unit: s.Unit.Args, Unknown: s.Unit.LaterFields()}
	if verb == abi.Read || verb == abi.Potential {
		return r
	}
	r.Actual = s.Actual
	if s.Args != nil {
		r.Unit = s.Args
		r.Unknown = slices.DeleteFunc(r.Unknown, func(field string) bool { return slices.Contains(s.Ignored, field) })
	}
	return r
}

// Elsewhere reports whether the step is done once, and on another host.
func (s *Step) Elsewhere() bool { return s.Once != "" && s.Once != s.Unit.ID.Host }

// IncludedIn reports whether the handler, once it has run, has done all that the step would do.
func (s *Step) IncludedIn(h *Handler) bool {
	return slices.ContainsFunc(h.Steps, func(other *Step) bool {
		return other.Err == nil && !other.Done && !other.Elsewhere() && !other.Skip && s.Unit.IncludedIn(other.Unit)
	})
}

// MayAct reports whether the step has nothing to do, but may have when it is executed.
func (s *Step) MayAct() bool { return s.Err == nil && !s.Acts() && len(s.Potential) > 0 }

// OutcomeUnknown reports whether the step was interrupted and nothing on the host tells
// whether it did its work: a program without a guard.
func (s *Step) OutcomeUnknown() bool {
	return !s.Interrupted.IsZero() && s.Change != nil && s.Change.Action == abi.Run && !s.Telling()
}
