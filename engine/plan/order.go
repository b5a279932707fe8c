package plan

import (
	"maps"
	"path"
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
)

// Group is steps of a play in graph order that are done one after the other: a
// unit, or neighbours that are one transaction.
type Group struct {
	Steps []*Step
	// After are the groups that come before it, by their index; all are smaller.
	After []int
}

// Groups takes steps apart as their edges allow. Edges always lead from what
// is declared earlier to what is declared later: those that the runbook says
// (require, on_change, and what lambdas read) and those that follow from what
// the units' types declare, see unit.Order.
func Groups(steps []*Step) []Group {
	groups := together(steps)
	known := earlier{alone: -1}
	for i := range groups {
		g := &groups[i]
		for _, s := range g.Steps {
			g.After = append(g.After, known.before(s.Unit)...)
			if alone(s) {
				for before := range i {
					g.After = append(g.After, before)
				}
			}
		}
		for _, s := range g.Steps {
			known.add(i, s.Unit)
			if alone(s) {
				known.alone = i
			}
		}
		slices.Sort(g.After)
		g.After = slices.Compact(g.After)
	}
	return groups
}

// alone reports whether nothing of the host may be at work beside a step. That it is guarded may be so on one host only.
func alone(s *Step) bool { return s.Unit.Order.Alone || s.Guarded }

// together joins neighbours that one transaction can bring at once.
func together(steps []*Step) []Group {
	var groups []Group
	for i, s := range steps {
		if i > 0 && s.Unit.Order.Transaction != "" && s.Unit.Order.Transaction == steps[i-1].Unit.Order.Transaction {
			last := &groups[len(groups)-1]
			last.Steps = append(last.Steps, s)
			continue
		}
		groups = append(groups, Group{Steps: []*Step{s}})
	}
	return groups
}

// thing is what units claim, whether they own it or not.
type thing struct{ namespace, name string }

// claimants are the groups whose units claim a thing.
type claimants struct{ owners, needers []int }

// earlier knows where the groups so far are that later ones may have to come after.
type earlier struct {
	units map[unit.ID]int
	// claimed has things themselves, beneath has paths by the directories above them.
	claimed, beneath map[thing]*claimants
	// transactions has the last group of each, which comes after all before it.
	transactions map[string]int
	alone        int // the last group that nothing may be at work beside, or -1
}

// before are the groups that a unit comes after.
func (e *earlier) before(u *unit.Unit) []int {
	var groups []int
	for _, id := range slices.Concat(u.Require, u.Conditions.OnChange) {
		if g, ok := e.units[id]; ok {
			groups = append(groups, g)
		}
	}
	for _, c := range u.Order.Claims {
		groups = append(groups, e.conflicts(c)...)
	}
	if g, ok := e.transactions[u.Order.Transaction]; ok {
		groups = append(groups, g)
	}
	if e.alone >= 0 {
		groups = append(groups, e.alone)
	}
	return groups
}

// conflicts are the groups that claim what a unit claims, where one of the two owns it.
func (e *earlier) conflicts(c unit.Claim) []int {
	var groups []int
	add := func(from map[thing]*claimants, at thing) {
		if found := from[at]; found != nil {
			groups = append(groups, found.owners...)
			if c.Owns {
				groups = append(groups, found.needers...)
			}
		}
	}
	at := thing{c.Namespace, c.Name}
	add(e.claimed, at)
	if c.Namespace != unit.PathNamespace {
		return groups
	}
	for dir := range parents(c.Name) {
		if found := e.claimed[thing{c.Namespace, dir}]; found != nil {
			groups = append(groups, found.owners...)
		}
	}
	if c.Owns {
		add(e.beneath, at)
	}
	return groups
}

// add notes a unit of a group.
func (e *earlier) add(group int, u *unit.Unit) {
	if e.units == nil {
		e.units, e.transactions = map[unit.ID]int{}, map[string]int{}
		e.claimed, e.beneath = map[thing]*claimants{}, map[thing]*claimants{}
	}
	e.units[u.ID] = group
	for _, c := range u.Order.Claims {
		e.claim(e.claimed, thing{c.Namespace, c.Name}, group, c.Owns)
		if c.Namespace == unit.PathNamespace {
			for dir := range parents(c.Name) {
				e.claim(e.beneath, thing{c.Namespace, dir}, group, c.Owns)
			}
		}
	}
	if u.Order.Transaction != "" {
		e.transactions[u.Order.Transaction] = group
	}
}

func (*earlier) claim(in map[thing]*claimants, at thing, group int, owns bool) {
	if in[at] == nil {
		in[at] = &claimants{}
	}
	if owns {
		in[at].owners = append(in[at].owners, group)
	} else {
		in[at].needers = append(in[at].needers, group)
	}
}

// parents ranges over the directories above a path, the nearest first.
func parents(at string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for at != "/" {
			if at = path.Dir(at); !yield(at) {
				return
			}
		}
	}
}

// Predecessors gives what each step of the host's plays in graph order directly
// comes after.
func (h *Host) Predecessors() map[*Step][]*Step {
	all := map[*Step][]*Step{}
	for _, p := range h.Plays {
		if !p.Graph {
			continue
		}
		maps.Copy(all, p.after())
	}
	return all
}

// after gives what each step of a play in graph order directly comes after.
// Before a barrier and an early run of handlers all is done that stands
// before it.
func (p *Play) after() map[*Step][]*Step {
	after := map[*Step][]*Step{}
	var ends []*Step // of the section before
	done := 0
	section := func(at int) {
		if at = min(max(at, done), len(p.Steps)); at > done {
			ends = follow(after, Groups(p.Steps[done:at]), ends)
			done = at
		}
	}
	for at := range p.Breaks() {
		section(at)
	}
	section(len(p.Steps))
	return after
}

// follow notes what the steps of a section come after, and returns those that
// nothing of the section comes after.
func follow(after map[*Step][]*Step, groups []Group, ends []*Step) []*Step {
	last := make([]*Step, len(groups))
	open := make([]bool, len(groups))
	for i, g := range groups {
		first := g.Steps[0]
		for _, before := range g.After {
			after[first] = append(after[first], last[before])
			open[before] = false
		}
		if len(g.After) == 0 {
			after[first] = ends
		}
		for k, s := range g.Steps[1:] {
			after[s] = []*Step{g.Steps[k]}
		}
		last[i], open[i] = g.Steps[len(g.Steps)-1], true
	}
	var left []*Step
	for i, s := range last {
		if open[i] {
			left = append(left, s)
		}
	}
	return left
}
