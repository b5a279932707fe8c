package community

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/ansible"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func lists() []*function.Func {
	return []*function.Func{
		function.New("lists_mergeby", "*lists_and_key, recursive=False, list_merge='replace'", "The dicts of several lists, those with the same value of a key merged, in the order of these values.", mergeBy),
		function.New("version_sort", "reverse=False", "The elements in the order of versions: 2.9 is before 2.10.", versionSort),
		function.New("accumulate", "", "The sums of the first elements, of the first two, and so on.", accumulate),
	}
}

var errMergeBy = py.Errorf("give lists, and last the key by which their dicts are merged")

func mergeBy(c *call) (value, error) {
	recursive, err := py.Truth(c.Values[0])
	if err != nil {
		return nil, err
	}
	merge, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	terms := append([]value{c.Value}, c.Rest...)
	if len(terms) < 2 {
		return nil, errMergeBy
	}
	all, err := opened(terms[:len(terms)-1])
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return starlark.NewList(nil), nil
	case len(all) == 1:
		return all[0], nil
	}
	key, ok := terms[len(terms)-1].(starlark.String)
	if !ok {
		return nil, errMergeBy
	}
	result := all[len(all)-1]
	for _, l := range slices.Backward(all[:len(all)-1]) {
		if result, err = mergeTwo(c, l, result, key, recursive, merge); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// opened are lists, each with nothing but lists in it replaced by these; empty ones are left out.
func opened(terms []value) ([]value, error) {
	var out []value
	for _, t := range terms {
		if !isSequence(t) {
			return nil, py.Errorf("expected lists, not %s", py.TypeName(t))
		}
		items, err := py.Elements(t)
		if err != nil {
			return nil, err
		}
		switch {
		case len(items) == 0:
		case slices.ContainsFunc(items, func(v value) bool { return !isSequence(v) }):
			out = append(out, t)
		default:
			out = append(out, items...)
		}
	}
	return out, nil
}

func mergeTwo(c *call, low, high value, key starlark.String, recursive bool, merge string) (value, error) {
	by := starlark.NewDict(0)
	for _, l := range []value{low, high} {
		items, err := c.Elements(l)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			d, ok := item.(*starlark.Dict)
			if !ok {
				return nil, py.Errorf("expected lists of dicts, not of %s", py.TypeName(item))
			}
			k, found, err := py.Lookup(d, key)
			if err != nil {
				return nil, err
			}
			if !found {
				continue
			}
			if err := mergeInto(by, k, d, recursive, merge); err != nil {
				return nil, err
			}
		}
	}
	return sortedBy(by, key)
}

// mergeInto merges a dict into the one under a key.
func mergeInto(by *starlark.Dict, k value, d *starlark.Dict, recursive bool, merge string) error {
	if err := py.Hashable(k); err != nil {
		return err
	}
	old, found, err := py.Lookup(by, k)
	if err != nil {
		return err
	}
	if !found {
		old = starlark.NewDict(d.Len())
	}
	merged, err := ansible.Merge(old, d, recursive, merge)
	if err != nil {
		return err
	}
	out, err := py.CopyDict(old.(*starlark.Dict)) // keys stay where they are
	if err != nil {
		return err
	}
	if err := py.Update(out, merged); err != nil {
		return err
	}
	return py.SetKey(by, k, out)
}

// sortedBy are the dicts in a dict, in the order of one of their elements.
func sortedBy(by *starlark.Dict, key starlark.String) (value, error) {
	items := by.Items()
	out := make([]value, len(items))
	for i, item := range items {
		out[i] = item[1]
	}
	var failed error
	slices.SortStableFunc(out, func(a, b value) int {
		x, _, _ := py.Lookup(a.(*starlark.Dict), key)
		y, _, _ := py.Lookup(b.(*starlark.Dict), key)
		return order(x, y, &failed)
	})
	return starlark.NewList(out), failed
}

// order compares two values; what does not compare fails.
func order(a, b value, failed *error) int {
	less, err := py.Compare("<", a, b)
	if err != nil {
		*failed = err
		return 0
	}
	if less {
		return -1
	}
	more, err := py.Compare("<", b, a)
	if err != nil {
		*failed = err
	}
	if more {
		return 1
	}
	return 0
}

func versionSort(c *call) (value, error) {
	items, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	down, err := py.Truth(c.Values[0])
	if err != nil {
		return nil, err
	}
	out, err := ansible.SortVersions(items, down)
	return starlark.NewList(out), err
}

func accumulate(c *call) (value, error) {
	items, err := sequence(c, c.Value)
	if err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	size := 0
	for i, item := range items {
		if out[i] = item; i > 0 {
			if out[i], err = py.Binary("+", out[i-1], item); err != nil {
				return nil, err
			}
		}
		n, _ := py.Len(out[i])
		if size += n; size > py.MaxText {
			return nil, py.Fits("accumulate", int64(size))
		}
		if err := c.Run.Step(1 + n/64); err != nil {
			return nil, err
		}
	}
	return starlark.NewList(out), nil
}
