package ansible

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// What Ansible makes of sets has no order of its own in Python. Here elements stay in the order in which they come.
func sets() []*function.Func {
	return []*function.Func{
		def("union", "other", "The elements of both lists, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			if _, err := py.Binary("+", c.Value, c.Values[0]); err != nil {
				return nil, err
			}
			return distinct(append(slices.Clip(a), b...), nil, false)
		}),
		def("intersect", "other", "The elements that are in both lists, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			return distinct(a, newIndex(b), true)
		}),
		def("difference", "other", "The elements that are not in the other list, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			return distinct(a, newIndex(b), false)
		}),
		def("symmetric_difference", "other", "The elements that are in one of the lists only, each once.", func(c *call) (value, error) {
			a, b, err := operands(c)
			if err != nil {
				return nil, err
			}
			if _, err := py.Binary("+", c.Value, c.Values[0]); err != nil {
				return nil, err
			}
			x, err := distinct(a, newIndex(b), false)
			if err != nil {
				return nil, err
			}
			y, err := distinct(b, newIndex(a), false)
			if err != nil {
				return nil, err
			}
			return py.Binary("+", x, y)
		}),
	}
}

// operands are the elements of two lists. Of two values that have hashes Ansible makes sets, whose order is no order.
func operands(c *call) (a, b []value, err error) {
	if py.Hashable(c.Value) == nil && py.Hashable(c.Values[0]) == nil {
		return nil, nil, py.Errorf("the result would have no order: give lists, not %s", py.TypeName(c.Value))
	}
	if a, err = elements(c, c.Value); err == nil {
		b, err = elements(c, c.Values[0])
	}
	return a, b, err
}

// index finds values; what cannot be a key is looked for one by one.
type index struct {
	keys *starlark.Dict
	rest []value
}

func newIndex(items []value) *index {
	x := &index{keys: starlark.NewDict(len(items))}
	for _, item := range items {
		x.add(item)
	}
	return x
}

func (x *index) add(v value) {
	if py.Hashable(v) != nil || x.keys.SetKey(v, starlark.None) != nil {
		x.rest = append(x.rest, v)
	}
}

func (x *index) has(v value) (bool, error) {
	if py.Hashable(v) == nil {
		if _, found, err := py.Lookup(x.keys, v); err != nil || found {
			return found, err
		}
	}
	return py.Member(x.rest, v)
}

// distinct are elements, each once, that are in another set or are not.
func distinct(items []value, other *index, in bool) (value, error) {
	seen := newIndex(nil)
	var out []value
	for _, item := range items {
		if other != nil {
			found, err := other.has(item)
			if err != nil {
				return nil, err
			}
			if found != in {
				continue
			}
		}
		had, err := seen.has(item)
		if err != nil {
			return nil, err
		}
		if !had {
			seen.add(item)
			out = append(out, item)
		}
	}
	return list(out), nil
}
