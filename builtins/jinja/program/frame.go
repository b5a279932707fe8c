package program

import (
	"fmt"

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
	*function.Run
	loader Loader
	depth  int
}

// enter counts what is called within each other.
func (r *run) enter() error {
	if r.depth++; r.depth > maxDepth {
		return &function.Limit{Message: fmt.Sprintf("more than %d includes, macros and blocks are within each other", maxDepth)}
	}
	return r.Step(1)
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
	prog   *Program
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
