package inspect

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/agree"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Diff asks the providers what each unit would change, apart from those that could not be read.
func Diff(ctx context.Context, providers Providers, steps []*plan.Step) error {
	steps = slices.DeleteFunc(slices.Clone(steps), func(s *plan.Step) bool { return s.Err != nil })
	all, err := batches(ctx, providers, steps, abi.Plan)
	if err != nil {
		return err
	}
	for _, b := range all {
		replies, err := Changes(ctx, b.provider, b.steps)
		if err != nil {
			return err
		}
		for i, reply := range replies {
			settle(b.steps[i], reply)
		}
	}
	return nil
}

// settle takes the provider's answer to the verb plan.
func settle(s *plan.Step, reply abi.Reply) {
	switch {
	case reply.Error != nil:
		s.Err = reply.Error
	case reply.Change == nil:
		s.Err = &abi.Error{Class: op.Permanent, Message: fmt.Sprintf("the provider of %s planned no change and gave no reason", s.Unit.ID.Type)}
	default:
		s.Change = reply.Change
		if len(s.Unit.Later) > 0 && onlyUnknown(reply.Change) {
			s.Certainty = plan.Unknown
		}
	}
}

// onlyUnknown reports whether all that might differ is known only after apply,
// and no effect is fixed already.
func onlyUnknown(c *abi.Change) bool {
	return c.Action == abi.Update && len(c.Diffs) > 0 &&
		!slices.ContainsFunc(c.Diffs, func(d abi.Diff) bool { return !d.Unknown }) &&
		!slices.ContainsFunc(c.Effects, func(e abi.Effect) bool { return len(e.Unknown) == 0 })
}

// Changes asks a provider what each of its steps would change, apart from what
// the steps' lifecycles ignore. What would remove a protected resource is
// answered with an error.
func Changes(ctx context.Context, provider Provider, steps []*plan.Step) ([]abi.Reply, error) {
	reqs := make([]abi.Request, len(steps))
	for i, s := range steps {
		s.Args, s.Ignored = nil, nil
		reqs[i] = s.Request(abi.Plan)
	}
	replies, err := provider.Call(ctx, reqs)
	if err != nil {
		return nil, err
	}
	if err := again(ctx, provider, steps, replies); err != nil {
		return nil, err
	}
	for i, s := range steps {
		if err := takeOver(replies[i].Change); err != nil {
			return nil, err
		}
		if refused := s.Protections.Refuse(s.Unit, replies[i].Change); refused != nil {
			replies[i] = abi.Reply{Error: refused}
			continue
		}
		if c := replies[i].Change; c != nil {
			if err := agree.Check(c, subject(s.Unit), s.Reads); err != nil {
				replies[i] = abi.Reply{Error: &abi.Error{
					Class: op.Permanent, Message: fmt.Sprintf("the provider of %s contradicts itself: it %v", s.Unit.ID.Type, err),
					Hint: "the provider is faulty or hostile; nothing of this unit was done",
				}}
			}
		}
	}
	return replies, nil
}

// subject is the path of the file that a unit is about, or its name where it is about none.
func subject(u *unit.Unit) string {
	if u.Order.Path != "" {
		return u.Order.Path
	}
	return u.ID.Key
}

// takeOver makes content that a provider made known as one that may hold secrets.
func takeOver(c *abi.Change) error {
	if c == nil {
		return nil
	}
	for _, e := range c.Effects {
		if err := TakeOver(e.Op); err != nil {
			return err
		}
	}
	return nil
}

// TakeOver makes content of an op that a provider made known as one that may hold secrets.
func TakeOver(o op.Op) error {
	for _, b := range o.Blobs() {
		if !b.Made {
			continue
		}
		if err := secret.Content(map[string]*op.Blob{b.Sum: b}); err != nil {
			return err
		}
	}
	return nil
}

// MissingPrerequisite is the error of a change that needs something which is not
// on the host, and why nothing brings it.
func MissingPrerequisite(n abi.Need, why string) *abi.Error {
	if n.Refusal != nil {
		return n.Refusal
	}
	hint := n.Hint
	if hint == "" {
		hint = "declare what brings it before, such as the package; is the name right?"
	}
	if n.Near != "" {
		hint = "did you mean " + strconv.Quote(n.Near) + "? " + strings.TrimPrefix(hint, "is the name right? ")
	}
	if n.Where == "" {
		n.Where = "on the host"
	}
	return &abi.Error{Class: op.Conflict, Message: "there is no " + n.String() + ", and " + why, Hint: hint}
}
