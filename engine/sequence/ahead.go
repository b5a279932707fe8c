// Package sequence says which ops of a host's steps travel together in one
// round trip, in which order, and whether a step has announced an op. It is
// pure: it reads steps and outcomes, and sends and keeps nothing.
//
// It imports engine/plan and what that imports.
package sequence

import (
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// maxOps bounds the ops that are sent ahead in one sequence, so that progress
// is seen and an interrupt is answered.
const maxOps = 64

// Ahead counts the steps from the first that can be sent ahead as a fixed
// sequence: everything about them is known, whatever the ones before do. A
// program or a transaction of packages ends it, because only the provider can
// tell from its result whether the steps behind it may run, and a question to the
// runbook, which may fail; so does a probe, since it may wait for long, and what is
// done before it is to be reported by then.
func Ahead(steps []*plan.Step) int {
	ops := 0
	for i, s := range steps {
		if !fixed(s) {
			return i
		}
		if ops += len(s.Reads) + len(s.Change.Effects); ops > maxOps && i > 0 {
			return i
		}
		switch {
		case s.Acts() && (has(s, op.Op.EndsSequence) || s.Unit.Conditions.ChangedWhen != nil):
			return i + 1
		case s.Acts() && has(s, func(o op.Op) bool { return o.PkgEnsure != nil }):
			n := i + 1
			for n < len(steps) && fixed(steps[n]) && transacts(steps[n], s) {
				n++
			}
			return n
		}
	}
	return len(steps)
}

// fixed reports whether everything about the step is known before it is executed.
func fixed(s *plan.Step) bool {
	u := s.Unit
	if s.Done || !s.Interrupted.IsZero() || s.Err != nil || s.Change == nil || s.On != nil || u.Conditions.When != nil || len(u.Later)+len(u.Conditions.OnChange) > 0 {
		return false
	}
	if s.Elsewhere() || s.Acts() && (u.Order.Alone || s.Guarded || u.Rollout.Throttle > 0 || s.Once != "" || u.Failure.Retry != nil || len(s.Change.Needs) > 0) {
		return false
	}
	return !slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return len(e.Unknown) > 0 })
}

func has(s *plan.Step, is func(op.Op) bool) bool {
	return slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return is(e.Op) })
}

// ChangesHost reports whether a step is to do anything on the host but read.
func ChangesHost(s *plan.Step) bool {
	return s.Acts() && slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return e.Op.Changes() })
}

// OnlyProbes reports whether a change does nothing on the host, as opposed to a
// program that is only said to change nothing.
func OnlyProbes(c *abi.Change) bool {
	return !slices.ContainsFunc(c.Effects, func(e abi.Effect) bool { return !e.Op.Probes() })
}

// Read is an op by which a step's provider looks at the host, as it is sent there.
func Read(s *plan.Step, o op.Op) (target.Step, error) {
	o, err := plan.Attach(s.Unit, o)
	return Send(s, o), err
}

// Send is an op of a step as it is sent to the host.
func Send(s *plan.Step, o op.Op) target.Step {
	return target.Step{Op: o, User: s.Unit.User, Unit: s.Unit.ID.Sent(), Timeout: s.Unit.Failure.Timeout, Sensitive: s.Unit.Sensitive}
}
