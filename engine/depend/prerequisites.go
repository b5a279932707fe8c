package depend

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Prerequisites refuses steps of a host that need something which is not there and which nothing before them can bring. Those that
// act on another host are left to [Delegated].
func Prerequisites(h *plan.Host) {
	b := &bringers{after: h.Predecessors(), plays: map[*plan.Step]int{}}
	for play, s := range h.Steps() {
		if s.Err == nil && s.Acts() && s.Unit.ID.Delegate == "" {
			b.plays[s] = play
			b.settle(s)
		}
		b.add(play, s)
	}
}

// Delegated refuses steps that act on another host where that lacks what they need and nothing before them can bring it there: a unit
// of the same host, or in a play before one of any host. Only the plans of all hosts tell.
func Delegated(hosts []*plan.Host) {
	for _, h := range hosts {
		if h.Err != nil {
			continue
		}
		b := &bringers{after: h.Predecessors(), plays: map[*plan.Step]int{}}
		for play, s := range h.Steps() {
			if s.Err == nil && s.Acts() && s.Unit.ID.Delegate != "" && len(s.Change.Needs) > 0 {
				b.plays[s] = play
				b.with(hosts, h, play, on(s)).settle(s)
			}
			b.add(play, s)
		}
	}
}

// settle compares what a step needs with what those before it may bring.
func (b *bringers) settle(s *plan.Step) {
	for _, n := range s.Change.Needs {
		found := b.find(s, n)
		if len(found) == 0 {
			s.Err, s.Awaits = inspect.MissingPrerequisite(n, b.why(s, n)), nil
			return
		}
		if !n.Directory || found[0].how != makes {
			s.Awaits = append(s.Awaits, awaits(n, found))
		}
	}
	expect(s)
}

// awaits names what a step waits for, and who is the likeliest to bring it. Where no name tells, how many others may is told, too.
func awaits(n abi.Need, found []bringer) string {
	what := n.What
	if n.Near != "" && found[0].how < named {
		what += " (did you mean " + strconv.Quote(n.Near) + "?)"
	}
	who := label(found[0].step)
	if found[0].how == perhaps {
		switch more := len(found) - 1; {
		case more == 1:
			who += " or " + label(found[1].step)
		case more > 1:
			who += " or " + wording.Plural(more, "more unit")
		}
	}
	return what + ", which " + who + " may bring"
}

// label is a step's name in a sentence: of a script, the beginning of its first line.
func label(s *plan.Step) string {
	const most = 60
	name := s.Unit.ID.Local()
	line, _, more := strings.Cut(name, "\n")
	if runes := []rune(line); len(runes) > most {
		line, more = string(runes[:most]), true
	}
	if more {
		return line + "...]"
	}
	return name
}

// expect takes what a step needs for brought: so the step is sent ahead with those
// before it, and read again where that did not come true.
func expect(s *plan.Step) {
	reads := slices.Clone(s.Reads)
	left := len(s.Change.Needs)
	if left == 0 {
		return
	}
	directory := slices.ContainsFunc(s.Change.Needs, func(n abi.Need) bool { return n.Directory })
	for i, e := range reads {
		switch {
		case directory && e.Op.Stat != nil && e.Result.Stat != nil && e.Result.Stat.NoParent:
			found := *e.Result.Stat
			found.NoParent = false
			reads[i].Result.Stat = &found
			left--
		case e.Op.Need != nil && e.Result.Need != nil && e.Result.Need.Lacking() > 0:
			left -= e.Result.Need.Lacking()
			reads[i].Result.Need = &op.NeedResult{}
		}
	}
	if left == 0 {
		s.Reads, s.Change.Needs = reads, nil
	}
}
