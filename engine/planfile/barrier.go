package planfile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// Barrier is a place at which a host waits for others.
type Barrier struct {
	Name string   `json:"name"`
	Play string   `json:"play"`
	Pos  diag.Pos `json:"pos"`
	// After is how many of the play's units come before it.
	After int `json:"after"`
}

func barriersOf(h *plan.Host, plays []string) []Barrier {
	var all []Barrier
	for _, index := range slices.Sorted(maps.Keys(h.Plays)) {
		for _, b := range h.Plays[index].Barriers {
			all = append(all, Barrier{Name: b.Name, Play: plays[index], Pos: b.Pos, After: b.At})
		}
	}
	return all
}

// viewBarriers puts saved barriers into the host's plays. Where a play has
// none of the host's units, they have nothing to hold back.
func viewBarriers(h *plan.Host, saved []Barrier, plays []string) {
	for _, b := range saved {
		if p := h.Plays[slices.Index(plays, b.Play)]; p != nil {
			p.Barriers = append(p.Barriers, unit.Barrier{Name: b.Name, At: b.After, Pos: b.Pos})
		}
	}
}

// barriersDiffer says how a host's barriers differ from those of its saved
// plan, and where the first that does is; or "".
func barriersDiffer(saved, now []Barrier) (diag.Pos, string) {
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
