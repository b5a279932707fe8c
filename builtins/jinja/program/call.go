package program

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// args compiles the arguments of a call.
func (c *compiler) args(s *scope, a syntax.Args) func(fr *frame) (py.Args, error) {
	positional := c.exprs(s, a.Positional)
	named := make([]eval, len(a.Named))
	for i, n := range a.Named {
		named[i] = c.expr(s, n.Value)
	}
	var star, kwargs eval
	if a.Star != nil {
		star = c.expr(s, a.Star)
	}
	if a.Kwargs != nil {
		kwargs = c.expr(s, a.Kwargs)
	}
	if len(positional)+len(named) == 0 && star == nil && kwargs == nil {
		return func(*frame) (py.Args, error) { return py.Args{}, nil }
	}
	return func(fr *frame) (py.Args, error) {
		var out py.Args
		var err error
		if out.Positional, err = all(fr, positional); err != nil {
			return out, err
		}
		for i, n := range named {
			v, err := n(fr)
			if err != nil {
				return out, err
			}
			out.Named = append(out.Named, py.NamedArg{Name: a.Named[i].Name, Value: v})
		}
		if star != nil {
			v, err := star(fr)
			if err != nil {
				return out, err
			}
			more, err := py.Elements(v)
			if err != nil {
				return out, err
			}
			out.Positional = append(out.Positional, more...)
		}
		if kwargs != nil {
			v, err := kwargs(fr)
			if err != nil {
				return out, err
			}
			return out, addNamed(&out, v)
		}
		return out, nil
	}
}

// addNamed adds the elements of a dict as named arguments.
func addNamed(out *py.Args, v py.Value) error {
	d, ok := v.(*starlark.Dict)
	if !ok {
		if err := py.Defined(v); err != nil {
			return err
		}
		return py.Errorf("the argument after ** must be a mapping, not %s", py.TypeName(v))
	}
	for _, item := range d.Items() {
		name, ok := item[0].(starlark.String)
		if !ok {
			return py.Errorf("keywords must be strings")
		}
		for _, n := range out.Named {
			if n.Name == string(name) {
				return py.Errorf("the argument '%s' is given twice", n.Name)
			}
		}
		out.Named = append(out.Named, py.NamedArg{Name: string(name), Value: item[1]})
	}
	return nil
}

// call compiles a call. caller is what a call block passes on, or nil.
func (c *compiler) call(s *scope, x *syntax.Call, caller func(fr *frame) py.Value) eval {
	args := c.args(s, x.Args)
	with := func(fr *frame) (py.Args, error) {
		a, err := args(fr)
		if err == nil && caller != nil {
			a.Named = append(a.Named, py.NamedArg{Name: "caller", Value: caller(fr)})
		}
		return a, err
	}
	if attr, ok := x.Func.(*syntax.Attr); ok {
		return c.methodCall(s, x, attr, with)
	}
	of := c.expr(s, x.Func)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		f, err := of(fr)
		if err != nil {
			return nil, err
		}
		a, err := with(fr)
		if err != nil {
			return nil, err
		}
		return c.prog.invoke(fr, x.Pos, f, a)
	})
}

// methodCall is a call of x.name(...), which needs no bound method.
func (c *compiler) methodCall(s *scope, x *syntax.Call, attr *syntax.Attr, args func(fr *frame) (py.Args, error)) eval {
	of := c.expr(s, attr.X)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		a, err := args(fr)
		if err != nil {
			return nil, err
		}
		if out, called, err := pymethod.CallMethod(v, attr.Name, a); called {
			if err == nil {
				err = fr.run.Run.Step(1)
			}
			return out, err
		}
		f, err := pymethod.Attr(v, attr.Name)
		if err != nil {
			return nil, err
		}
		return c.prog.invoke(fr, x.Pos, f, a)
	})
}

// invoke calls a value.
func (p *Program) invoke(fr *frame, pos syntax.Pos, f py.Value, a py.Args) (py.Value, error) {
	if err := fr.run.Run.Step(1); err != nil {
		return nil, err
	}
	switch f := f.(type) {
	case *py.Undefined:
		return nil, f
	case interface {
		invoke(r *run, a py.Args) (py.Value, error)
	}:
		v, err := f.invoke(fr.run, a)
		if err != nil {
			return nil, p.via(pos, err, "%s", f)
		}
		return v, nil
	case py.Callable:
		return f.Call(a)
	case *Global:
		v, err := f.Func.Apply(fr.run.Run, nil, a)
		if err != nil {
			return nil, p.via(pos, err, "%s()", f)
		}
		return v, nil
	}
	return nil, py.Errorf("'%s' object is not callable", py.TypeName(f))
}

// Global is a function of the template language, as a value.
type Global struct{ Func *function.Func }

func (g *Global) String() string        { return g.Func.Name }
func (g *Global) Type() string          { return "function" }
func (g *Global) Freeze()               {}
func (g *Global) Truth() starlark.Bool  { return true }
func (g *Global) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'function'") }

// Text is refused: what Python prints has an address in memory.
func (g *Global) Text() (string, error) {
	return "", py.Errorf("%s is a function; call it: %s()", g.Func.Name, g.Func.Name)
}

// filter compiles a filter of what of computes.
func (c *compiler) filter(s *scope, x *syntax.Filter, of eval) eval {
	args := c.args(s, x.Args)
	f := c.set.Filter(x.Name)
	if f == nil {
		c.unknown(x.Pos, "filter", x.Name)
	}
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		a, err := args(fr)
		if err != nil {
			return nil, err
		}
		out, err := f.Filter(fr.run.Run, v, a)
		return out, named(err, "filter", x.Name)
	})
}

// named says which function refused its arguments.
func named(err error, kind, name string) error {
	if e, ok := errors.AsType[*py.Error](err); ok {
		return fmt.Errorf("%s %s: %w", kind, name, e)
	}
	return err
}

func (c *compiler) test(s *scope, x *syntax.Test) eval {
	of, args := c.expr(s, x.X), c.args(s, x.Args)
	f := c.set.Test(x.Name)
	if f == nil {
		c.unknown(x.Pos, "test", x.Name)
	}
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		a, err := args(fr)
		if err != nil {
			return nil, err
		}
		out, err := f.Apply(fr.run.Run, v, a)
		return out, named(err, "test", x.Name)
	})
}
