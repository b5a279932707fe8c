package inspect

import (
	"context"
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Potential asks the providers for what units may do besides what is planned, as the host may be another one by the
// time of their turn. It asks for none on a host where nothing is going to change; a change hook that is done on
// another host, such as a load balancer, leaves this one as it is.
func Potential(ctx context.Context, providers Providers, steps []*plan.Step) error {
	var asked []*plan.Step
	changes := false
	for _, s := range steps {
		if open(s, changes) {
			asked = append(asked, s)
		}
		changes = changes || s.Acts() && s.Change.Action != abi.Probe && (s.On == nil || s.CallsForHooks())
	}
	all, err := batches(ctx, providers, asked, abi.Potential)
	if err != nil {
		return err
	}
	for _, b := range all {
		replies, err := b.provider.Call(ctx, b.reqs)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			allow(b.steps[i], reply)
		}
	}
	return nil
}

// Unread plans steps of which nothing can be read: what they may do at all is what is not sure.
func Unread(ctx context.Context, providers Providers, steps []*plan.Step) error {
	all, err := batches(ctx, providers, steps, abi.Potential)
	if err != nil {
		return err
	}
	for _, b := range all {
		replies, err := b.provider.Call(ctx, b.reqs)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			s := b.steps[i]
			if allow(s, reply); s.Err != nil {
				continue
			}
			s.Change, s.Potential, s.Certainty = &abi.Change{Action: abi.Update, Effects: s.Potential}, nil, plan.Unknown
			if !slices.ContainsFunc(s.Change.Effects, func(e abi.Effect) bool { return e.Op.Kind().OnFiles() }) {
				s.Change.Action = abi.Run
			}
		}
	}
	return nil
}

// open reports whether the step may do what is not planned: a unit before it changes the host, such as a package
// that brings the file which is to be made; it is read again when it is executed anyway; or it could not be planned
// and is tried again.
func open(s *plan.Step, changes bool) bool {
	switch {
	case s.Change == nil:
		return true
	case len(s.Change.Effects) > 0:
		return changes
	}
	return changes || s.Unit.Conditions.When != nil || len(s.Unit.Later)+len(s.Unit.Conditions.OnChange) > 0
}

// allow takes the provider's answer to the verb may, without what is planned anyway. A unit that could not be
// planned keeps that reason.
func allow(s *plan.Step, reply abi.Reply) {
	switch {
	case reply.Change != nil && s.Change != nil:
		s.Potential = slices.DeleteFunc(slices.Clone(reply.Change.Effects), func(e abi.Effect) bool {
			return slices.ContainsFunc(s.Change.Effects, func(planned abi.Effect) bool { return planned.Allows(e) })
		})
	case reply.Change != nil:
		s.Potential = reply.Change.Effects
	case s.Err != nil:
	case reply.Error != nil:
		s.Err = reply.Error
	default:
		s.Err = &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("the provider of %s does not list its potential effects", s.Unit.ID.Type)}
	}
}
