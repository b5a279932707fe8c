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

// Filter leaves out of a play what takes no part. It ends at once as skipped,
// so that what reads its results sees that.
func (t Tags) Filter(p *unit.Play) *unit.Play {
	if len(t.Only) == 0 && len(t.Skip) == 0 {
		return p
	}
	return p.Keep(func(u *unit.Unit) bool { return taken(u, t.takes(u)) })
}

// taken ends the turn of a unit that takes no part before it began.
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
