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

// def makes a filter.
func def(name, params, doc string, f func(c *call) (value, error)) *function.Func {
	return &function.Func{Name: name, Params: py.Params(params), Doc: doc, Call: f}
}

// test makes a test.
func test(name, params, doc string, f func(c *call) (bool, error)) *function.Func {
	return def(name, params, doc, func(c *call) (value, error) {
		yes, err := f(c)
		return starlark.Bool(yes), err
	})
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

func alias(name string, f *function.Func) *function.Func {
	out := *f
	out.Name = name
	return &out
}

func list(items []value) value { return starlark.NewList(items) }

// str is the text of what a filter is applied to.
func str(c *call) (string, error) { return py.Str(c.Value) }

// text makes a filter of one that needs the text only.
func text(name, doc string, f func(s string) string) *function.Func {
	return def(name, "", doc, func(c *call) (value, error) {
		s, err := str(c)
		return starlark.String(f(s)), err
	})
}

// onlyText makes a filter of one that needs a text and takes nothing else.
func onlyText(name, doc string, f func(s string) value) *function.Func {
	return def(name, "", doc, func(c *call) (value, error) {
		s, ok := c.Value.(starlark.String)
		if !ok {
			return nil, py.Errorf("expected a text, not %s", py.TypeName(c.Value))
		}
		return f(string(s)), nil
	})
}

// elements are what a value has; each costs a step.
func elements(c *call, v value) ([]value, error) {
	items, err := py.Elements(v)
	if err != nil {
		return nil, err
	}
	return items, c.Run.Step(len(items))
}

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
