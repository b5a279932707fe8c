// Package unit holds what a runbook wants of a host: typed plan units with
// their place and their edges. How they end is kept by what executes them.
//
// It is a leaf of the engine, built on runner/op and providers/abi.
package unit

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// ID names a unit: host/type[key], and for units of handlers and of verify
// their scope before the type. One that acts on another host has that host's
// name before its type: web1/lb1:cmd[drain web1].
type ID struct {
	Host  string
	Scope Scope
	// Delegate is the host that the unit acts on, where that is not Host.
	Delegate string
	Type     string
	Key      string
}

// Bare is the ID without its host and its scope: file[/etc/motd], lb1:cmd[drain web1].
func (id ID) Bare() string {
	if id.Delegate != "" {
		return id.Delegate + ":" + id.Resource()
	}
	return id.Resource()
}

// Resource names what the unit manages on the host that it acts on, whoever
// declares it: file[/etc/motd].
func (id ID) Resource() string { return id.Type + "[" + id.Key + "]" }

// Local is the ID without its host: file[/etc/motd],
// handler[web/reload nginx]/service[nginx], verify[web]/probe_http[http://...].
func (id ID) Local() string {
	if id.Scope == (Scope{}) {
		return id.Bare()
	}
	return id.Scope.String() + "/" + id.Bare()
}

// Sent is how the host that the unit acts on gets to know it: by its Local, or by
// the whole ID where it is another host's.
func (id ID) Sent() string {
	if id.Delegate != "" {
		return id.String()
	}
	return id.Local()
}

// String is the whole ID: web1/file[/etc/motd].
func (id ID) String() string { return id.Host + "/" + id.Local() }

// Lambda is a value or condition that a runbook gives as a function, evaluated
// at the unit's turn, when the results of earlier units are known.
type Lambda interface {
	// Eval calls the function, which sees units as ended tells that they did. With a
	// result it is passed as the only argument.
	// The value is plain data: nil, bool, int64, float64, string, []any, map[string]any.
	Eval(ctx context.Context, ended Outcomes, result any) (any, error)
	Pos() diag.Pos
}

// ErrPending is why a lambda cannot answer yet: it reads the result of a unit
// whose turn has not come.
var ErrPending = errors.New("known only after apply")

// Volatile is what a unit does whenever it is executed, such as a restart.
type Volatile struct {
	Value    string
	Includes string // the value whose work goes with it, "" is none
	Rest     string // the unit's other arguments, to compare
}

// IncludedIn reports whether another unit, once executed, has done all that this one would do.
func (u *Unit) IncludedIn(other *Unit) bool {
	a, b := u.Volatile, other.Volatile
	return a != nil && b != nil && b.Includes != "" && b.Includes == a.Value && a.Rest == b.Rest &&
		u.ID.Type == other.ID.Type && u.ID.Key == other.ID.Key && u.ID.Delegate == other.ID.Delegate && u.User == other.User &&
		other.Conditions.When == nil && len(other.Conditions.OnChange)+len(other.Later) == 0 && !other.Failure.Ignore && !other.Rollout.RunOnce
}

// Unit is one resource on one host.
type Unit struct {
	ID ID
	// Args are the arguments, checked and completed by the type's schema, as
	// canonical JSON. Fields in Later are absent.
	Args codec.Raw
	// Blobs holds the content that Args refers to, by digest.
	Blobs map[string]*op.Blob
	// Later holds the arguments whose value is known only at the unit's turn, by field.
	Later map[string]Lambda
	// Conditions decide whether it acts, and whether it has changed something.
	Conditions Conditions
	// Order is what the unit's type says of its place among others.
	Order Order
	// Volatile is what the unit does whenever it is executed; nil where it acts on differences only.
	Volatile *Volatile
	// Require lists units that must have succeeded before: those named and those that lambdas read.
	Require []ID
	// Notify names the play's handlers that a change of this unit calls for.
	Notify []string
	Tags   []string
	// Failure is what makes it fail, and what is done then.
	Failure Failure
	// Rollout says how many of the play's hosts execute it.
	Rollout Rollout
	// Lifecycle is what the resource is kept from.
	Lifecycle Lifecycle
	// User is who the unit acts as on the host: "" is the login user.
	User string
	// Sensitive keeps what the unit sets and says out of all that is shown and kept.
	// Given says that it is so because it was given a secret, not by the runbook's word.
	Sensitive, Given bool
	// Index is the unit's place among those that the host's plays declare.
	Index int
	Pos   diag.Pos
	Stack []diag.Frame // outermost first

	// Known is how the unit ended before the plan was made: it takes no part, or the
	// run was broken off after it. Else it is nil.
	Known *Outcome
}

// Status is how a unit's turn ended.
type Status string

// The statuses.
const (
	Unchanged Status = "ok"
	Changed   Status = "changed"
	Failed    Status = "failed"
	Skipped   Status = "skipped" // by when, by a failed requirement, or never reached
)

// Outcome is how a unit's turn ended and what it offers to later ones.
type Outcome struct {
	Status  Status
	Action  abi.Action
	Outputs map[string]any // plain data
	// Unkept says that Outputs lacks what the unit gave before its run was broken
	// off: it is sensitive, which is not kept.
	Unkept bool
}

// Outcomes tells how a unit has ended so far, nil while that is not known. It must
// be safe for concurrent use.
type Outcomes func(*Unit) *Outcome

// AsPlanned tells what is known of units before any is executed.
func AsPlanned(u *Unit) *Outcome { return u.Known }

// Incomplete is the key in Outputs under which those that are no values are
// named, each with its "why" and "hint". No output can have that name.
const Incomplete = "$incomplete"

// LaterFields names the arguments whose value is known only when the unit is executed.
func (u *Unit) LaterFields() []string { return slices.Sorted(maps.Keys(u.Later)) }
