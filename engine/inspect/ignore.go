package inspect

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// again asks once more for the changes of steps that differ in what they
// ignore, now with that as it is, and puts the answers in their places.
func again(ctx context.Context, provider Provider, steps []*plan.Step, replies []abi.Reply) error {
	var places []int
	var reqs []abi.Request
	for i, s := range steps {
		if err := ignore(s, replies[i].Change); err != nil {
			return fmt.Errorf("%s: %w", s.Unit.ID, err)
		}
		if s.Args != nil {
			places, reqs = append(places, i), append(reqs, s.Request(abi.Plan))
		}
	}
	if len(reqs) == 0 {
		return nil
	}
	second, err := provider.Call(ctx, reqs)
	if err != nil {
		return err
	}
	for j, i := range places {
		replies[i] = ignored(steps[i], second[j])
	}
	return nil
}

// ignore finds out in which ignored fields a change would touch a resource that
// is there, and takes arguments in which these are as they are.
func ignore(s *plan.Step, c *abi.Change) error {
	fields := s.Unit.Lifecycle.IgnoreChanges
	if c == nil || len(fields) == 0 || c.Action != abi.Update && c.Action != abi.Replace {
		return nil
	}
	var kept []abi.Diff
	for _, d := range c.Diffs {
		// What takes another's place is made anew, and what it never had is set.
		if slices.Contains(fields, d.Field) && (c.Action == abi.Update || !none(d.Before)) {
			kept = append(kept, d)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	args := map[string]codec.Raw{}
	if err := codec.Unmarshal(s.Unit.Args, &args); err != nil {
		return fmt.Errorf("its arguments: %w", err)
	}
	for _, d := range kept {
		if args[d.Field] = d.Before; none(d.Before) {
			delete(args, d.Field)
		}
		s.Ignored = append(s.Ignored, d.Field)
	}
	var err error
	s.Args, err = codec.Marshal(args)
	return err
}

// none reports whether a diff's value is that there is none.
func none(value codec.Raw) bool { return len(value) == 0 || bytes.Equal(value, []byte("null")) }

// ignored checks the answer to a request in which the step's ignored fields are
// as they are, and says in it what was ignored.
func ignored(s *plan.Step, reply abi.Reply) abi.Reply {
	names := strings.Join(s.Ignored, ", ")
	switch c := reply.Change; {
	case reply.Error != nil:
		told := *reply.Error
		told.Message = "with " + names + " left as it is (ignore_changes): " + told.Message
		return abi.Reply{Error: &told}
	case c == nil:
		return reply
	case slices.ContainsFunc(c.Diffs, func(d abi.Diff) bool { return slices.Contains(s.Ignored, d.Field) }):
		return abi.Reply{Error: &abi.Error{
			Class:   op.Permanent,
			Message: fmt.Sprintf("the provider of %s cannot leave %s as it is, as ignore_changes says", s.Unit.ID.Type, names),
			Hint:    "take it out of ignore_changes",
		}}
	}
	told := *reply.Change
	if told.Reason != "" {
		told.Reason += "; "
	}
	told.Reason += "ignored: " + names
	return abi.Reply{Change: &told}
}
