package plan

import (
	"maps"
	"slices"
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
func (b *graphBuilder) before(c *chain, u *DocumentUnit, id string) []string {
	if !b.graph[u.Play] || scopeOf(u) != (scope{}) {
		before := c.tips
		c.play, c.tips = u.Play, []string{id}
		return before
	}
	if c.play != u.Play {
		c.play, c.base, c.tips = u.Play, c.tips, nil
	}
	var before []string
	for _, name := range u.After {
		if from := b.find(scope{}, name); from != "" {
			before = append(before, from)
		}
	}
	c.tips = append(slices.DeleteFunc(slices.Clone(c.tips), func(tip string) bool { return slices.Contains(before, tip) }), id)
	if len(before) == 0 {
		return c.base
	}
	return slices.DeleteFunc(before, func(from string) bool {
		return slices.ContainsFunc(u.Require, func(name string) bool { return b.find(scope{}, name) == from })
	})
}

// after gives what each step of the host's plays in graph order directly comes after.
func (h *Host) after() map[*Step][]*Step {
	all := map[*Step][]*Step{}
	for _, p := range h.Plays {
		if !p.Graph {
			continue
		}
		maps.Copy(all, p.after())
	}
	return all
}
