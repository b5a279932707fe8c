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
	for _, part := range [][]*function.Func{texts(), lists(), selections(), numbers()} {
		out = append(out, part...)
	}
	return out
}

// lazy lets a function have undefined arguments.
func lazy(f *function.Func) *function.Func {
	f.UndefinedArgs = true
	return f
}

// str is the text of what a filter is applied to.
func str(c *call) (string, error) { return py.Str(c.Value) }

// elements are what a filter goes over; each costs a step.
func elements(c *call) ([]value, error) { return c.Elements(c.Value) }

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
