package library

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// object is what the values of cycler() and joiner() have in common.
type object struct{}

func (object) String() string        { return "object" }
func (object) Type() string          { return "object" }
func (object) Freeze()               {}
func (object) Truth() starlark.Bool  { return true }
func (object) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'object'") }

// Text is refused: it would say nothing.
func (object) Text() (string, error) { return "", py.Errorf("the value has no text") }

// cycler goes through values over and over.
type cycler struct {
	object
	items []py.Value
	at    int
}

func newCycler(items []py.Value) (py.Value, error) {
	if len(items) == 0 {
		return nil, py.Errorf("at least one item has to be provided")
	}
	return &cycler{items: items}, nil
}

// Get returns current, next and reset.
func (c *cycler) Get(name string) (py.Value, error) {
	switch name {
	case "current":
		return c.items[c.at], nil
	case "next":
		return &method{call: func() py.Value {
			v := c.items[c.at]
			c.at = (c.at + 1) % len(c.items)
			return v
		}}, nil
	case "reset":
		return &method{call: func() py.Value {
			c.at = 0
			return starlark.None
		}}, nil
	}
	return nil, nil
}

// method is a function without arguments.
type method struct {
	object
	call func() py.Value
}

// Call calls it.
func (m *method) Call(a py.Args) (py.Value, error) {
	if len(a.Positional)+len(a.Named) > 0 {
		return nil, py.Errorf("it takes no arguments")
	}
	return m.call(), nil
}

// joiner is a separator that is nothing at first.
type joiner struct {
	object
	sep  py.Value
	used bool
}

// Call gives the separator.
func (j *joiner) Call(a py.Args) (py.Value, error) {
	if len(a.Positional)+len(a.Named) > 0 {
		return nil, py.Errorf("joiner() takes no arguments")
	}
	if !j.used {
		j.used = true
		return starlark.String(""), nil
	}
	return j.sep, nil
}
