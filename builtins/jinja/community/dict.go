package community

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func dicts() []*function.Func {
	return []*function.Func{
		function.New("dict", "", "A dict of pairs.", func(c *call) (value, error) {
			out := starlark.NewDict(0)
			return out, py.Update(out, c.Value)
		}),
		function.New("dict_kv", "key", "A dict with the value under one key.", func(c *call) (value, error) {
			out := starlark.NewDict(1)
			return out, put(out, c.Values[0], c.Value)
		}),
		function.New("groupby_as_dict", "attribute", "A list of dicts as a dict of them, by one of their elements, which differs in each.", groupAsDict),
		function.New("counter", "", "How often each element is in the list, as a dict.", counter),
	}
}

func groupAsDict(c *call) (value, error) {
	items, err := sequence(c, c.Value)
	if err != nil {
		return nil, err
	}
	out := starlark.NewDict(len(items))
	for i, item := range items {
		d, ok := item.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("element %d of the list is no dict, but %s", i, py.TypeName(item))
		}
		k, found, err := py.Lookup(d, c.Values[0])
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, py.Errorf("element %d of the list has no key %s", i, c.Values[0])
		}
		if err := py.Hashable(k); err != nil {
			return nil, err
		}
		if _, twice, err := py.Lookup(out, k); err != nil || twice {
			if err != nil {
				return nil, err
			}
			return nil, py.Errorf("several elements have %s as %s", k, c.Values[0])
		}
		if err := put(out, k, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func counter(c *call) (value, error) {
	items, err := sequence(c, c.Value)
	if err != nil {
		return nil, err
	}
	out := starlark.NewDict(0)
	for _, item := range items {
		if err := py.Hashable(item); err != nil {
			return nil, err
		}
		n, found, err := py.Lookup(out, item)
		if err != nil {
			return nil, err
		}
		if !found {
			n = starlark.MakeInt(0)
		}
		if err := put(out, item, n.(starlark.Int).Add(starlark.MakeInt(1))); err != nil {
			return nil, err
		}
	}
	return out, nil
}
