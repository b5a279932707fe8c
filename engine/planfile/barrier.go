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
	Name string   `json:"name"` // of a pause, its message
	Play string   `json:"play"`
	Pos  diag.Pos `json:"pos"`
	// After is how many of the play's units come before it.
	After int `json:"after"`
	// Pause says that the operator has to confirm there.
	Pause bool `json:"pause,omitempty"`
}

func barriersOf(h *plan.Host, plays []string) []Barrier {
	var all []Barrier
	for _, index := range slices.Sorted(maps.Keys(h.Plays)) {
		for _, b := range h.Plays[index].Barriers {
			all = append(all, Barrier{Name: b.Name, Play: plays[index], Pos: b.Pos, After: b.At, Pause: b.Pause})
		}
	}
	return all
}

// viewBarriers puts saved barriers into the host's plays. Where a play has
// none of the host's units, they have nothing to hold back, but for pauses.
func viewBarriers(h *plan.Host, saved []Barrier, plays []string) {
	for _, b := range saved {
		index := slices.Index(plays, b.Play)
		if index >= 0 && b.Pause && h.Plays[index] == nil {
			h.Plays[index] = &plan.Play{}
		}
		if p := h.Plays[index]; p != nil {
			p.Barriers = append(p.Barriers, unit.Barrier{Name: b.Name, Pause: b.Pause, At: b.After, Pos: b.Pos})
		}
	}
}

// barriersDiffer says how a host's barriers differ from those of its saved
// plan, and where the first that does is; or "".
func barriersDiffer(saved, now []Barrier) (diag.Pos, string) {
	for i, b := range now {
		switch {
		case i >= len(saved):
			return b.Pos, fmt.Sprintf("the runbook now has a %s %q that is not in the plan", b.kind(), b.Name)
		case saved[i] != b:
			return b.Pos, fmt.Sprintf("the %s %q is no longer as planned", b.kind(), b.Name)
		}
	}
	if len(saved) > len(now) {
		b := saved[len(now)]
		return b.Pos, fmt.Sprintf("the %s %q is planned, but the runbook no longer has it on this host", b.kind(), b.Name)
	}
	return diag.Pos{}, ""
}

func (b Barrier) kind() string { return unit.Barrier{Pause: b.Pause}.Kind() }
