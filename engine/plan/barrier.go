package plan

import (
	"fmt"
	"iter"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// DocumentBarrier is a place at which a host waits for others.
type DocumentBarrier struct {
	Name string   `json:"name"`
	Play string   `json:"play"`
	Pos  diag.Pos `json:"pos"`
	// After is how many of the play's units come before it.
	After int `json:"after"`
}

func documentBarriers(h *Host, plays []string) []DocumentBarrier {
	var all []DocumentBarrier
	for _, index := range sortedKeys(h.Plays) {
		for _, b := range h.Plays[index].Barriers {
			all = append(all, DocumentBarrier{Name: b.Name, Play: plays[index], Pos: b.Pos, After: b.At})
		}
	}
	return all
}

// viewBarriers puts saved barriers into the host's plays. Where a play has
// none of the host's units, they have nothing to hold back.
func (h *Host) viewBarriers(saved []DocumentBarrier, plays []string) {
	for _, b := range saved {
		if p := h.Plays[slices.Index(plays, b.Play)]; p != nil {
			p.Barriers = append(p.Barriers, unit.Barrier{Name: b.Name, At: b.After, Pos: b.Pos})
		}
	}
}

// barriersDiffer says how a host's barriers differ from those of its saved
// plan, and where the first that does is; or "".
func barriersDiffer(saved, now []DocumentBarrier) (diag.Pos, string) {
	for i, b := range now {
		switch {
		case i >= len(saved):
			return b.Pos, fmt.Sprintf("the runbook now has a barrier %q that is not in the plan", b.Name)
		case saved[i] != b:
			return b.Pos, fmt.Sprintf("the barrier %q is no longer as planned", b.Name)
		}
	}
	if len(saved) > len(now) {
		b := saved[len(now)]
		return b.Pos, fmt.Sprintf("the barrier %q is planned, but the runbook no longer has it on this host", b.Name)
	}
	return diag.Pos{}, ""
}

// Breaks ranges over the places at which the play's units are interrupted, in
// their order: before the step of an index, or behind the last. It is for a
// barrier, or where there is none for owed handlers, which are delivered early.
func (p *Play) Breaks() iter.Seq2[int, *unit.Barrier] {
	return func(yield func(int, *unit.Barrier) bool) {
		flushes, barriers := p.Flush, p.Barriers
		for len(flushes)+len(barriers) > 0 {
			if len(barriers) > 0 && (len(flushes) == 0 || barriers[0].Flushes <= len(p.Flush)-len(flushes)) {
				if !yield(barriers[0].At, &barriers[0]) {
					return
				}
				barriers = barriers[1:]
				continue
			}
			if !yield(flushes[0], nil) {
				return
			}
			flushes = flushes[1:]
		}
	}
}
