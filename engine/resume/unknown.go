package resume

import (
	"fmt"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Refuse refuses, while planning, steps whose outcome is unknown and that are not
// to be executed again unasked.
func Refuse(steps []*plan.Step) {
	for _, s := range steps {
		if s.Err != nil || !s.OutcomeUnknown() {
			continue
		}
		switch s.Unit.Failure.OnResume {
		case unit.Rerun:
		case unit.PassOver:
			s.Skip = true
		default:
			s.Err = OutcomeUnknown(s)
		}
	}
}

// OutcomeUnknown is the error of a step that was interrupted and of which nothing
// tells whether it did its work. What to do about it depends on the command: that says so, once for all.
func OutcomeUnknown(s *plan.Step) *abi.Error {
	return &abi.Error{
		Class: op.Conflict,
		Message: fmt.Sprintf("it was interrupted at %s and its outcome is unknown; it was not run again",
			s.Interrupted.Local().Format(time.DateTime)),
	}
}
