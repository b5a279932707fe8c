package depend

import (
	"slices"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Guards finds the steps that act as things stand, since their guards say so, and whose guards may answer otherwise once a step
// before them has changed the host: it brings the program that a guard could not start, what is at the path that one looks at, or
// what its command is about, by its name. Whether they act is decided when they are executed.
func Guards(h *plan.Host) {
	b := &bringers{after: h.Predecessors(), plays: map[*plan.Step]int{}}
	for play, s := range h.Steps() {
		b.plays[s] = play
		if s.Err == nil && s.Acts() {
			b.decide(s)
		}
		b.add(play, s)
	}
}

// decide settles whether a step's guards can be relied on.
func (b *bringers) decide(s *plan.Step) {
	for _, g := range s.Change.Guards {
		by, what := b.turns(s, g)
		if by == nil {
			continue
		}
		if s.Undecided = g.Name + " is asked again after " + by.Unit.ID.Local(); what != "" {
			s.Undecided += ", which may bring " + what
		}
		if s.Certainty == plan.Sure {
			s.Certainty = plan.Conditional
		}
		return
	}
}

// turns finds the step by which a guard may answer otherwise, and what that may bring, nil where there is none.
func (b *bringers) turns(s *plan.Step, g abi.Guard) (by *plan.Step, what string) {
	switch {
	case g.Lacks != nil:
		if found := b.find(s, *g.Lacks); len(found) > 0 {
			return found[0].step, g.Lacks.What
		}
	case g.Path != "":
		at := abi.Need{Name: g.Path, Kind: "directory", Paths: []string{g.Path}}
		if found := b.find(s, at); len(found) > 0 && found[0].how >= named {
			return found[0].step, ""
		}
	default:
		before := b.before(s)
		for _, c := range slices.Backward(b.steps) {
			if c.Err == nil && before(c) && changes(c) && answers(c, g.Command) {
				return c, ""
			}
		}
	}
	return nil, ""
}

// answers reports whether the answer of a command may be another one after a step: what it starts is what commands connect to, or
// its name has a word in common with the command.
func answers(s *plan.Step, command string) bool {
	if slices.Contains(s.Unit.Order.Brings, unit.Connections) {
		return true
	}
	words := wordsOf(command)
	return slices.ContainsFunc(s.Change.Effects, unbounded) &&
		slices.ContainsFunc(wordsOf(s.Unit.ID.Key), func(w string) bool { return slices.ContainsFunc(words, func(o string) bool { return akin(w, o) }) })
}

// unbounded reports whether it is not known what an effect brings.
func unbounded(e abi.Effect) bool {
	what, _ := e.Op.Brings()
	return what == op.BringsAnything
}
