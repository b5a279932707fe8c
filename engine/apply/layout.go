package apply

import (
	"slices"
	"strconv"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/wire"
)

// layout is a stretch of steps as the ops that go to the host, and which of
// them belong to which step.
type layout struct {
	run   *hostRun
	dirty bool
	parts []*part
	todo  []dial.Step
}

// part is a step's share of a sequence.
type part struct {
	step           *plan.Step
	reads, effects []share
	started        time.Time
}

// share is where a step finds the outcome of one of its ops. Ops that were
// joined with those of other steps have their places within the joined one.
type share struct {
	index int
	ops   []op.Op // all that were joined; nil where the op is on its own
	place int
}

// outcomes returns what came of the part's ops.
func (p *part) outcomes(all []dial.Outcome) (reads, effects []dial.Outcome) {
	return pick(p.reads, all), pick(p.effects, all)
}

func pick(shares []share, all []dial.Outcome) []dial.Outcome {
	picked := make([]dial.Outcome, len(shares))
	for i, s := range shares {
		if s.index >= len(all) {
			continue // the connection was lost before
		}
		picked[i] = all[s.index]
		if s.ops != nil && picked[i].Ran {
			picked[i].Result = op.Split(s.ops, picked[i].Result)[s.place]
		}
	}
	return picked
}

// longest is the part that the time of a sequence is put down to, or nil: the
// last that acts, because a program ends its stretch.
func (l *layout) longest() *part {
	for _, p := range slices.Backward(l.parts) {
		if len(p.effects) > 0 {
			return p
		}
	}
	return nil
}

// add lays steps out. Nothing is asked of a step that has nothing to do while
// the host is as the plan found it.
func (l *layout) add(steps []*plan.Step) error {
	for len(steps) > 0 {
		n := transaction(steps)
		if n > 1 && l.addTransaction(steps[:n]) {
			steps = steps[n:]
			continue
		}
		if err := l.addStep(steps[0]); err != nil {
			return err
		}
		steps = steps[1:]
	}
	return nil
}

func (l *layout) addStep(s *plan.Step) error {
	p := &part{step: s, started: time.Now()}
	l.parts = append(l.parts, p)
	if l.dirty || s.Acts() {
		for _, e := range s.Reads {
			p.reads = append(p.reads, share{index: len(l.todo)})
			todo := step(s, e.Op)
			todo.Expect = wire.Digest(e.Result)
			l.todo = append(l.todo, todo)
		}
	}
	if !s.Acts() {
		return nil
	}
	for n, e := range s.Change.Effects {
		if err := plan.Attach(s.Unit, e.Op); err != nil {
			return err
		}
		p.effects = append(p.effects, share{index: len(l.todo)})
		l.todo = append(l.todo, l.run.effect(s, e.Op, n))
	}
	l.dirty = l.dirty || s.Change.Action != abi.Probe
	return nil
}

// transacts reports whether a step is about packages alone, so that it can
// share a transaction with its neighbours of the same user. One whose failure is
// ignored must not keep them out.
func transacts(s *plan.Step, user string) bool {
	if s.Unit.User != user || s.Acts() && s.Unit.IgnoreFailure || len(s.Reads) == 0 || s.Acts() && len(s.Change.Effects) != 1 {
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
	for n < len(steps) && transacts(steps[n], steps[0].Unit.User) {
		n++
	}
	return n
}

// addTransaction lays steps out as one transaction, and reports whether they can be one.
func (l *layout) addTransaction(steps []*plan.Step) bool {
	var asks, acts []op.Op
	var results []op.Result
	parts := make([]*part, len(steps))
	for i, s := range steps {
		p := &part{step: s, started: time.Now()}
		parts[i] = p
		if l.dirty || s.Acts() {
			for _, e := range s.Reads {
				p.reads = append(p.reads, share{index: len(l.todo), place: len(asks)})
				asks, results = append(asks, e.Op), append(results, e.Result)
			}
		}
		if s.Acts() {
			p.effects = []share{{index: len(l.todo) + 1, place: len(acts)}}
			acts = append(acts, s.Change.Effects[0].Op)
		}
	}
	question, ok := op.Join(asks)
	answer, known := op.Unite(results)
	effect, one := op.Join(acts)
	if !ok || !known || !one {
		return false
	}
	for _, p := range parts {
		for i := range p.reads {
			p.reads[i].ops = asks
		}
		for i := range p.effects {
			p.effects[i].ops = acts
		}
	}
	first := step(steps[0], question)
	first.Expect = wire.Digest(answer)
	second := l.run.effect(steps[0], effect, 0)
	for _, s := range steps {
		second.Timeout = max(second.Timeout, s.Unit.Timeout)
	}
	if len(acts) > 1 {
		second.Unit += " and " + strconv.Itoa(len(acts)-1) + " more"
	}
	l.parts = append(l.parts, parts...)
	l.todo = append(l.todo, first, second)
	l.dirty = true
	return true
}
