package program

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// eval computes an expression.
type eval func(fr *frame) (py.Value, error)

// compiler makes a program of a tree.
type compiler struct {
	prog *Program
	set  function.Set
	err  error
}

// fail keeps the first error of the compilation.
func (c *compiler) fail(pos syntax.Pos, format string, args ...any) {
	if c.err == nil {
		c.err = c.prog.at(pos, fmt.Errorf(format, args...))
	}
}

// unknown is the error of a filter or test that there is not.
func (c *compiler) unknown(pos syntax.Pos, kind, name string) {
	if c.err != nil {
		return
	}
	message, hint := fmt.Sprintf("there is no %s %q", kind, name), ""
	if a, ok := c.set.(function.Advisor); ok {
		var reason string
		if reason, hint = a.Advise(kind, name); reason != "" {
			message += ": " + reason
		}
	}
	c.fail(pos, "%s", message)
	if e, ok := errors.AsType[*Error](c.err); ok {
		e.Hint = hint
	}
}

// exprs compiles several expressions.
func (c *compiler) exprs(s *scope, xs []syntax.Expr) []eval {
	out := make([]eval, len(xs))
	for i, x := range xs {
		out[i] = c.expr(s, x)
	}
	return out
}

func all(fr *frame, evals []eval) ([]py.Value, error) {
	out := make([]py.Value, len(evals))
	for i, e := range evals {
		v, err := e(fr)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// expr compiles an expression.
func (c *compiler) expr(s *scope, x syntax.Expr) eval {
	switch x := x.(type) {
	case *syntax.Literal:
		return func(*frame) (py.Value, error) { return x.Value, nil }
	case *syntax.Name:
		return c.name(s, x)
	case *syntax.Tuple:
		items := c.exprs(s, x.Items)
		return func(fr *frame) (py.Value, error) {
			out, err := all(fr, items)
			return starlark.Tuple(out), err
		}
	case *syntax.List:
		items := c.exprs(s, x.Items)
		return func(fr *frame) (py.Value, error) {
			out, err := all(fr, items)
			return starlark.NewList(out), err
		}
	case *syntax.Dict:
		return c.dict(s, x)
	case *syntax.Attr:
		of := c.expr(s, x.X)
		return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
			v, err := of(fr)
			if err != nil {
				return nil, err
			}
			return pymethod.Attr(v, x.Name)
		})
	case *syntax.Index:
		return c.index(s, x)
	case *syntax.Call:
		return c.call(s, x, nil)
	case *syntax.Filter:
		return c.filter(s, x, c.expr(s, x.X))
	case *syntax.Test:
		return c.test(s, x)
	case *syntax.Unary:
		return c.unary(s, x)
	case *syntax.Binary:
		return c.binary(s, x)
	case *syntax.Concat:
		return c.concat(s, x)
	case *syntax.Compare:
		return c.compare(s, x)
	case *syntax.Cond:
		return c.cond(s, x)
	}
	c.fail(x.Place(), "unexpected expression")
	return nil
}

// checked gives errors of a computation their place.
func (c *compiler) checked(pos syntax.Pos, e eval) eval {
	prog := c.prog
	return func(fr *frame) (py.Value, error) {
		v, err := e(fr)
		if err != nil {
			return nil, prog.at(pos, err)
		}
		return v, nil
	}
}

func (c *compiler) name(s *scope, x *syntax.Name) eval {
	name := x.Name
	refs, from := s.find(name)
	if len(refs) == 0 { // what the analysis did not see
		s.load(name)
		refs, from = s.find(name)
	}
	last := refs[len(refs)-1]
	return func(fr *frame) (py.Value, error) {
		for _, r := range refs {
			if v := r.get(fr); v != nil {
				return v, nil
			}
		}
		if from == outside {
			v, err := c.prog.outside(fr, name)
			if v != nil || err != nil {
				last.frame(fr).slots[last.slot] = v
				return v, c.prog.at(x.Pos, err)
			}
		}
		return &py.Undefined{Name: name}, nil
	}
}

// outside looks a name up in what the template was given; nil is that there is none.
func (p *Program) outside(fr *frame, name string) (py.Value, error) {
	v, found, err := fr.ctx.resolve(name)
	if found || err != nil {
		return v, err
	}
	if name == "self" {
		return &self{fr.run, fr.ctx, fr.unit}, nil
	}
	return fr.run.Run.Global(name), nil
}

func (c *compiler) dict(s *scope, x *syntax.Dict) eval {
	keys, values := c.exprs(s, x.Keys), c.exprs(s, x.Values)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		d := starlark.NewDict(len(keys))
		for i := range keys {
			k, err := keys[i](fr)
			if err != nil {
				return nil, err
			}
			v, err := values[i](fr)
			if err != nil {
				return nil, err
			}
			if err := py.Hashable(k); err != nil {
				return nil, err
			}
			if err := py.SetKey(d, k, v); err != nil {
				return nil, err
			}
		}
		return d, nil
	})
}

func (c *compiler) index(s *scope, x *syntax.Index) eval {
	of := c.expr(s, x.X)
	if sl, ok := x.Key.(*syntax.Slice); ok {
		return c.slice(s, x.Pos, of, sl)
	}
	if t, ok := x.Key.(*syntax.Tuple); ok {
		for _, item := range t.Items {
			if _, ok := item.(*syntax.Slice); ok {
				c.fail(x.Pos, "a slice stands alone in brackets")
			}
		}
	}
	key := c.expr(s, x.Key)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		k, err := key(fr)
		if err != nil {
			return nil, err
		}
		return pymethod.Subscript(v, k)
	})
}

func (c *compiler) slice(s *scope, pos syntax.Pos, of eval, x *syntax.Slice) eval {
	var parts [3]eval
	for i, part := range []syntax.Expr{x.Lo, x.Hi, x.Step} {
		if part != nil {
			parts[i] = c.expr(s, part)
		}
	}
	return c.checked(pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		var values [3]py.Value
		for i, part := range parts {
			if part == nil {
				continue
			}
			if values[i], err = part(fr); err != nil {
				return nil, err
			}
		}
		if u, ok := v.(*py.Undefined); ok {
			if u.Lenient {
				return nil, u
			}
			return u, nil
		}
		return py.SliceOf(v, values[0], values[1], values[2])
	})
}

func (c *compiler) unary(s *scope, x *syntax.Unary) eval {
	of := c.expr(s, x.X)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		if x.Op != "not" {
			return py.Unary(x.Op, v)
		}
		yes, err := py.Truth(v)
		return starlark.Bool(!yes), err
	})
}

func (c *compiler) binary(s *scope, x *syntax.Binary) eval {
	left, right := c.expr(s, x.X), c.expr(s, x.Y)
	if x.Op == "and" || x.Op == "or" {
		return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
			v, err := left(fr)
			if err != nil {
				return nil, err
			}
			yes, err := py.Truth(v)
			if err != nil || yes == (x.Op == "or") {
				return v, err
			}
			return right(fr)
		})
	}
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		a, err := left(fr)
		if err != nil {
			return nil, err
		}
		b, err := right(fr)
		if err != nil {
			return nil, err
		}
		if format, ok := a.(starlark.String); ok && x.Op == "%" {
			if err := py.Defined(b); err != nil && strings.Contains(string(format), "%") {
				return nil, err
			}
			text, err := pyformat.Percent(string(format), b)
			return starlark.String(text), err
		}
		return py.Binary(x.Op, a, b)
	})
}

func (c *compiler) concat(s *scope, x *syntax.Concat) eval {
	items := c.exprs(s, x.Items)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		var b strings.Builder
		for _, item := range items {
			v, err := item(fr)
			if err != nil {
				return nil, err
			}
			text, err := py.Str(v)
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
			if err := py.Fits("~", int64(b.Len())); err != nil {
				return nil, err
			}
		}
		return starlark.String(b.String()), nil
	})
}

func (c *compiler) compare(s *scope, x *syntax.Compare) eval {
	first, rest := c.expr(s, x.X), c.exprs(s, x.Rest)
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		a, err := first(fr)
		if err != nil {
			return nil, err
		}
		for i, next := range rest {
			b, err := next(fr)
			if err != nil {
				return nil, err
			}
			if yes, err := py.Compare(x.Ops[i], a, b); err != nil || !yes {
				return starlark.False, err
			}
			a = b
		}
		return starlark.True, nil
	})
}

func (c *compiler) cond(s *scope, x *syntax.Cond) eval {
	test := c.expr(s, x.Test)
	then := c.expr(s, x.Then)
	var otherwise eval
	if x.Else != nil {
		otherwise = c.expr(s, x.Else)
	}
	return c.checked(x.Pos, func(fr *frame) (py.Value, error) {
		v, err := test(fr)
		if err != nil {
			return nil, err
		}
		yes, err := py.Truth(v)
		switch {
		case err != nil:
			return nil, err
		case yes:
			return then(fr)
		case otherwise != nil:
			return otherwise(fr)
		}
		return &py.Undefined{Name: "else", Hint: "the condition of the inline if is false, and it has no else", Lenient: true}, nil
	})
}
