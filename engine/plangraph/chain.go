package plangraph

import (
	"slices"

	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/unit"
)

// chain follows the order of the units of a scope, to be drawn.
type chain struct {
	play string
	// base are the nodes that the play at work comes after, tips those that
	// nothing comes after yet.
	base, tips []string
}

// before are the nodes that a unit's directly comes after: in script order the
// one before, in graph order those that it waits for, as far as no requirement
// says so already.
func (b *builder) before(c *chain, u *planfile.Unit, id string) []string {
	if !b.graph[u.Play] || u.Scope() != (unit.Scope{}) {
		before := c.tips
		c.play, c.tips = u.Play, []string{id}
		return before
	}
	if c.play != u.Play {
		c.play, c.base, c.tips = u.Play, c.tips, nil
	}
	var before []string
	for _, name := range u.After {
		if from := b.find(unit.Scope{}, name); from != "" {
			before = append(before, from)
		}
	}
	c.tips = append(slices.DeleteFunc(slices.Clone(c.tips), func(tip string) bool { return slices.Contains(before, tip) }), id)
	if len(before) == 0 {
		return c.base
	}
	return slices.DeleteFunc(before, func(from string) bool {
		return slices.ContainsFunc(u.Require, func(name string) bool { return b.find(unit.Scope{}, name) == from })
	})
}
