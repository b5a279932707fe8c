// Package early finds out which questions that a runbook put to a host while it was evaluated have another answer by
// the time that the units declared behind them are executed, because a unit before them changed the host.
//
// Files whose change a unit declares are told of by the plan. Here it is about units of which that is not known, such as
// commands and packages: once they have run, what was asked behind them is asked again, in one round trip.
//
// It imports engine/plan and runner/protocol.
package early

import (
	"context"
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// Looks are a host's questions that are to be asked again.
type Looks struct {
	// behind has them by the last of the steps before them that may change anything.
	behind map[*plan.Step][]plan.Look
}

// New finds the questions that are to be asked again: those with a step before them that is going to change the host in a
// way that is not known.
func New(h *plan.Host) *Looks {
	l := &Looks{behind: map[*plan.Step][]plan.Look{}}
	if len(h.Looks) == 0 {
		return l
	}
	var steps []*plan.Step
	for _, s := range h.Steps() {
		if s.On == nil && s.Acts() && s.Change.Action != abi.Probe && slices.ContainsFunc(s.Change.Effects, unbounded) {
			steps = append(steps, s)
		}
	}
	for _, look := range h.Looks {
		var last *plan.Step
		for _, s := range steps {
			if s.Unit.Index < look.After && (last == nil || s.Unit.Index > last.Unit.Index) {
				last = s
			}
		}
		if last != nil && look.Digest != "" {
			l.behind[last] = append(l.behind[last], look)
		}
	}
	return l
}

// unbounded reports whether it is not known what an effect changes.
func unbounded(e abi.Effect) bool {
	what, _ := e.Op.Brings()
	return what == op.BringsAnything
}

// Next counts the steps from the first that are executed before questions are asked again: to the one that they stand behind.
func (l *Looks) Next(steps []*plan.Step) int {
	if at := slices.IndexFunc(steps, func(s *plan.Step) bool { return len(l.behind[s]) > 0 }); at >= 0 {
		return at + 1
	}
	return len(steps)
}

// Different asks a host again what was asked behind a step, and returns the questions that have another answer by now. One
// that can no longer be answered is one of them.
func (l *Looks) Different(ctx context.Context, t plan.Target, s *plan.Step) ([]plan.Look, error) {
	looks := l.behind[s]
	if len(looks) == 0 {
		return nil, nil
	}
	todo := make([]target.Step, len(looks))
	for i, look := range looks {
		todo[i] = target.Step{Op: look.Op, User: look.User}
	}
	answers, err := t.Do(ctx, todo)
	if err != nil {
		return nil, err
	}
	var different []plan.Look
	for i, answer := range answers {
		if protocol.Digest(answer) != looks[i].Digest {
			different = append(different, looks[i])
		}
	}
	return different, nil
}
