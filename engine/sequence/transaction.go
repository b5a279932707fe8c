package sequence

import (
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// transacts reports whether a step can share a transaction with the first of its
// neighbours: their types declare the same one, their user is the same, and it
// is about packages alone. One whose failure is ignored must not keep them out.
func transacts(s, first *plan.Step) bool {
	if s.Unit.Order.Transaction == "" || s.Unit.Order.Transaction != first.Unit.Order.Transaction || s.Unit.User != first.Unit.User {
		return false
	}
	if s.Acts() && s.Unit.Failure.Ignore || len(s.Reads) == 0 || s.Acts() && len(s.Change.Effects) != 1 {
		return false
	}
	for _, e := range s.Reads {
		if e.Op.PkgQuery == nil || e.Result.PkgQuery == nil {
			return false
		}
	}
	return !s.Acts() || s.Change.Effects[0].Op.PkgEnsure != nil
}

// transaction counts the steps from the first that can share one.
func transaction(steps []*plan.Step) int {
	n := 0
	for n < len(steps) && transacts(steps[n], steps[0]) {
		n++
	}
	return n
}

// addTransaction lays steps out as one transaction, and reports whether they can be one.
func (l *Layout) addTransaction(steps []*plan.Step) bool {
	var asks, acts []op.Op
	var results []op.Result
	parts := make([]*Part, len(steps))
	for i, s := range steps {
		p := &Part{Step: s, Started: time.Now()}
		parts[i] = p
		if l.dirty || s.Acts() {
			for _, e := range s.Reads {
				p.reads = append(p.reads, place{index: len(l.Ops), within: len(asks)})
				asks, results = append(asks, e.Op), append(results, e.Result)
			}
		}
		if s.Acts() {
			p.effects = []place{{index: len(l.Ops) + 1, within: len(acts)}}
			acts = append(acts, s.Change.Effects[0].Op)
		}
	}
	question, ok := op.Join(asks)
	answer, known := op.Unite(asks, results)
	effect, one := op.Join(acts)
	if !ok || !known || !one {
		return false
	}
	for _, p := range parts {
		for i := range p.reads {
			p.reads[i].joined = asks
		}
		for i := range p.effects {
			p.effects[i].joined = acts
		}
	}
	first := Send(steps[0], question)
	first.Expect = protocol.Digest(answer)
	second := l.effect(steps[0], effect, 0)
	for _, s := range steps {
		second.Timeout = max(second.Timeout, s.Unit.Failure.Timeout)
	}
	if len(acts) > 1 {
		second.Unit += " and " + strconv.Itoa(len(acts)-1) + " more"
	}
	l.Parts = append(l.Parts, parts...)
	l.Ops = append(l.Ops, first, second)
	l.dirty = true
	return true
}

// FailedForAnother reports whether a step was not done because the transaction
// that it was part of failed for another step.
func FailedForAnother(effects []target.Outcome) bool {
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
