package ui

import (
	"bufio"
	"fmt"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
)

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
