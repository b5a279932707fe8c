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

// within refuses what a provider would do at a unit's turn beyond what was
// announced for it: what its plan holds, or, where there was nothing to do or
// to be known, what it may do. A unit may need more or less of that, as the
// host is by now, but nothing else. Of a saved plan exactly what was reviewed is
// done until the plan's own changes have made the host another one.
func (r *hostRun) within(s *plan.Step, announced *abi.Change, certain bool) error {
	if r.Exact && certain && !r.touched && !sameChange(announced, s.Change) {
		return (&diag.Error{Summary: "the host is no longer as the plan found it", Pos: s.Unit.Pos, Code: diag.Stale}).
			WithHint("this unit and those after it were not touched; make a new plan and look at it")
	}
	allowed := s.May
	if announced != nil {
		allowed = slices.Concat(announced.Effects, s.May)
	}
	for _, e := range s.Change.Effects {
		if !slices.ContainsFunc(allowed, func(a abi.Effect) bool { return a.Covers(e.Op) }) {
			return unannounced(e.Op)
		}
	}
	return nil
}

// sameChange compares what two changes would do.
func sameChange(a, b *abi.Change) bool {
	return a.Action == b.Action && slices.EqualFunc(a.Effects, b.Effects, func(x, y abi.Effect) bool { return encode(x.Op) == encode(y.Op) })
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
	left  map[string]int // encoded op → how often it may still happen
	spent int            // how many were used up
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
	e.spent++
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
