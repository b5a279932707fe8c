// Package community is the filters of the collection community.general that ask nobody and change nothing.
package community

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
	for _, part := range [][]*function.Func{dicts(), lists(), sets(), keys(), durations(), texts(), files()} {
		out = append(out, part...)
	}
	return out
}

func str(s string) value { return starlark.String(s) }

// isSequence is what Python calls one: a list, a tuple or a text.
func isSequence(v value) bool {
	_, isText := v.(starlark.String)
	return isText || py.IsSequence(v)
}

// sequence are the elements of a list or a text.
func sequence(c *call, v value) ([]value, error) {
	if !isSequence(v) {
		return nil, py.Errorf("expected a list, not %s", py.TypeName(v))
	}
	return c.Elements(v)
}

// onlyText is the text that a filter is applied to.
func onlyText(c *call) (string, error) {
	s, ok := c.Value.(starlark.String)
	if !ok {
		return "", py.Errorf("expected a text, not %s", py.TypeName(c.Value))
	}
	return string(s), nil
}

// put adds an element to a dict.
func put(d *starlark.Dict, k, v value) error {
	if err := py.Hashable(k); err != nil {
		return err
	}
	return py.SetKey(d, k, v)
}
