package ui

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
)

const shownBatches = 5 // of a play

// rollout says below a play's heading in which batches its hosts are changed, and how many may fail.
func (v PlanView) rollout(b *bufio.Writer, play int) {
	if play >= len(v.Rollouts) {
		return
	}
	r := v.Rollouts[play]
	var parts []string
	shown := r.Batches
	if len(shown) > shownBatches {
		shown = shown[:shownBatches-1]
	}
	for i, hosts := range shown {
		parts = append(parts, fmt.Sprintf("batch %d: %s", i+1, Readable(inventory.FoldNames(hosts))))
	}
	if more := len(r.Batches) - len(shown); more > 0 {
		last := r.Batches[len(r.Batches)-1]
		parts = append(parts, fmt.Sprintf("%d more, the last: %s", more, Readable(inventory.FoldNames(last))))
	}
	if r.MaxFail != "" {
		parts = append(parts, "max_fail "+r.MaxFail)
	}
	if len(parts) > 0 {
		fmt.Fprintln(b, "  "+v.Style.Wrap(Dim, strings.Join(parts, "; "), 2, 2+noteIndent))
	}
}

// unseen counts what the plan does or may do beyond one effect for each change that is
// printed: checks, steps of handlers, what only may happen.
func (v PlanView) unseen(b *bufio.Writer, plays []string, hosts []*plan.Host, entries []*entry) {
	type unit struct{ play, unit string }
	begun := map[string]bool{}
	for _, h := range hosts {
		begun[h.Host.Name] = h.Begun()
	}
	seen := map[unit]int{}
	for _, e := range entries {
		if e.step.Err == nil && e.step.Acts() && slices.ContainsFunc(e.hosts, func(h string) bool { return begun[h] }) {
			seen[unit{e.play, e.step.Unit.ID.Local()}]++
		}
	}
	n := 0
	for _, e := range plan.Effects(hosts, plays) {
		if u := (unit{e.Play, e.Unit}); !e.Potential && seen[u] > 0 {
			seen[u]--
			continue
		}
		n++
	}
	if n > 0 {
		fmt.Fprintln(b, v.Style.Wrap(Dim, wording.Plural(n, "more effect")+"; plan --effects lists all in words", 0, noteIndent))
	}
}
