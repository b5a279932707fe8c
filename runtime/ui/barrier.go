package ui

import (
	"bufio"
	"fmt"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
)

// barriers says at which places hosts are going to wait for each other. Where
// only one host comes to a barrier it waits for no other, which is shown too: it
// may be a name that is misspelt.
func (v PlanView) barriers(b *bufio.Writer, plays []string, hosts []*plan.Host) {
	for play, name := range plays {
		var order []string
		on := map[string][]string{}
		for _, h := range hosts {
			if h.Err != nil || h.Plays[play] == nil {
				continue
			}
			for _, barrier := range h.Plays[play].Barriers {
				if on[barrier.Name] == nil {
					order = append(order, barrier.Name)
				}
				on[barrier.Name] = append(on[barrier.Name], h.Host.Name)
			}
		}
		for _, barrier := range order {
			text := fmt.Sprintf("play %s: barrier \"%s\" on %s", PlayName(name), Readable(barrier), wording.On(on[barrier]))
			fmt.Fprintln(b, v.Style.Wrap(Dim, text, 0, noteIndent))
		}
	}
}
