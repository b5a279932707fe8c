package community

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/ansible"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func sets() []*function.Func {
	of := func(name, doc string, combine func(c *call, all [][]value) ([]value, error)) *function.Func {
		return function.New(name, "*lists, flatten=False", doc, func(c *call) (value, error) { return combined(c, combine) })
	}
	return []*function.Func{
		of("lists_union", "The elements of all lists, each once.", func(c *call, all [][]value) ([]value, error) {
			var joined []value
			for _, l := range all {
				joined = append(joined, l...)
			}
			return ansible.Distinct(c, joined)
		}),
		of("lists_intersect", "The elements that are in all lists, each once.", func(c *call, all [][]value) ([]value, error) { return narrowed(c, all, true) }),
		of("lists_difference", "The elements of the first list that are in none of the others, each once.", func(c *call, all [][]value) ([]value, error) { return narrowed(c, all, false) }),
		of("lists_symmetric_difference", "The elements that are in one list only, each once; of more than two lists that of the first two and the next, and so on.", symmetric),
	}
}

// combined combines lists; one alone stays as it is.
func combined(c *call, combine func(c *call, all [][]value) ([]value, error)) (value, error) {
	terms := append([]value{c.Value}, c.Rest...)
	flatten, err := py.Truth(c.Values[0])
	if err != nil {
		return nil, err
	}
	if flatten {
		if terms, err = listsIn(terms); err != nil {
			return nil, err
		}
	}
	switch len(terms) {
	case 0:
		return starlark.NewList(nil), nil
	case 1:
		return terms[0], nil
	}
	all := make([][]value, len(terms))
	for i, t := range terms {
		if !py.IsSequence(t) {
			return nil, py.Errorf("expected lists, not %s", py.TypeName(t))
		}
		if all[i], err = c.Elements(t); err != nil {
			return nil, err
		}
	}
	out, err := combine(c, all)
	return starlark.NewList(out), err
}

// listsIn are lists, each with nothing but lists in it replaced by these; empty ones are left out.
func listsIn(terms []value) ([]value, error) {
	var out []value
	for _, t := range terms {
		if !py.IsSequence(t) {
			return nil, py.Errorf("expected lists, not %s", py.TypeName(t))
		}
		items, err := py.Elements(t)
		if err != nil {
			return nil, err
		}
		only := true
		for _, item := range items {
			only = only && py.IsSequence(item)
		}
		switch {
		case len(items) == 0:
		case only:
			out = append(out, items...)
		default:
			out = append(out, t)
		}
	}
	return out, nil
}

// narrowed are the elements of the first list that are in each of the others, or in none.
func narrowed(c *call, all [][]value, in bool) ([]value, error) {
	out, err := ansible.Distinct(c, all[0])
	for _, other := range all[1:] {
		if err != nil {
			return nil, err
		}
		out, err = ansible.Among(c, out, other, in)
	}
	return out, err
}

func symmetric(c *call, all [][]value) ([]value, error) {
	out := all[0]
	for _, other := range all[1:] {
		union, err := ansible.Distinct(c, append(append([]value(nil), out...), other...))
		if err != nil {
			return nil, err
		}
		both, err := ansible.Among(c, out, other, true)
		if err != nil {
			return nil, err
		}
		if out, err = ansible.Among(c, union, both, false); err != nil {
			return nil, err
		}
	}
	return out, nil
}
