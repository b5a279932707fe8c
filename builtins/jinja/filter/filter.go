// Package filter is the filters and tests of Jinja itself.
//
// It imports package function and what that imports only.
package filter

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type (
	value = py.Value
	call  = function.Call
)

// All returns the filters of Jinja.
func All() []*function.Func {
	var out []*function.Func
	for _, part := range [][]*function.Func{texts(), lists(), selections(), numbers(), markup()} {
		out = append(out, part...)
	}
	return out
}

// def makes a filter.
func def(name, params, doc string, f func(c *call) (value, error)) *function.Func {
	return &function.Func{Name: name, Params: py.Params(params), Doc: doc, Call: f}
}

// alias is a filter under another name.
func alias(name string, f *function.Func) *function.Func {
	out := *f
	out.Name = name
	return &out
}

// str is the text of what a filter is applied to.
func str(c *call) (string, error) { return py.Str(c.Value) }

// text makes a filter of one that needs the text only.
func text(name, doc string, f func(s string) string) *function.Func {
	return def(name, "", doc, func(c *call) (value, error) {
		s, err := str(c)
		return starlark.String(f(s)), err
	})
}

// elements are what a filter goes over; each costs a step.
func elements(c *call) ([]value, error) {
	items, err := py.Elements(c.Value)
	if err != nil {
		return nil, err
	}
	return items, c.Run.Step(len(items))
}

func list(items []value) value { return starlark.NewList(items) }

func flag(v value) (bool, error) { return py.Truth(v) }

// order is the argument reverse of Python's sort, which takes whole numbers and booleans.
func order(v value) (bool, error) {
	switch n := v.(type) {
	case starlark.Bool:
		return bool(n), nil
	case starlark.Int:
		return n.Sign() != 0, nil
	}
	return false, py.Errorf("'%s' object cannot be interpreted as an integer", py.TypeName(v))
}
