package apply

import (
	"fmt"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// within refuses what a provider would do at a unit's turn beyond what its plan
// announced. A unit may need more or less of what it announced, as the host is
// by now, but nothing else; a unit that had nothing to do may mend what units
// before it broke. Of a saved plan exactly what was reviewed is done, until the
// plan's own changes have made the host another one, and from then on nothing
// that was not reviewed.
func (r *hostRun) within(s *plan.Step, announced *abi.Change, certain bool) error {
	if announced == nil {
		return nil // it could not be planned, and said so
	}
	exact := certain && !r.touched || len(announced.Effects) == 0
	if r.Exact && exact && !sameChange(announced, s.Change) {
		return (&diag.Error{Summary: "the host is no longer as the plan found it", Pos: s.Unit.Pos, Code: diag.Stale}).
			WithHint("this unit and those after it were not touched; make a new plan and look at it")
	}
	if len(announced.Effects) == 0 {
		return nil
	}
	for _, e := range s.Change.Effects {
		if !slices.ContainsFunc(announced.Effects, func(a abi.Effect) bool { return covers(a, e.Op) }) {
			return unannounced(e.Op)
		}
	}
	return nil
}

// sameChange compares what two changes would do.
func sameChange(a, b *abi.Change) bool {
	return a.Action == b.Action && slices.EqualFunc(a.Effects, b.Effects, func(x, y abi.Effect) bool { return encode(x.Op) == encode(y.Op) })
}

// covers reports whether an announced effect speaks of an op: the same kind of
// thing done to the same path with the same content, or a program or URL where
// which one was not known.
func covers(a abi.Effect, o op.Op) bool {
	unknown := func(field string) bool { return slices.Contains(a.Unknown, field) }
	switch {
	case a.Op.Kind() != o.Kind():
		return false
	case o.Exec != nil && len(a.Unknown) > 0 || o.HTTP != nil && unknown("url"):
		return true
	case o.Write != nil && !unknown("content") && a.Op.Write.Content.Sum != o.Write.Content.Sum:
		return false
	case o.Exec != nil:
		return encode(a.Op) == encode(o)
	}
	return a.Op.Subject() == o.Subject()
}

func unannounced(o op.Op) error {
	return &abi.Error{
		Class:   op.Permanent,
		Message: fmt.Sprintf("unannounced effect: the provider asks for %s, which its plan did not hold", o),
		Hint:    "the provider is faulty or hostile; nothing of this op was done",
	}
}

// envelope holds the effects that a unit announced and has not used up.
type envelope struct {
	left map[string]int // encoded op → how often it may still happen
}

func newEnvelope(effects []abi.Effect) *envelope {
	e := &envelope{left: map[string]int{}}
	for _, effect := range effects {
		e.left[encode(effect.Op)]++
	}
	return e
}

// spend uses an effect up; one that was not announced is refused.
func (e *envelope) spend(o op.Op) error {
	key := encode(o)
	if e.left[key] == 0 {
		return unannounced(o)
	}
	e.left[key]--
	return nil
}

// encode gives an op's identity; one that cannot be encoded equals nothing announced.
func encode(o op.Op) string {
	data, err := codec.Marshal(o)
	if err != nil {
		return "invalid"
	}
	return string(data)
}
