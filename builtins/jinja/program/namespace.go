package program

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Namespace is what namespace() gives: a value whose attributes set can change, also from within loops.
type Namespace struct{ vars *starlark.Dict }

// NewNamespace makes a namespace of what dict() takes.
func NewNamespace(a py.Args) (*Namespace, error) {
	d, err := DictOf(a)
	return &Namespace{d}, err
}

// DictOf makes a dict of what dict() takes: a mapping or pairs, and named arguments.
func DictOf(a py.Args) (*starlark.Dict, error) {
	d := starlark.NewDict(len(a.Named))
	if len(a.Positional) > 1 {
		return nil, py.Errorf("dict expected at most 1 argument, got %d", len(a.Positional))
	}
	for _, v := range a.Positional {
		if err := py.Update(d, v); err != nil {
			return nil, err
		}
	}
	for _, arg := range a.Named {
		if err := d.SetKey(starlark.String(arg.Name), arg.Value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (n *Namespace) String() string        { return "namespace" }
func (n *Namespace) Type() string          { return "Namespace" }
func (n *Namespace) Freeze()               {}
func (n *Namespace) Truth() starlark.Bool  { return true }
func (n *Namespace) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'Namespace'") }

// Text is a namespace as Jinja prints it.
func (n *Namespace) Text() (string, error) {
	s, err := py.Repr(n.vars)
	return "<Namespace " + s + ">", err
}

// Get returns an attribute.
func (n *Namespace) Get(name string) (py.Value, error) {
	v, _, err := n.vars.Get(starlark.String(name))
	return v, err
}
