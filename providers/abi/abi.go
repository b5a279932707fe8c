// Package abi is the contract between the host and a provider's guest: what
// the host asks, what a guest may answer, and their limits. Requests and
// replies travel as JSON through one exported function, many in one call.
//
// It is a leaf: it imports runner/op and runner/codec only, and builds for
// wasip1, because the guest's SDK and the host speak through these types.
package abi

import (
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Version is the contract's number; a guest with another is refused before its first use.
const Version = 1

// Limits of one exchange with a guest.
const (
	MaxRequests = 64       // requests in one call
	MaxCall     = 8 << 20  // bytes of a call and of its answer
	MaxNeeds    = 256      // ops a request may ask for at once
	MaxLog      = 1024     // entries of a request's log
	MaxSteps    = 70 << 20 // loop iterations a call may spend
)

// Verb is what a guest is asked to do with a unit.
type Verb string

// The verbs.
const (
	Read      Verb = "read"      // → Actual
	Plan      Verb = "plan"      // desired and actual → Change
	Potential Verb = "potential" // desired → a Change whose Effects are all that the unit could need, whatever is there
	Apply     Verb = "apply"     // performs what Plan announced → Outcome
	Destroy   Verb = "destroy"   // removes what the unit manages → Outcome
)

// Call is one crossing into a guest.
type Call struct {
	ABI      int       `json:"abi"`
	Requests []Request `json:"requests"`
}

// Answer is what comes back: one reply for each request, in their order.
type Answer struct {
	Replies []Reply `json:"replies"`
}

// Request asks for one verb on one unit. A guest is a pure function of it: the
// same request always gets the same reply.
type Request struct {
	Type string    `json:"type"`
	Verb Verb      `json:"verb"`
	Unit codec.Raw `json:"unit"` // the arguments, as the type's schema completed them
	// Unknown names the fields of Unit whose value is known only after apply.
	Unknown []string `json:"unknown,omitempty"`
	// Actual is what Read answered; absent for Read and Potential.
	Actual codec.Raw `json:"actual,omitempty"`
	// Log holds the ops asked for so far with their results, in order.
	Log []Entry `json:"log,omitempty"`
}

// Entry is one op that was performed for a request.
type Entry struct {
	Op     op.Op     `json:"op"`
	Result op.Result `json:"result"`
}

// Reply answers a request with exactly one of its fields.
type Reply struct {
	// Need lists the ops to perform before the request is asked again with a longer log.
	Need    []op.Op   `json:"need,omitempty"`
	Actual  codec.Raw `json:"actual,omitempty"`
	Change  *Change   `json:"change,omitempty"`
	Outcome *Outcome  `json:"outcome,omitempty"`
	Error   *Error    `json:"error,omitempty"`
}

// Action is what a change does to its resource.
type Action string

// The actions.
const (
	None    Action = "none"    // as it should be
	Create  Action = "create"  // +
	Update  Action = "update"  // ~
	Delete  Action = "delete"  // -
	Replace Action = "replace" // -/+
	Run     Action = "run"     // a program with effects; counts as a change
	Probe   Action = "probe"   // runs at apply, never counts as a change
)

// Change is what a unit would do: the differences a reader sees, and the
// effects that carry them out (the envelope).
type Change struct {
	Action  Action   `json:"action"`
	Reason  string   `json:"reason,omitempty"` // why it acts or not, in a few words: "creates exists"
	Diffs   []Diff   `json:"diffs,omitempty"`
	Effects []Effect `json:"effects,omitempty"`
	// Needs are what the resource stands upon and the target does not have yet,
	// such as a service's unit file: a unit before this one has to bring it.
	Needs []Need `json:"needs,omitempty"`
	// Guards are the questions to the target that let the unit act: where a unit before changes what one of them is about,
	// it is not known before this one is executed whether it acts.
	Guards []Guard `json:"guards,omitempty"`
	// Decides names what the unit alone can decide on its target, such as "Port of sshd": of two units that decide one,
	// each would undo what the other does.
	Decides []string `json:"decides,omitempty"`
	// Edits are files of which the unit manages a part as things stand, beside those that its arguments name: no other may
	// decide about the whole of one.
	Edits []string `json:"edits,omitempty"`
	// Notes are what its reader has to know of the target although the unit does not change it.
	Notes []string `json:"notes,omitempty"`
}

// Guard is a question to the target whose answer decides whether a unit acts.
type Guard struct {
	// Name is what the unit's type calls it, such as "unless".
	Name string `json:"name"`
	// Command was asked, or what is at Path was looked at.
	Command string `json:"command,omitempty"`
	Path    string `json:"path,omitempty"`
	// Lacks is the program that the command could not start, nil where it ran.
	Lacks *Need `json:"lacks,omitempty"`
}

// Need is something that is not on the target yet and that a resource stands upon.
type Need struct {
	What  string `json:"what"`            // "user www-data"
	Where string `json:"where,omitempty"` // "in the host's package lists"; "" is "on the host"
	Hint  string `json:"hint,omitempty"`  // how to bring it
	// Kind is what sort of thing it is, such as "user", and Name what it is called. Types declare
	// in CUE which kinds their units may bring; what has no kind, any of them may.
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
	// Near is what the target has of that kind and of nearly the same name, "" for nothing.
	Near string `json:"near,omitempty"`
	// Paths are where files may bring it, at these paths or below them, whatever its kind.
	Paths []string `json:"paths,omitempty"`
	// Directory says that it is the directory at the first of Paths, which no file brings.
	Directory bool `json:"directory,omitempty"`
	// Refusal is how the unit fails where no unit before it changes one of Paths, nil for words that say what is not there.
	// What it needs is then that what stands there is another, or gone.
	Refusal *Error `json:"refusal,omitempty"`
}

// NeedUser is a user that the target does not have, and near one of nearly that name, or "".
func NeedUser(user, near string) Need {
	return Need{
		What: "user " + user, Kind: "user", Name: user, Near: near, Paths: []string{"/etc/passwd"},
		Hint: "is the name right? what brings it, such as a package, has to be declared before",
	}
}

// String names the need and where it is looked for: "version 2 of nginx in the host's package lists".
func (n Need) String() string {
	if n.Where == "" {
		return n.What
	}
	return n.What + " " + n.Where
}

// Diff is one attribute that differs. Before and After are JSON values; an
// absent one means the attribute is not there. Content stands as a blob reference.
type Diff struct {
	Field   string    `json:"field"`
	Before  codec.Raw `json:"before,omitempty"`
	After   codec.Raw `json:"after,omitempty"`
	Unknown bool      `json:"unknown,omitempty"` // After is known only after apply
}

// Effect is one op that apply may perform. Fields of the op named in Unknown
// get their value only then; all others are fixed.
type Effect struct {
	Op      op.Op    `json:"op"`
	Unknown []string `json:"unknown,omitempty"`
}

// Outcome is how apply or destroy ended.
type Outcome struct {
	Changed bool `json:"changed"`
	// Outputs are the values that the unit offers to later ones, such as rc and stdout.
	Outputs codec.Raw `json:"outputs,omitempty"`
	// Incomplete names outputs that are not what they should be, such as text that
	// was cut off: they are for people to read, and no value for a runbook.
	Incomplete map[string]Incomplete `json:"incomplete,omitempty"`
	// Reason says in a few words what is worth knowing of how it went.
	Reason string `json:"reason,omitempty"`
}

// Incomplete is why an output is no value, and what to do about it.
type Incomplete struct {
	Why  string `json:"why"`
	Hint string `json:"hint,omitempty"`
}

// Error is a unit that the guest could not handle.
type Error struct {
	Class   op.Class `json:"class"`
	Message string   `json:"message"`
	// Detail is evidence for the operator, such as a program's stderr.
	Detail string `json:"detail,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// NotDeterministic is the message of a provider's error that asks for other reads than those whose results it was given.
const NotDeterministic = "provider is not deterministic"
