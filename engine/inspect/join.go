package inspect

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// ask performs reading steps in one round trip, those that can be one op as one.
func ask(ctx context.Context, t plan.Target, steps []target.Step) ([]op.Result, error) {
	type kind struct {
		user string
		kind op.Kind
	}
	groups := map[kind]int{} // index into todo
	var todo []target.Step
	var shares [][]int // for each of todo, the steps whose op it stands for
	for i, s := range steps {
		k := kind{s.User, s.Op.Kind()}
		if at, ok := groups[k]; ok && k.kind.Joinable() {
			shares[at] = append(shares[at], i)
			continue
		}
		groups[k] = len(todo)
		todo = append(todo, s)
		shares = append(shares, []int{i})
	}
	for at, share := range shares {
		if len(share) > 1 {
			joined, ok := op.Join(opsOf(steps, share))
			if !ok {
				return t.Do(ctx, steps)
			}
			todo[at].Op, todo[at].Unit = joined, ""
		}
	}
	answers, err := t.Do(ctx, todo)
	if err != nil {
		return nil, err
	}
	results := make([]op.Result, len(steps))
	for at, share := range shares {
		parts := []op.Result{answers[at]}
		if len(share) > 1 {
			parts = op.Split(opsOf(steps, share), answers[at])
		}
		for i, index := range share {
			results[index] = parts[i]
		}
	}
	return results, nil
}

func opsOf(steps []target.Step, indices []int) []op.Op {
	ops := make([]op.Op, len(indices))
	for i, index := range indices {
		ops[i] = steps[index].Op
	}
	return ops
}
