// Package unitfilter narrows a run to the units that tags and names of units
// select, and to what these require.
//
// It imports engine/unit and engine/inventory.
package unitfilter

import (
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
)

// Tags narrow which units take part.
type Tags struct {
	Only []string // with one of these; empty is all
	Skip []string // with none of these
}

// Filter leaves out of a play what takes no part. It ends at once as skipped,
// so that what reads its results sees that.
func (t Tags) Filter(p *unit.Play) *unit.Play {
	if len(t.Only) == 0 && len(t.Skip) == 0 {
		return p
	}
	return p.Keep(func(u *unit.Unit) bool { return taken(u, t.takes(u)) })
}

// taken ends a unit that takes no part as skipped, before anything of it is executed.
func taken(u *unit.Unit, takes bool) bool {
	if !takes {
		u.Finish(unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}})
	}
	return takes
}

func (t Tags) takes(u *unit.Unit) bool {
	has := func(tag string) bool { return slices.Contains(u.Tags, tag) }
	if slices.ContainsFunc(t.Skip, has) {
		return false
	}
	return len(t.Only) == 0 || slices.ContainsFunc(t.Only, has)
}
