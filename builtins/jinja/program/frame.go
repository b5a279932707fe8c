package program

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Limits of one rendering.
const (
	maxOutput = 16 << 20 // bytes
	maxDepth  = 200      // of includes, macros, blocks and recursive loops within each other
)

// run is one rendering.
type run struct {
	Run    *function.Run
	loader Loader
	depth  int
}

// enter counts what is called within each other.
func (r *run) enter() error {
	if r.depth++; r.depth > maxDepth {
		return &function.Limit{Message: fmt.Sprintf("more than %d includes, macros and blocks are within each other", maxDepth)}
	}
	return r.Run.Step(1)
}

// frame holds the variables of a running template, block, macro or recursive loop. A slot that is nil has no value.
type frame struct {
	slots []py.Value
	up    *frame // of what encloses it in the template
	run   *run
	ctx   *scopeContext
	unit  *unit
}

// unit is a template in its rendering: what it was extended by.
type unit struct {
	parent *Program // what the template extends, once that is known
}

// scopeContext holds the variables that templates, blocks and macros see of each other.
type scopeContext struct {
	vars   map[string]py.Value
	parent *scopeContext // nil for the outermost
	root   func(name string) (py.Value, bool, error)
	blocks map[string][]*block // of each name the one that counts, then those that super() gives
}

// resolve finds a variable.
func (c *scopeContext) resolve(name string) (py.Value, bool, error) {
	for ; c != nil; c = c.parent {
		if v, ok := c.vars[name]; ok {
			return v, true, nil
		}
		if c.root != nil {
			return c.root(name)
		}
	}
	return nil, false, nil
}

// child is a context that sees this one, with variables of its own.
func (c *scopeContext) child(vars map[string]py.Value) *scopeContext {
	if vars == nil {
		vars = map[string]py.Value{}
	}
	return &scopeContext{vars: vars, parent: c, blocks: map[string][]*block{}}
}

// writer collects what is rendered.
type writer struct{ buf []byte }

func (w *writer) text(s string) error {
	if len(w.buf)+len(s) > maxOutput {
		return &function.Limit{Message: fmt.Sprintf("the result is larger than %d MiB", maxOutput>>20)}
	}
	w.buf = append(w.buf, s...)
	return nil
}

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
