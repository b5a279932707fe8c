package apply

import (
	"fmt"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

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
		return &abi.Error{
			Class:   op.Permanent,
			Message: fmt.Sprintf("unannounced effect: the provider asks for %s, which its plan did not hold", o),
			Hint:    "the provider is faulty or hostile; nothing of this op was done",
		}
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
