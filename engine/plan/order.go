package plan

import (
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
)

// Group is steps of a play in graph order that are done one after the other: a
// unit, or packages that stand together in the runbook.
type Group struct {
	Steps []*Step
	// After are the groups that come before it, by their index; all are smaller.
	After []int
}

// Groups takes steps apart as their edges allow. Edges always lead from what
// is declared earlier to what is declared later: those that the runbook says
// (require, on_change, and what lambdas read) and those that what the units
// are about implies.
func Groups(steps []*Step) []Group {
	groups := together(steps)
	var known places
	for i := range groups {
		for _, s := range groups[i].Steps {
			groups[i].After = append(groups[i].After, known.before(s.Unit)...)
		}
		for _, s := range groups[i].Steps {
			known.add(i, s.Unit)
		}
		slices.Sort(groups[i].After)
		groups[i].After = slices.Compact(groups[i].After)
	}
	return groups
}

// together joins neighbours that are about packages, which a transaction can bring at once.
func together(steps []*Step) []Group {
	var groups []Group
	for i, s := range steps {
		if i > 0 && isPackage(s.Unit) && isPackage(steps[i-1].Unit) {
			last := &groups[len(groups)-1]
			last.Steps = append(last.Steps, s)
			continue
		}
		groups = append(groups, Group{Steps: []*Step{s}})
	}
	return groups
}

func isPackage(u *unit.Unit) bool { return u.ID.Type == "pkg" }

// places knows where the groups so far are that later ones may have to come after.
type places struct {
	units map[unit.ID]int
	// at has those about a path, in has files and directories by their path, and
	// beneath has those about a path below it.
	at, in, beneath map[string][]int
	// named has packages and services by name, of which packages holds the last of all.
	named    map[string][]int
	packages []int
}

// before are the groups that a unit comes after.
func (p *places) before(u *unit.Unit) []int {
	var groups []int
	for _, id := range slices.Concat(u.Require, u.OnChange) {
		if g, ok := p.units[id]; ok {
			groups = append(groups, g)
		}
	}
	if at := pathOf(u); at != "" {
		groups = append(groups, p.at[at]...)
		for dir := range parents(at) {
			groups = append(groups, p.in[dir]...)
		}
		if u.ID.Type == "file" {
			groups = append(groups, p.beneath[at]...)
		}
	}
	if name := serves(u); name != "" {
		groups = append(groups, p.named[name]...)
	}
	if isPackage(u) { // there is one package manager
		groups = append(groups, p.packages...)
	}
	return groups
}

// add notes a unit of a group.
func (p *places) add(group int, u *unit.Unit) {
	if p.units == nil {
		p.units, p.named = map[unit.ID]int{}, map[string][]int{}
		p.at, p.in, p.beneath = map[string][]int{}, map[string][]int{}, map[string][]int{}
	}
	p.units[u.ID] = group
	if at := pathOf(u); at != "" {
		p.at[at] = append(p.at[at], group)
		if u.ID.Type == "file" {
			p.in[at] = append(p.in[at], group)
		}
		for dir := range parents(at) {
			p.beneath[dir] = append(p.beneath[dir], group)
		}
	}
	if name := serves(u); name != "" {
		p.named[name] = append(p.named[name], group)
	}
	if isPackage(u) {
		p.packages = []int{group}
	}
}

// pathOf is the absolute path that a unit is about, or "".
func pathOf(u *unit.Unit) string {
	var args struct {
		Path string `json:"path"`
	}
	if len(u.Args) == 0 || codec.Unmarshal(u.Args, &args) != nil || !path.IsAbs(args.Path) {
		return ""
	}
	return path.Clean(args.Path)
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

// serves is the name that a service and its package share, or "".
func serves(u *unit.Unit) string {
	switch u.ID.Type {
	case "pkg", "service":
		return strings.TrimSuffix(u.ID.Key, ".service")
	}
	return ""
}

// after gives what each step of a play in graph order directly comes after.
// Before a barrier and an early delivery of handlers all is done that stands
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
