package function

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// New makes a filter of its parameters as Python writes them, a line for the reference, and what it does.
func New(name, params, doc string, f func(c *Call) (py.Value, error)) *Func {
	return &Func{Name: name, Params: py.Params(params), Doc: doc, Call: f}
}

// NewTest makes a test.
func NewTest(name, params, doc string, f func(c *Call) (bool, error)) *Func {
	return New(name, params, doc, func(c *Call) (py.Value, error) {
		yes, err := f(c)
		return starlark.Bool(yes), err
	})
}

// NewText makes a filter that makes another text of the value's text.
func NewText(name, doc string, f func(s string) string) *Func {
	return New(name, "", doc, func(c *Call) (py.Value, error) {
		s, err := py.Str(c.Value)
		return starlark.String(f(s)), err
	})
}

// Alias is the function under another name.
func (f *Func) Alias(name string) *Func {
	out := *f
	out.Name = name
	return &out
}

// Elements are what a value has; each costs a step.
func (c *Call) Elements(v py.Value) ([]py.Value, error) {
	if n, ok := py.Len(v); ok {
		if err := py.FitsList(int64(n)); err != nil {
			return nil, err
		}
	}
	items, err := py.Elements(v)
	if err != nil {
		return nil, err
	}
	return items, c.Run.Step(len(items))
}

// Advisor is a Set that knows what to write instead of a name that it does not have. kind is filter, test or function.
// Both texts may be "".
type Advisor interface {
	Advise(kind, name string) (reason, hint string)
}
