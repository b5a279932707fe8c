// Package nested is the filters of the collection ansible.utils that look into nested values.
package nested

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type (
	value = py.Value
	call  = function.Call
)

// maxNesting is how deeply values may be nested.
const maxNesting = 500

var errNesting = py.Errorf("a value is nested more than %d levels deep, or holds itself", maxNesting)

// Filters returns the filters.
func Filters() []*function.Func {
	const keys = "target, matching_parameter='equality'"
	return []*function.Func{
		function.New("get_path", "path, wantlist=False", "The text of what a path such as a.b[0]['c'] leads to in the value.", getPath),
		function.New("to_paths", "prepend=None, wantlist=False", "A nested value as a dict of its paths, such as a.b[0], with what they lead to.", toPaths),
		function.New("index_of", "test, value=None, key=None, wantlist=False, fail_on_missing=False", "The places of the elements that pass a test; of a single one its place alone.", indexOf),
		function.New("keep_keys", keys, "The value with some keys only, those that equality, starts_with, ends_with or regex finds, at any depth.", keepKeys),
		function.New("remove_keys", keys, "The value without some keys, which are found as by keep_keys, and its lists without empty elements.", removeKeys),
		function.New("replace_keys", keys, "The value with keys replaced at any depth; target is a list of dicts with before and after.", replaceKeys),
		function.New("consolidate", "fail_missing_match_key=False, fail_missing_match_value=False, fail_duplicate=False", "Dicts of several sources, of which each has data, match_key and name, by the values of their keys.", consolidate),
	}
}

func str(s string) value { return starlark.String(s) }

// listed is a value, in a list where that is wanted.
func listed(v, want value) (value, error) {
	yes, err := py.Truth(want)
	if err != nil || !yes {
		return v, err
	}
	return starlark.NewList([]value{v}), nil
}

func indexOf(c *call) (value, error) {
	items, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	t, err := newTester(c)
	if err != nil {
		return nil, err
	}
	missing, err := py.Truth(c.Values[4])
	if err != nil {
		return nil, err
	}
	var out []value
	for i, item := range items {
		v, found, err := member(item, c.Values[2])
		if err != nil {
			return nil, err
		}
		if !found {
			if missing {
				return nil, py.Errorf("element %d of the list has no key %s", i, c.Values[2])
			}
			continue
		}
		yes, err := t.passes(c, v)
		if err != nil {
			return nil, err
		}
		if yes {
			out = append(out, starlark.MakeInt(i))
		}
	}
	want, err := py.Truth(c.Values[3])
	if err != nil || len(out) != 1 || want {
		return starlark.NewList(out), err
	}
	return out[0], nil
}

// member is the element of a dict with a key, or the value itself where no key is given.
func member(v, key value) (value, bool, error) {
	if key == starlark.None {
		return v, true, nil
	}
	d, ok := v.(*starlark.Dict)
	if !ok {
		return nil, false, py.Errorf("with a key the list has dicts only, not %s", py.TypeName(v))
	}
	return py.Lookup(d, key)
}

// consolidate puts together the dicts of several sources that have the same value of a key.
func consolidate(c *call) (value, error) {
	sources, err := c.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	var flags [3]bool
	for i := range flags {
		if flags[i], err = py.Truth(c.Values[i]); err != nil {
			return nil, err
		}
	}
	all := make([]*source, len(sources))
	values := starlark.NewDict(0)
	for i, v := range sources {
		if all[i], err = readSource(c, i, v, flags[0], flags[2]); err != nil {
			return nil, err
		}
		if err := py.Update(values, all[i].by); err != nil {
			return nil, err
		}
	}
	keys := values.Keys()
	var failed error
	slices.SortFunc(keys, func(a, b value) int {
		less, err := py.Compare("<", a, b)
		if err != nil {
			failed = err
		}
		if less {
			return -1
		}
		return 1
	})
	if failed != nil {
		return nil, failed
	}
	out := starlark.NewDict(len(keys))
	for i, s := range all {
		for _, k := range keys {
			if err := s.addTo(out, i, k, flags[1]); err != nil {
				return nil, err
			}
		}
	}
	return out, c.Run.Step(len(keys) * len(all))
}

// source are the dicts of a source by the value of a key.
type source struct {
	prefix value
	by     *starlark.Dict
}

func readSource(c *call, i int, v value, keyNeeded, once bool) (*source, error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return nil, py.Errorf("expected a list of dicts with data, match_key and name, not of %s", py.TypeName(v))
	}
	var parts [3]value
	for n, name := range []string{"data", "match_key", "name"} {
		v, found, err := d.Get(str(name))
		if err != nil || !found {
			return nil, py.Errorf("source %d has no %s", i, name)
		}
		parts[n] = v
	}
	items, err := c.Elements(parts[0])
	if err != nil {
		return nil, err
	}
	s := &source{parts[2], starlark.NewDict(len(items))}
	for n, item := range items {
		k, found, err := member(item, parts[1])
		if err != nil {
			return nil, err
		}
		if !found {
			if keyNeeded {
				return nil, py.Errorf("entry %d of source %d has no key %s", n, i, parts[1])
			}
			continue
		}
		if err := py.Hashable(k); err != nil {
			return nil, err
		}
		if _, twice, _ := py.Lookup(s.by, k); twice && once {
			return nil, py.Errorf("source %d has %s twice", i, k)
		}
		if err := py.SetKey(s.by, k, item); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addTo adds what the source has for a value, or an empty dict.
func (s *source) addTo(out *starlark.Dict, i int, k value, needed bool) error {
	found, has, err := py.Lookup(s.by, k)
	if err != nil {
		return err
	}
	if !has {
		if needed {
			return py.Errorf("source %d has no %s", i, k)
		}
		found = starlark.NewDict(0)
	}
	of, had, err := py.Lookup(out, k)
	if err != nil {
		return err
	}
	if !had {
		of = starlark.NewDict(1)
		if err := py.SetKey(out, k, of); err != nil {
			return err
		}
	}
	return py.SetKey(of.(*starlark.Dict), s.prefix, found)
}
