package ui

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
)

// shownOthers is how many units a line names that are not among the changes.
const shownOthers = 5

// others says in one line for each set of hosts which units may act although they are not among the changes above, and which
// are executed and change nothing. What changes have effects beyond the one that is shown is counted.
func (v PlanView) others(b *bufio.Writer, plays []string, hosts []*plan.Host, entries []*entry) {
	all := plan.NotAmong(hosts, plays, v.shows)
	for _, o := range all {
		v.listed(b, wording.Plural(len(o.MayAct), "more unit")+" may act", o.MayAct, o.Hosts)
	}
	for _, o := range all {
		verb := " run and change nothing"
		if len(o.Probes) == 1 {
			verb = " runs and changes nothing"
		}
		v.listed(b, wording.Plural(len(o.Probes), "unit")+verb, o.Probes, o.Hosts)
	}
	if n := further(hosts, entries); n > 0 {
		fmt.Fprintln(b, v.Style.Wrap(Dim, "the changes above have "+wording.Plural(n, "more effect")+": "+listEffects, 0, noteIndent))
	}
}

// listEffects is how to see all that a plan does or may do.
const listEffects = "froyo plan --effects"

// listed names the first of some units.
func (v PlanView) listed(b *bufio.Writer, what string, units, hosts []string) {
	if len(units) == 0 {
		return
	}
	names := make([]string, 0, shownOthers)
	for _, u := range units[:min(len(units), shownOthers)] {
		names = append(names, Clip(Readable(u), 100))
	}
	text := what + " on " + wording.On(hosts) + ": " + strings.Join(names, ", ")
	if more := len(units) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more: %s", more, listEffects)
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
		for _, effect := range s.Effects(nil) {
			effects[u][effect.Text] = true
		}
	}
	n := 0
	for u, texts := range effects {
		n += max(0, len(texts)-shown[u])
	}
	return n
}
