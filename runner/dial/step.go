package dial

import (
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Step is one op to perform on a host.
type Step struct {
	Op op.Op
	// User is who performs it: "" is the user that the connection logs in as.
	User string
	// Timeout bounds the op on the host; 0 is DefaultTimeout.
	Timeout time.Duration
	// Expect is the digest (wire.Digest) that the result must have, or "". Session.Run
	// stops at the first step whose result differs.
	Expect string
	// Key names the step in the host's journal of its run, RUN:REST; "" leaves it out.
	Key string
	// Unit names the unit that the step is for, for traces; it stays on this side.
	Unit string
}

// DefaultTimeout bounds an op that says nothing else.
const DefaultTimeout = 10 * time.Minute

// Outcome is how a step of a sequence went.
type Outcome struct {
	Result op.Result
	// Ran is false for the steps after the one that stopped the sequence.
	Ran bool
	// Mismatch says that the result was not the expected one; later steps did not run.
	Mismatch bool
}

// Stage is how far a connection came before it failed.
type Stage string

// The stages, in their order.
const (
	StageConnect Stage = "connect" // no connection: down, refused, no route, timeout
	StageHostKey Stage = "hostkey" // the host's key is unknown or changed
	StageAuth    Stage = "auth"    // the host refused us
	StageBecome  Stage = "become"  // sudo refused us
	StageStart   Stage = "start"   // the runner could not be put in place or started
	StageLost    Stage = "lost"    // the connection or the runner ended in the middle
	StageWire    Stage = "wire"    // the runner spoke nonsense
)

// Error is a host that cannot be worked with. It never harms another host.
type Error struct {
	Host    string
	Stage   Stage
	Message string // what happened, lower case, one line
	Detail  string // evidence from the host, control characters escaped
	Hint    string // what to do
	Cause   error
}

func (e *Error) Error() string { return e.Host + ": " + e.Message }
func (e *Error) Unwrap() error { return e.Cause }

// Unreachable reports whether the host could not be reached or was lost, as
// opposed to reached and refusing.
func (e *Error) Unreachable() bool {
	return e.Stage != StageBecome && e.Stage != StageStart
}
