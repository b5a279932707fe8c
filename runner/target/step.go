// Package target is the contract between the engine and whoever performs ops on
// a host: the steps to perform, how they went, and the errors that are about the
// host and not about an op.
//
// It imports runner/op and the standard library only.
package target

import (
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// Step is one op to perform on a host.
type Step struct {
	Op op.Op
	// User is who performs it: "" is the user that the connection logs in as.
	User string
	// Timeout bounds the op on the host; 0 is what Limit says.
	Timeout time.Duration
	// Expect is the digest (protocol.Digest) that the result must have, or "". A sequence
	// stops at the first step whose result differs.
	Expect string
	// Key names the step in the host's journal of its run, RUN:REST; "" leaves it out.
	Key string
	// Unit names the unit that the step is for, for traces; it stays on this side.
	Unit string
	// Sensitive says that what comes of it is nothing to be shown; it stays on this side.
	Sensitive bool
}

// DefaultTimeout bounds an op that says nothing else.
const DefaultTimeout = 10 * time.Minute

// answerTime is how much longer an op that says how long it may take gets to say how it went.
const answerTime = 30 * time.Second

// Limit is how long the op may take on the host.
func (s Step) Limit() time.Duration {
	switch lasts := time.Duration(op.Lasts(s.Op)) * time.Millisecond; {
	case s.Timeout > 0:
		return s.Timeout
	case lasts > 0:
		return lasts + answerTime
	}
	return DefaultTimeout
}

// Outcome is how a step of a sequence went.
type Outcome struct {
	Result op.Result
	// Ran is false for the steps after the one that stopped the sequence.
	Ran bool
	// Mismatch says that the result was not the expected one; later steps did not run.
	Mismatch bool
}

// Succeeded reports whether the step after this one may run.
func (o Outcome) Succeeded() bool { return o.Ran && !o.Mismatch && o.Result.Error == nil }
