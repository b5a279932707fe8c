package plan

import (
	"slices"

	"github.com/openfroyo/froyo/engine/unit"
)

// Tags narrow which units take part.
type Tags struct {
	Only []string // with one of these; empty is all
	Skip []string // with none of these
}

// Filter returns the units that take part. The others end at once as skipped,
// so that what reads their results sees that.
func (t Tags) Filter(units []*unit.Unit) []*unit.Unit {
	if len(t.Only) == 0 && len(t.Skip) == 0 {
		return units
	}
	var kept []*unit.Unit
	for _, u := range units {
		if t.takes(u) {
			kept = append(kept, u)
			continue
		}
		leaveOut(u)
	}
	return kept
}

func (t Tags) takes(u *unit.Unit) bool {
	has := func(tag string) bool { return slices.Contains(u.Tags, tag) }
	if slices.ContainsFunc(t.Skip, has) {
		return false
	}
	return len(t.Only) == 0 || slices.ContainsFunc(t.Only, has)
}
