package ui

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
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

// barriers says at which places hosts are going to wait for each other, or for the operator. Where
// only one host comes to a barrier it waits for no other, which is shown too: it
// may be a name that is misspelt.
func (v PlanView) barriers(b *bufio.Writer, plays []string, hosts []*plan.Host) {
	for play, name := range plays {
		var order []unit.Barrier
		on := map[unit.Barrier][]string{}
		for _, h := range hosts {
			if h.Err != nil || h.Plays[play] == nil {
				continue
			}
			for _, barrier := range h.Plays[play].Barriers {
				same := unit.Barrier{Name: barrier.Name, Pause: barrier.Pause}
				if on[same] == nil {
					order = append(order, same)
				}
				on[same] = append(on[same], h.Host.Name)
			}
		}
		for _, barrier := range order {
			text := fmt.Sprintf("play %s: %s \"%s\" on %s", PlayName(name), barrier.Kind(), Readable(barrier.Name), wording.On(on[barrier]))
			fmt.Fprintln(b, v.Style.Wrap(Dim, text, 0, noteIndent))
		}
	}
}
