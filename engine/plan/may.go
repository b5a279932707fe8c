package plan

import (
	"context"
	"fmt"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// may asks the providers what units without effects may do at their turn. It
// asks for none on a host where nothing is going to change.
func (p *Planner) may(ctx context.Context, steps []*Step) error {
	var open []*Step
	changes := false
	for _, s := range steps {
		if s.open(changes) {
			open = append(open, s)
		}
		changes = changes || s.Acts() && s.Change.Action != abi.Probe
	}
	batches, err := p.batch(ctx, open, abi.May)
	if err != nil {
		return err
	}
	for _, b := range batches {
		replies, err := b.provider.Call(ctx, b.reqs)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			b.steps[i].allow(reply)
		}
	}
	return nil
}

// open reports whether the step may act although nothing is planned: a unit
// before it changes the host, it is read again at its turn anyway, or it could
// not be planned and is tried again.
func (s *Step) open(changes bool) bool {
	switch {
	case s.Change == nil:
		return true
	case len(s.Change.Effects) > 0:
		return false
	}
	return changes || s.Unit.When != nil || len(s.Unit.Later)+len(s.Unit.OnChange) > 0
}

// allow takes the provider's answer to the verb may. A unit that could not be
// planned keeps that reason.
func (s *Step) allow(reply abi.Reply) {
	switch {
	case reply.Change != nil:
		s.May = reply.Change.Effects
	case s.Err != nil:
	case reply.Error != nil:
		s.Err = reply.Error
	default:
		s.Err = &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("the provider of %s does not say what it may do", s.Unit.ID.Type)}
	}
}

// MayAct reports whether the step has nothing to do, but may have at its turn.
func (s *Step) MayAct() bool { return s.Err == nil && !s.Acts() && len(s.May) > 0 }
