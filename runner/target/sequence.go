package target

import "context"

// Sequence performs steps one after the other and stops at the first that fails or gives another result than expected. What is
// apart is performed by one, each by itself; what stands between travels together, by rest.
func Sequence(
	ctx context.Context, steps []Step, apart func(Step) bool,
	one func(context.Context, Step) ([]Outcome, error), rest func(context.Context, []Step) ([]Outcome, error),
) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(steps))
	for len(outcomes) < len(steps) {
		todo := steps[len(outcomes):]
		n := 0
		for n < len(todo) && !apart(todo[n]) {
			n++
		}
		var part []Outcome
		var err error
		if n > 0 {
			part, err = rest(ctx, todo[:n])
		} else {
			part, err = one(ctx, todo[0])
		}
		if outcomes = append(outcomes, part...); err != nil {
			return outcomes, err
		}
		if !outcomes[len(outcomes)-1].Succeeded() {
			break
		}
	}
	return append(outcomes, make([]Outcome, len(steps)-len(outcomes))...), nil
}
