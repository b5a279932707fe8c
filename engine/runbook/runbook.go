// Package runbook is what the engine needs of a runbook, whatever language it is written in: its
// plays, what they want of a host, and the sources that it was read from.
//
// It imports engine/planning and what that imports.
package runbook

import (
	"context"
	"errors"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/op"
)

// Program is a runbook that was read. It must be safe for concurrent use.
type Program interface {
	// Plays are its plays, in their order; where an action was called, this alone.
	Plays() []Play
	// Units evaluates plays, given by their indexes, for one host. Where a value is not known without
	// a connection, stopped says where that ended the evaluation; the units are those up to there.
	Units(ctx context.Context, h *inventory.Host, plays []int, r Reader) (wanted *planning.Evaluation, stopped *diag.Error, err error)
	// Actions are what is run only by its name, by name.
	Actions() []Action
	// Uses reports whether it names a resource type.
	Uses(typ string) bool
	// Vars are the variables of the command line that an evaluation may come to read.
	Vars() map[string]any
	// Sources are the texts that it was read from, by path; those that come with froyo begin with BuiltIn.
	Sources() map[string][]byte
	// Warnings are remarks on it that are no errors.
	Warnings() []*diag.Error
}

// BuiltIn begins the paths of sources that come with froyo.
const BuiltIn = "@std//"

// Play is a play as a runbook declares it.
type Play struct {
	Name     string
	Selector string
	Tags     []string
	// Implicit says that the runbook's top level is the play, over all selected targets.
	Implicit bool
	// Batch and MaxFail say how many hosts are at work at a time, and how many may fail.
	Batch   []unit.Size
	MaxFail *unit.Size
	// Graph says that units run side by side as their edges allow.
	Graph bool
	Pos   diag.Pos
}

// Call is an action that is to be run, with the arguments that were given, as text or plain data.
type Call struct {
	Name string         `json:"name"`
	Args map[string]any `json:"args,omitempty"`
}

// Action is a play that a runbook declares to be run by its name.
type Action struct {
	Name, Doc, Selector string
	Params              []Param
	Pos                 diag.Pos
}

// UnknownAction is an action that the runbook does not declare, and those that it does.
type UnknownAction struct {
	Name    string
	Actions []string
}

func (e *UnknownAction) Error() string { return "the runbook has no action " + e.Name + " any more" }

// Param is a parameter of an action. One without a default has to be given.
type Param struct {
	Name, Type string
	Default    any
	HasDefault bool
}

// Reader answers what a runbook asks of hosts. It must be safe for concurrent use.
type Reader interface {
	// Facts returns a namespace of a host's facts, as plain data. Of one that a function of the workspace tells it is ErrNotKnown
	// where none are stored: whoever evaluates the runbook calls the function.
	Facts(ctx context.Context, host *inventory.Host, n *facts.Namespace) (map[string]any, error)
	// Do performs an op that changes nothing; user "" is the login user.
	Do(ctx context.Context, host *inventory.Host, user string, o op.Op) (op.Result, error)
}

// ErrNotKnown is what a Reader answers where it has no connection and no stored
// value. It ends the host's evaluation, which is no error.
var ErrNotKnown = errors.New("not known without a connection")

// Informed is an error that came up after hosts had answered: what they answered may
// have brought it about, or the runbook is wrong anyway.
type Informed interface {
	error
	Informed()
}
