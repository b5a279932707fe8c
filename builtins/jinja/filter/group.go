package filter

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Group is what groupby gives: a pair with names for its parts.
type Group struct{ Grouper, List value }

func (g *Group) String() string        { return "group" }
func (g *Group) Type() string          { return "tuple" }
func (g *Group) Freeze()               {}
func (g *Group) Truth() starlark.Bool  { return true }
func (g *Group) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'list'") }
func (g *Group) Len() int              { return 2 }

// Index is one part of the pair.
func (g *Group) Index(i int) value {
	if i == 0 {
		return g.Grouper
	}
	return g.List
}

// Iterator goes over both parts.
func (g *Group) Iterator() py.Iterator {
	i := -1
	return func() (value, bool, error) {
		if i++; i > 1 {
			return nil, false, nil
		}
		return g.Index(i), true, nil
	}
}

// Pair is both parts.
func (g *Group) Pair() starlark.Tuple { return starlark.Tuple{g.Grouper, g.List} }

// Text is the pair as a tuple.
func (g *Group) Text() (string, error) { return py.Repr(g.Pair()) }

// Get returns a part by its name.
func (g *Group) Get(name string) (value, error) {
	switch name {
	case "grouper":
		return g.Grouper, nil
	case "list":
		return g.List, nil
	}
	return nil, nil
}
