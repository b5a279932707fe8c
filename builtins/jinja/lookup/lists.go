package lookup

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// opened is a list of elements in which lists are replaced by their elements.
func opened(elements []value) []value {
	var out []value
	for _, e := range elements {
		switch e := e.(type) {
		case *starlark.List, starlark.Tuple:
			more, _ := py.Elements(e) // of these there is no error
			out = append(out, more...)
		default:
			out = append(out, e)
		}
	}
	return out
}

// elements are those of a term that is one where it has none.
func elements(v value) ([]value, error) {
	switch v := v.(type) {
	case starlark.String:
		return []value{starlark.String(strings.TrimFunc(string(v), py.IsSpace))}, nil
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float:
		return []value{v}, nil
	}
	out, err := py.Elements(v)
	if err != nil {
		return nil, failure{err}
	}
	return out, nil
}

func items(c *call) ([]value, error) { return opened(c.terms), nil }

func dicts(c *call) ([]value, error) {
	var out []value
	for _, term := range c.terms {
		d, ok := term.(*starlark.Dict)
		if !ok {
			return nil, failf("expected a dict, not %s", py.TypeName(term))
		}
		for _, item := range d.Items() {
			entry := starlark.NewDict(2)
			for i, name := range []string{"key", "value"} {
				if err := entry.SetKey(starlark.String(name), item[i]); err != nil {
					return nil, err
				}
			}
			out = append(out, entry)
		}
	}
	return out, nil
}

func indexedItems(c *call) ([]value, error) {
	out := opened(c.terms)
	for i, e := range out {
		out[i] = starlark.Tuple{starlark.MakeInt(i), e}
	}
	return out, nil
}

func nested(c *call) ([]value, error) {
	if len(c.terms) == 0 {
		return nil, failf("it needs at least one list")
	}
	out, err := elements(c.terms[0])
	if err != nil {
		return nil, err
	}
	for _, term := range c.terms[1:] {
		others, err := elements(term)
		if err != nil {
			return nil, err
		}
		if len(out)*len(others) > py.MaxElements {
			return nil, py.Errorf("it would give more than %d combinations", py.MaxElements)
		}
		var next []value
		for _, a := range out {
			for _, b := range others {
				all := opened([]value{a, b})
				if err := c.run.Step(1 + len(all)); err != nil {
					return nil, err
				}
				next = append(next, starlark.NewList(all))
			}
		}
		out = next
	}
	for i, e := range out {
		parts, err := py.Elements(e)
		if err != nil {
			return nil, failure{err}
		}
		out[i] = starlark.NewList(opened(parts))
	}
	return out, nil
}

func together(c *call) ([]value, error) {
	if len(c.terms) == 0 {
		return nil, failf("it needs at least one list")
	}
	lists, most := make([][]value, len(c.terms)), 0
	for i, term := range c.terms {
		var err error
		if lists[i], err = elements(term); err != nil {
			return nil, err
		}
		most = max(most, len(lists[i]))
	}
	out := make([]value, most)
	for i := range out {
		if err := c.run.Step(len(lists)); err != nil {
			return nil, err
		}
		row := make([]value, len(lists))
		for k, l := range lists {
			if row[k] = starlark.None; i < len(l) {
				row[k] = l[i]
			}
		}
		out[i] = starlark.NewList(opened(row))
	}
	return out, nil
}

func subelements(c *call) ([]value, error) {
	const wants = "it takes a list or dict of dicts, the name of a list in each, and perhaps {'skip_missing': True}"
	if len(c.terms) < 2 || len(c.terms) > 3 {
		return nil, failf("%s; got %d arguments", wants, len(c.terms))
	}
	path, ok := c.terms[1].(starlark.String)
	if !ok {
		return nil, failf(wants)
	}
	skip := false
	if len(c.terms) == 3 {
		flags, ok := c.terms[2].(*starlark.Dict)
		if !ok {
			return nil, failf(wants)
		}
		if v, found, _ := flags.Get(starlark.String("skip_missing")); found {
			skip = boolean(v)
		}
	}
	var of []value
	switch v := c.terms[0].(type) {
	case *starlark.Dict:
		if skipped(v) {
			return nil, nil
		}
		for _, item := range v.Items() {
			of = append(of, item[1])
		}
	default:
		var err error
		if of, err = elements(v); err != nil {
			return nil, err
		}
	}
	var out []value
	for _, item := range of {
		d, ok := item.(*starlark.Dict)
		if !ok {
			return nil, failf("expected a dict, not %s", py.TypeName(item))
		}
		if skipped(d) {
			continue
		}
		sub, err := below(d, strings.Split(string(path), "."), skip)
		if err != nil {
			return nil, err
		}
		if err := c.run.Step(1 + len(sub)); err != nil {
			return nil, err
		}
		for _, e := range sub {
			out = append(out, starlark.Tuple{d, e})
		}
	}
	return out, nil
}

// skipped is whether a dict is the result of a task that was skipped.
func skipped(d *starlark.Dict) bool {
	v, found, _ := d.Get(starlark.String("skipped"))
	return found && v != starlark.False
}

// below takes the list at a path out of a dict. With skip, a part of the path that is missing is passed over, as Ansible
// does.
func below(d *starlark.Dict, path []string, skip bool) ([]value, error) {
	last := false
	var out []value
	for _, name := range path {
		last = last || name == path[len(path)-1]
		v, found, _ := d.Get(starlark.String(name))
		switch inner, isDict := v.(*starlark.Dict); {
		case !found && skip:
		case !found:
			return nil, failf("a dict has no key %q", name)
		case !last && isDict:
			d = inner
		case !last && skip:
		case !last:
			return nil, failf("the key %q is to be a dict, and is %s", name, py.TypeName(v))
		default:
			l, isList := v.(*starlark.List)
			if !isList {
				return nil, failf("the key %q is to be a list, and is %s", name, py.TypeName(v))
			}
			out, _ = py.Elements(l) // of a list there is no error
			if _, _, err := d.Delete(starlark.String(name)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func variables(c *call) ([]value, error) {
	var out []value
	for _, term := range c.terms {
		name, ok := term.(starlark.String)
		if !ok {
			return nil, failf("the name of a variable is a text, not %s", py.TypeName(term))
		}
		v, found, err := c.run.Variable(string(name))
		if err != nil {
			return nil, err
		}
		if !found {
			if v = c.args.Values[0]; v == starlark.None {
				return nil, &py.Undefined{Name: string(name)}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// boolean is what Ansible takes an option for.
func boolean(v value) bool {
	if s, ok := v.(starlark.String); ok {
		switch strings.ToLower(strings.TrimFunc(string(s), py.IsSpace)) {
		case "y", "yes", "on", "1", "true", "t":
			return true
		}
		return false
	}
	n, ok := py.Number(v)
	if !ok {
		return false
	}
	same, err := starlark.Equal(n, starlark.MakeInt(1))
	return err == nil && same
}
