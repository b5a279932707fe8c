package apply

import (
	"context"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
)

// blame reports whether a step was not done because the transaction that it
// was part of failed for another.
func blame(effects []dial.Outcome) bool {
	for _, o := range effects {
		if done := o.Result.PkgEnsure; done != nil {
			for _, p := range done.Packages {
				if p.Error != nil && p.Error.Code == op.CodeTransaction {
					return true
				}
			}
		}
	}
	return false
}

// concludeTransaction ends the turns of all parts from the first on that share
// a transaction which failed: what was done is concluded, the guilty fail, and
// the others are skipped, whatever their order. It returns how many parts have
// had their turn.
func (r *hostRun) concludeTransaction(ctx context.Context, parts []*part, from int, outcomes []dial.Outcome) int {
	index := parts[from].effects[0].index
	var innocent []*part
	guilty := ""
	to := from
	for ; to < len(parts); to++ {
		p := parts[to]
		if len(p.effects) == 0 {
			r.unchanged(p.step)
			continue
		}
		if p.effects[0].index != index {
			break
		}
		_, effects := p.outcomes(outcomes)
		if blame(effects) {
			innocent = append(innocent, p)
			continue
		}
		failed := r.err != nil
		r.conclude(ctx, p, effects)
		if !failed && r.err != nil {
			guilty = p.step.Unit.ID.Bare()
		}
	}
	var left []*plan.Step
	for _, p := range innocent {
		if guilty == "" { // nobody else is to blame
			_, effects := p.outcomes(outcomes)
			r.conclude(ctx, p, effects)
			guilty = p.step.Unit.ID.Bare()
			continue
		}
		r.leave(p.step, "not done: the transaction failed for "+guilty)
		left = append(left, p.step)
	}
	r.unbegin(left)
	return to
}
