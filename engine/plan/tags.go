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

// Narrow takes the units that take no part out of a play. Handlers belong to
// the units that notify them.
func (t Tags) Narrow(p *unit.Play) *unit.Play {
	if len(t.Only) == 0 && len(t.Skip) == 0 {
		return p
	}
	narrow := &unit.Play{Units: t.Filter(p.Units), Handlers: p.Handlers, Verify: t.Filter(p.Verify)}
	for _, at := range p.Flush {
		narrow.Flush = append(narrow.Flush, len(t.kept(p.Units[:at])))
	}
	return narrow
}

// kept returns the units that take part.
func (t Tags) kept(units []*unit.Unit) []*unit.Unit {
	return slices.DeleteFunc(slices.Clone(units), func(u *unit.Unit) bool { return !t.takes(u) })
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
		u.Finish(unit.Outcome{Status: unit.Skipped, Outputs: map[string]any{"changed": false}})
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
