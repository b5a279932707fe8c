package ui

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
)

// How many units a line names that are not among the changes, and how many lines there are of a kind: units whose names have the
// host's in them make a set of each host.
const (
	shownOthers = 5
	shownSets   = 5
)

// others says in one line for each set of hosts which units may act although they are not among the changes above, and which
// are executed and change nothing. What changes have effects beyond the one that is shown is counted.
func (v PlanView) others(b *bufio.Writer, plays []string, hosts []*plan.Host, entries []*entry) {
	all := plan.NotAmong(hosts, plays, v.shows)
	v.sets(b, all, func(o plan.Others) []string { return o.MayAct }, func(n int) string { return wording.Plural(n, "more unit") + " may act" })
	v.sets(b, all, func(o plan.Others) []string { return o.Probes }, func(n int) string {
		if n == 1 {
			return "1 unit runs and changes nothing"
		}
		return wording.Plural(n, "unit") + " run and change nothing"
	})
	if n := further(hosts, entries); n > 0 {
		fmt.Fprintln(b, v.Style.Wrap(Dim, "the changes above have "+wording.Plural(n, "more effect")+": "+v.effects(), 0, noteIndent))
	}
}

// sets writes the lines of one kind of units, and counts those that there is no line for.
func (v PlanView) sets(b *bufio.Writer, all []plan.Others, units func(plan.Others) []string, what func(n int) string) {
	lines, rest := 0, 0
	var on []string
	for _, o := range all {
		names := units(o)
		switch {
		case len(names) == 0:
		case lines < shownSets:
			lines++
			v.listed(b, what(len(names)), names, o.Hosts)
		default:
			rest += len(names)
			for _, h := range o.Hosts {
				if !slices.Contains(on, h) {
					on = append(on, h)
				}
			}
		}
	}
	if rest > 0 {
		fmt.Fprintln(b, v.Style.Wrap(Dim, what(rest)+" on "+wording.On(on)+": "+v.effects(), 0, noteIndent))
	}
}

// effects is how to see all that the plan does or may do.
func (v PlanView) effects() string { return cmp.Or(v.Effects, "froyo plan --effects") }

// listed names the first of some units.
func (v PlanView) listed(b *bufio.Writer, what string, units, hosts []string) {
	names := make([]string, 0, shownOthers)
	for _, u := range units[:min(len(units), shownOthers)] {
		names = append(names, Clip(Readable(u), 100))
	}
	text := what + " on " + wording.On(hosts) + ": " + strings.Join(names, ", ")
	if more := len(units) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more: %s", more, v.effects())
	}
	fmt.Fprintln(b, v.Style.Wrap(Dim, text, 0, noteIndent))
}

// further counts the effects of the changes that are printed beyond one for each.
func further(hosts []*plan.Host, entries []*entry) int {
	begun := map[string]bool{}
	for _, h := range hosts {
		begun[h.Host.Name] = h.Begun()
	}
	type unit struct{ play, unit string }
	shown, effects := map[unit]int{}, map[unit]map[string]bool{}
	for _, e := range entries {
		s := e.step
		if s.Err != nil || !s.Acts() || !slices.ContainsFunc(e.hosts, func(h string) bool { return begun[h] }) {
			continue
		}
		u := unit{e.play, s.Unit.ID.Local()}
		shown[u]++
		if effects[u] == nil {
			effects[u] = map[string]bool{}
		}
		for _, effect := range s.PlannedEffects() {
			effects[u][effect.Text] = true
		}
	}
	n := 0
	for u, texts := range effects {
		n += max(0, len(texts)-shown[u])
	}
	return n
}
