package jmespath

import (
	"math"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

// Filters returns the filter json_query.
func Filters() []*function.Func {
	return []*function.Func{
		function.New("json_query", "expr", "What a query in JMESPath finds.", func(c *function.Call) (value, error) {
			text, err := c.Text(0)
			if err != nil {
				return nil, err
			}
			n, err := parse(text)
			if err != nil {
				return nil, err
			}
			return n.eval(&run{c.Run.Step}, c.Value)
		}),
	}
}

// fn is a function of queries. Of an argument that is &expr there is no value, but its node.
type fn struct {
	least, most int
	call        func(r *run, args []value, nodes []*node) (value, error)
}

var functions map[string]fn

func init() { //nolint:gochecknoinits // the parser looks into it
	functions = map[string]fn{
		"length": of("length", func(v value) (value, bool) {
			n, ok := py.Len(v)
			return starlark.MakeInt(n), ok && v != null
		}),
		"keys": of("keys", func(v value) (value, bool) {
			d, ok := v.(*starlark.Dict)
			if !ok {
				return nil, false
			}
			return starlark.NewList(d.Keys()), true
		}),
		"values": of("values", func(v value) (value, bool) {
			d, ok := v.(*starlark.Dict)
			if !ok {
				return nil, false
			}
			var out []value
			for _, item := range d.Items() {
				out = append(out, item[1])
			}
			return starlark.NewList(out), true
		}),
		"type":     of("type", func(v value) (value, bool) { return starlark.String(typeName(v)), true }),
		"to_array": of("to_array", func(v value) (value, bool) { return toArray(v), true }),
		"abs":      of("abs", func(v value) (value, bool) { return absolute(v), isNumber(v) }),
		"ceil":     of("ceil", func(v value) (value, bool) { return rounded(v, math.Ceil) }),
		"floor":    of("floor", func(v value) (value, bool) { return rounded(v, math.Floor) }),
		"sort":     {1, 1, func(_ *run, a []value, _ []*node) (value, error) { return sorted(a[0], a[0]) }},
		"max":      {1, 1, func(_ *run, a []value, _ []*node) (value, error) { return extreme(a[0], a[0], true) }},
		"min":      {1, 1, func(_ *run, a []value, _ []*node) (value, error) { return extreme(a[0], a[0], false) }},
		"sort_by":  by("sort_by", sorted),
		"max_by":   by("max_by", func(v, keys value) (value, error) { return extreme(v, keys, true) }),
		"min_by":   by("min_by", func(v, keys value) (value, error) { return extreme(v, keys, false) }),
		"map":      {2, 2, mapped},
		"sum":      {1, 1, func(_ *run, a []value, _ []*node) (value, error) { return total(a[0]) }},
		"avg":      {1, 1, average},
		"not_null": {1, -1, func(_ *run, a []value, _ []*node) (value, error) {
			for _, v := range a {
				if v != nil && v != null {
					return v, nil
				}
			}
			return null, nil
		}},
		"to_string":   {1, 1, toString},
		"to_number":   {1, 1, toNumber},
		"contains":    {2, 2, contains},
		"starts_with": texts("starts_with", strings.HasPrefix),
		"ends_with":   texts("ends_with", strings.HasSuffix),
		"join":        {2, 2, join},
		"reverse":     {1, 1, reverse},
		"merge":       {1, -1, merge},
	}
}

func unfit(name string, v value) error {
	if v == nil {
		return py.Errorf("%s() takes no & there", name)
	}
	return py.Errorf("%s() takes no %s", name, typeName(v))
}

func of(name string, f func(v value) (value, bool)) fn {
	return fn{1, 1, func(_ *run, a []value, _ []*node) (value, error) {
		if a[0] != nil {
			if v, ok := f(a[0]); ok {
				return v, nil
			}
		}
		return nil, unfit(name, a[0])
	}}
}

func texts(name string, f func(s, part string) bool) fn {
	return fn{2, 2, func(_ *run, a []value, _ []*node) (value, error) {
		for _, v := range a {
			if _, ok := v.(starlark.String); !ok {
				return nil, unfit(name, v)
			}
		}
		return starlark.Bool(f(string(a[0].(starlark.String)), string(a[1].(starlark.String)))), nil
	}}
}

// typeName is JSON's name of a value's type.
func typeName(v value) string {
	switch v.(type) {
	case starlark.NoneType:
		return "null"
	case starlark.Bool:
		return "boolean"
	case starlark.Int, starlark.Float:
		return "number"
	case starlark.String:
		return "string"
	case *starlark.Dict:
		return "object"
	}
	return "array"
}

func toArray(v value) value {
	if _, ok := list(v); ok {
		return v
	}
	return starlark.NewList([]value{v})
}

func absolute(v value) value {
	if f, ok := v.(starlark.Float); ok {
		return starlark.Float(math.Abs(float64(f)))
	}
	if i, ok := v.(starlark.Int); ok && i.Sign() < 0 {
		return starlark.MakeInt(0).Sub(i)
	}
	return v
}

func rounded(v value, f func(float64) float64) (value, bool) {
	x, ok := v.(starlark.Float)
	if !ok {
		return v, isNumber(v)
	}
	i, err := starlark.NumberToInt(starlark.Float(f(float64(x))))
	return i, err == nil
}

// alike are keys that can be ordered: numbers only, or texts only.
func alike(v value) ([]value, error) {
	keys, ok := list(v)
	if !ok {
		return nil, unfit("sort", v)
	}
	for _, k := range keys {
		_, isText := k.(starlark.String)
		if !isText && !isNumber(k) {
			return nil, py.Errorf("only numbers and texts have an order, not %s", typeName(k))
		}
		if _, first := keys[0].(starlark.String); first != isText {
			return nil, py.Errorf("numbers and texts have no common order")
		}
	}
	return keys, nil
}

func sorted(v, by value) (value, error) {
	keys, err := alike(by)
	if err != nil {
		return nil, err
	}
	items, _ := list(v)
	out := append([]value(nil), items...)
	return starlark.NewList(out), py.SortBy(out, append([]value(nil), keys...), false)
}

func extreme(v, by value, greatest bool) (value, error) {
	keys, err := alike(by)
	if err != nil || len(keys) == 0 {
		return null, err
	}
	items, _ := list(v)
	best := 0
	for i := range keys {
		a, b := keys[i], keys[best]
		if greatest {
			a, b = b, a
		}
		if less, err := py.Less(a, b); err != nil {
			return nil, err
		} else if less {
			best = i
		}
	}
	return items[best], nil
}

// each applies &expr to the elements of a list.
func each(r *run, name string, v value, n *node) (value, error) {
	items, ok := list(v)
	if v == nil || !ok || n.expr == nil {
		return nil, py.Errorf("%s() takes a list and &expression", name)
	}
	out := make([]value, len(items))
	for i, item := range items {
		var err error
		if out[i], err = n.expr.eval(r, item); err != nil {
			return nil, err
		}
	}
	return starlark.NewList(out), r.step(len(items))
}

func by(name string, f func(v, keys value) (value, error)) fn {
	return fn{2, 2, func(r *run, a []value, n []*node) (value, error) {
		keys, err := each(r, name, a[0], n[1])
		if err != nil {
			return nil, err
		}
		return f(a[0], keys)
	}}
}

func mapped(r *run, a []value, n []*node) (value, error) { return each(r, "map", a[1], n[0]) }

func total(v value) (value, error) {
	items, ok := list(v)
	if v == nil || !ok {
		return nil, unfit("sum", v)
	}
	var out value = starlark.MakeInt(0)
	for _, item := range items {
		if !isNumber(item) {
			return nil, unfit("sum", item)
		}
		var err error
		if out, err = py.Binary("+", out, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func average(_ *run, a []value, _ []*node) (value, error) {
	sum, err := total(a[0])
	if err != nil {
		return nil, err
	}
	items, _ := list(a[0])
	if len(items) == 0 {
		return null, nil
	}
	return py.Binary("/", sum, starlark.MakeInt(len(items)))
}

func toString(_ *run, a []value, _ []*node) (value, error) {
	if a[0] == nil {
		return nil, unfit("to_string", nil)
	}
	if s, ok := a[0].(starlark.String); ok {
		return s, nil
	}
	s, err := pyjson.Dump(a[0], pyjson.Options{Item: ",", Key: ":"})
	return starlark.String(s), err
}

func toNumber(_ *run, a []value, _ []*node) (value, error) {
	switch v := a[0].(type) {
	case starlark.Int, starlark.Float:
		return v, nil
	case starlark.String:
		if n, err := pyjson.Load(string(v)); err == nil && isNumber(n) {
			return n, nil
		}
	}
	return null, nil
}

func contains(_ *run, a []value, _ []*node) (value, error) {
	_, isText := a[0].(starlark.String)
	if _, isList := list(a[0]); a[0] == nil || a[1] == nil || !isList && !isText {
		return nil, unfit("contains", a[0])
	}
	if _, part := a[1].(starlark.String); isText && !part {
		return nil, unfit("contains", a[1])
	}
	in, err := py.Contains(a[0], a[1])
	return starlark.Bool(in), err
}

func join(_ *run, a []value, _ []*node) (value, error) {
	sep, ok := a[0].(starlark.String)
	items, isList := list(a[1])
	if !ok || a[1] == nil || !isList {
		return nil, unfit("join", a[1])
	}
	parts := make([]string, len(items))
	n := 0
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, unfit("join", item)
		}
		parts[i] = string(s)
		n += len(s) + len(sep)
	}
	return starlark.String(strings.Join(parts, string(sep))), py.Fits("join", int64(n))
}

func reverse(_ *run, a []value, _ []*node) (value, error) {
	_, isText := a[0].(starlark.String)
	if _, isList := list(a[0]); a[0] == nil || !isText && !isList {
		return nil, unfit("reverse", a[0])
	}
	return py.SliceOf(a[0], nil, nil, starlark.MakeInt(-1))
}

func merge(r *run, a []value, _ []*node) (value, error) {
	out := starlark.NewDict(0)
	for _, v := range a {
		d, ok := v.(*starlark.Dict)
		if !ok {
			return nil, unfit("merge", v)
		}
		if err := r.step(d.Len()); err != nil {
			return nil, err
		}
		if err := py.Update(out, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}
