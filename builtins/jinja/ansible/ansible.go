// Package ansible is the filters and tests that Ansible adds to those of Jinja, as far as they ask nobody and change
// nothing.
package ansible

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

type (
	value = py.Value
	call  = function.Call
)

// Filters returns the filters.
func Filters() []*function.Func {
	var out []*function.Func
	for _, part := range [][]*function.Func{dicts(), lists(), sets(), texts(), numbers(), paths(), encodings(), expressions(), documents()} {
		out = append(out, part...)
	}
	return out
}

// lazy lets a function have undefined arguments.
func lazy(f *function.Func) *function.Func {
	f.UndefinedArgs = true
	return f
}

// asks lets a filter be applied to an undefined value.
func asks(f *function.Func) *function.Func {
	f.Undefined = true
	return f
}

func list(items []value) value { return starlark.NewList(items) }

// str is the text of what a filter is applied to.
func str(c *call) (string, error) { return py.Str(c.Value) }

// onlyText makes a filter of one that needs a text and takes nothing else.
func onlyText(name, doc string, f func(s string) value) *function.Func {
	return function.New(name, "", doc, func(c *call) (value, error) {
		s, ok := c.Value.(starlark.String)
		if !ok {
			return nil, py.Errorf("expected a text, not %s", py.TypeName(c.Value))
		}
		return f(string(s)), nil
	})
}

// elements are what a value has; each costs a step.
func elements(c *call, v value) ([]value, error) { return c.Elements(v) }

func flag(v value) (bool, error) { return py.Truth(v) }

func asDict(v value) (*starlark.Dict, error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		if err := py.Defined(v); err != nil {
			return nil, err
		}
		return nil, py.Errorf("expected a dict, not %s", py.TypeName(v))
	}
	return d, nil
}
