package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Target is a host that can be worked with; *dial.Session is one.
type Target interface {
	// Do performs independent reading steps, all in one round trip.
	Do(ctx context.Context, steps []target.Step) ([]op.Result, error)
	// Run performs a sequence and stops at the first step that fails or surprises.
	Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error)
}

// Target is the host that the step acts on, as one of h's: its own, or another
// one. What goes wrong with another one is an error of the step, an *abi.Error.
func (s *Step) Target(h *Host) Target {
	if s.On == nil {
		return h.Target
	}
	return Delegated(s.On)
}

// Delegated is a host as one that units of another one act on: what goes wrong
// with it is an error of the unit, an *abi.Error.
func Delegated(on *Host) Target { return delegated{on: on} }

type delegated struct{ on *Host }

// Do implements Target.
func (d delegated) Do(ctx context.Context, steps []target.Step) ([]op.Result, error) {
	if d.on.Err != nil {
		return nil, d.explain(d.on.Err)
	}
	results, err := d.on.Target.Do(ctx, steps)
	return results, d.explain(err)
}

// Run implements Target.
func (d delegated) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	if d.on.Err != nil {
		return nil, d.explain(d.on.Err)
	}
	outcomes, err := d.on.Target.Run(ctx, steps)
	return outcomes, d.explain(err)
}

// explain says of which host an error is: else it would be put down to the
// connection of the one whose unit it is. That one is not named, so that the
// error is one for all hosts that it is the same for.
func (d delegated) explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	told := &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("%s, to which this is delegated: %v", d.on.Host.Name, err)}
	if lost, ok := errors.AsType[*target.Error](err); ok {
		told.Message = fmt.Sprintf("%s, to which this is delegated: %s", d.on.Host.Name, lost.Message)
		told.Detail, told.Hint = lost.Detail, lost.Hint
	}
	return told
}
