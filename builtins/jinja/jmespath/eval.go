package jmespath

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// run is one answer to a query.
type run struct{ step func(n int) error }

var null value = starlark.None

var identity = &node{eval: func(_ *run, v value) (value, error) { return v, nil }}

func literal(lit value) *node {
	return &node{eval: func(*run, value) (value, error) { return lit, nil }}
}

func field(name string) *node {
	return &node{eval: func(_ *run, v value) (value, error) {
		if d, ok := v.(*starlark.Dict); ok {
			if item, found, err := d.Get(starlark.String(name)); err != nil || found {
				return item, err
			}
		}
		return null, nil
	}}
}

func chain(left, right *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		return right.eval(r, x)
	}}
}

// list are the elements of a list; ok is false for anything else.
func list(v value) ([]value, bool) {
	switch v.(type) {
	case *starlark.List, starlark.Tuple:
		items, err := py.Elements(v)
		return items, err == nil
	}
	return nil, false
}

// project applies a part of a query to elements and leaves out what has no answer.
func project(r *run, items []value, right *node) (value, error) {
	if err := r.step(len(items) + 1); err != nil {
		return nil, err
	}
	var out []value
	for _, item := range items {
		x, err := right.eval(r, item)
		if err != nil {
			return nil, err
		}
		if x != null {
			out = append(out, x)
		}
	}
	return starlark.NewList(out), nil
}

func listProjection(left, right *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		items, ok := list(x)
		if !ok {
			return null, nil
		}
		return project(r, items, right)
	}}
}

func valueProjection(left, right *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		d, ok := x.(*starlark.Dict)
		if !ok {
			return null, nil
		}
		var items []value
		for _, item := range d.Items() {
			items = append(items, item[1])
		}
		return project(r, items, right)
	}}
}

func filterProjection(left, right, condition *node) *node {
	return listProjection(left, &node{eval: func(r *run, v value) (value, error) {
		yes, err := condition.eval(r, v)
		if err != nil || !truth(yes) {
			return null, err
		}
		return right.eval(r, v)
	}})
}

func flatten(left *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		items, ok := list(x)
		if !ok {
			return null, nil
		}
		var out []value
		for _, item := range items {
			if inner, ok := list(item); ok {
				out = append(out, inner...)
			} else {
				out = append(out, item)
			}
		}
		return starlark.NewList(out), r.step(len(out))
	}}
}

func truth(v value) bool {
	switch v := v.(type) {
	case starlark.Int, starlark.Float:
		return true
	case starlark.NoneType:
		return false
	default:
		return bool(v.Truth())
	}
}

func not(n *node) *node {
	if n == nil {
		return nil
	}
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := n.eval(r, v)
		if err != nil {
			return nil, err
		}
		return starlark.Bool(!truth(x)), nil
	}}
}

func logical(or bool, left, right *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil || truth(x) == or {
			return x, err
		}
		return right.eval(r, v)
	}}
}

func isNumber(v value) bool {
	switch v.(type) {
	case starlark.Int, starlark.Float:
		return true
	}
	return false
}

func comparison(op string, left, right *node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		a, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		b, err := right.eval(r, v)
		if err != nil {
			return nil, err
		}
		if op == "==" || op == "!=" {
			_, aBool := a.(starlark.Bool)
			_, bBool := b.(starlark.Bool)
			same := aBool == bBool
			if same {
				if same, err = py.Equal(a, b); err != nil {
					return nil, err
				}
			}
			return starlark.Bool(same == (op == "==")), nil
		}
		for _, x := range []value{a, b} {
			if _, isText := x.(starlark.String); !isText && !isNumber(x) {
				return null, nil
			}
		}
		yes, err := py.Compare(op, a, b)
		return starlark.Bool(yes), err
	}}
}

func element(left *node, i value) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		if _, ok := list(x); !ok {
			return null, nil
		}
		item, found, err := py.Item(x, i)
		if !found {
			item = null
		}
		return item, err
	}}
}

func sliced(left *node, parts [3]value) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		x, err := left.eval(r, v)
		if err != nil {
			return nil, err
		}
		if _, ok := list(x); !ok {
			return null, nil
		}
		return py.SliceOf(x, parts[0], parts[1], parts[2])
	}}
}

func multiList(items []*node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		if v == null {
			return null, nil
		}
		out := make([]value, len(items))
		for i, n := range items {
			var err error
			if out[i], err = n.eval(r, v); err != nil {
				return nil, err
			}
		}
		return starlark.NewList(out), r.step(len(out))
	}}
}

func multiHash(keys []string, items []*node) *node {
	return &node{eval: func(r *run, v value) (value, error) {
		if v == null {
			return null, nil
		}
		out := starlark.NewDict(len(keys))
		for i, n := range items {
			x, err := n.eval(r, v)
			if err != nil {
				return nil, err
			}
			if err := out.SetKey(starlark.String(keys[i]), x); err != nil {
				return nil, err
			}
		}
		return out, r.step(len(keys))
	}}
}
