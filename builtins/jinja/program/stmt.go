package program

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// exec runs a statement.
type exec func(fr *frame, w *writer) error

// body compiles statements that run one after the other.
func (c *compiler) body(s *scope, stmts []syntax.Stmt) exec {
	list := make([]exec, 0, len(stmts))
	for _, stmt := range stmts {
		list = append(list, c.stmt(s, stmt))
	}
	if len(list) == 1 {
		return list[0]
	}
	return func(fr *frame, w *writer) error {
		for _, e := range list {
			if err := e(fr, w); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c *compiler) stmt(s *scope, stmt syntax.Stmt) exec {
	switch x := stmt.(type) {
	case *syntax.Text:
		return c.silenced(s, func(_ *frame, w *writer) error { return w.text(x.Value) })
	case *syntax.Print:
		return c.silenced(s, compilePrint(c, s, x))
	case *syntax.Set:
		return compileSet(c, s, x)
	case *syntax.SetBlock:
		return compileSetBlock(c, s, x)
	case *syntax.If:
		return compileIfs(c, s, x)
	case *syntax.For:
		if x.Recursive {
			return c.silenced(s, compileLoop(c, s, x))
		}
		return compileLoop(c, s, x) // it may set attributes of a namespace
	case *syntax.With:
		return compileWith(c, s, x)
	case *syntax.Block:
		return compileBlock(c, s, x)
	case *syntax.Extends:
		return compileExtends(c, s, x)
	case *syntax.Include:
		return compileInclude(c, s, x) // which writes, even behind extends
	case *syntax.Import:
		return compileImportAs(c, s, x)
	case *syntax.FromImport:
		return compileFromImport(c, s, x)
	case *syntax.Macro:
		return compileMacro(c, s, x)
	case *syntax.CallBlock:
		return compileCallBlock(c, s, x)
	case *syntax.FilterBlock:
		return c.silenced(s, compileFilterBlock(c, s, x))
	case *syntax.Do:
		e := c.expr(s, x.X)
		return func(fr *frame, _ *writer) error {
			_, err := e(fr)
			return err
		}
	case *syntax.Break:
		return func(*frame, *writer) error { return breakLoop }
	case *syntax.Continue:
		return func(*frame, *writer) error { return continueLoop }
	case *syntax.Scope:
		return compileScope(c, s, x)
	}
	c.fail(stmt.Place(), "unexpected tag")
	return nil
}

// silenced drops what a template writes itself once it has a parent. Only its top level is concerned.
func (c *compiler) silenced(s *scope, e exec) exec {
	if !s.top && !s.open || !c.prog.extends {
		return e
	}
	return func(fr *frame, w *writer) error {
		if fr.unit.parent == nil {
			return e(fr, w)
		}
		return nil
	}
}

func compilePrint(c *compiler, s *scope, x *syntax.Print) exec {
	e := c.expr(s, x.X)
	prog := c.prog
	return func(fr *frame, w *writer) error {
		v, err := e(fr)
		if err != nil {
			return err
		}
		return prog.at(x.Pos, write(w, v))
	}
}

// write prints a value as Ansible does: None is nothing, and what iterates is a list.
func write(w *writer, v py.Value) error {
	switch t := v.(type) {
	case starlark.String:
		return w.text(string(t))
	case starlark.NoneType:
		return nil
	case *py.View, *py.Range:
		items, err := py.Elements(v)
		if err != nil {
			return err
		}
		v = starlark.NewList(items)
	}
	text, err := py.Str(v)
	if err != nil {
		return err
	}
	return w.text(text)
}

// assign compiles the assignment to a target.
func (c *compiler) assign(s *scope, target syntax.Expr) func(fr *frame, v py.Value) error {
	switch t := target.(type) {
	case *syntax.Name:
		slot := s.slot(t.Name)
		if s.top {
			return func(fr *frame, v py.Value) error {
				fr.slots[slot] = v
				fr.ctx.vars[t.Name] = v
				return nil
			}
		}
		return func(fr *frame, v py.Value) error {
			fr.slots[slot] = v
			return nil
		}
	case *syntax.Tuple:
		return compileUnpack(c, s, t)
	case *syntax.Field:
		object := c.name(s, &syntax.Name{Pos: t.Pos, Name: t.Object})
		return func(fr *frame, v py.Value) error {
			o, err := object(fr)
			if err != nil {
				return err
			}
			ns, ok := o.(*Namespace)
			if !ok {
				if err := py.Defined(o); err != nil {
					return err
				}
				return py.Errorf("%s is no namespace, so it has no attributes to set; make it by namespace()", t.Object)
			}
			return ns.vars.SetKey(starlark.String(t.Name), v)
		}
	}
	c.fail(target.Place(), "expected a name to assign to")
	return nil
}

func compileUnpack(c *compiler, s *scope, t *syntax.Tuple) func(fr *frame, v py.Value) error {
	targets := make([]func(*frame, py.Value) error, len(t.Items))
	for i, item := range t.Items {
		targets[i] = c.assign(s, item)
	}
	return func(fr *frame, v py.Value) error {
		items, err := py.Elements(v)
		if err != nil {
			if u := py.Defined(v); u != nil {
				return u
			}
			return py.Errorf("cannot unpack non-iterable %s object", py.TypeName(v))
		}
		if len(items) > len(targets) {
			return py.Errorf("too many values to unpack (expected %d)", len(targets))
		}
		if len(items) < len(targets) {
			return py.Errorf("not enough values to unpack (expected %d, got %d)", len(targets), len(items))
		}
		for i, set := range targets {
			if err := set(fr, items[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func compileSet(c *compiler, s *scope, x *syntax.Set) exec {
	value := c.expr(s, x.Value)
	set := c.assign(s, x.Target)
	prog := c.prog
	return func(fr *frame, _ *writer) error {
		v, err := value(fr)
		if err != nil {
			return err
		}
		return prog.at(x.Pos, set(fr, v))
	}
}

// bytesPerStep is how much text that is written and thrown away counts as a step.
const bytesPerStep = 64

// captured runs statements and returns what they write.
func captured(body exec, fr *frame) (starlark.String, error) {
	w := &writer{}
	err := body(fr, w)
	if err == nil {
		err = fr.run.Run.Step(len(w.buf) / bytesPerStep)
	}
	return starlark.String(w.buf), err
}

// inner compiles statements that have variables of their own.
func (c *compiler) inner(s *scope, stmts []syntax.Stmt) (*scope, exec) {
	own := newScope(s, s.fn)
	own.analyze(stmts)
	body := c.body(own, stmts)
	return own, func(fr *frame, w *writer) error {
		own.reset(fr)
		return body(fr, w)
	}
}

func compileSetBlock(c *compiler, s *scope, x *syntax.SetBlock) exec {
	_, body := c.inner(s, x.Body)
	set := c.assign(s, x.Target)
	through := compileThrough(c, s, x.Filter)
	prog := c.prog
	return func(fr *frame, _ *writer) error {
		text, err := captured(body, fr)
		if err != nil {
			return err
		}
		v, err := through(fr, text)
		if err != nil {
			return err
		}
		return prog.at(x.Pos, set(fr, v))
	}
}

// through compiles the filters of a block, which may be none.
func compileThrough(c *compiler, s *scope, filter syntax.Expr) func(fr *frame, v py.Value) (py.Value, error) {
	f, ok := filter.(*syntax.Filter)
	if !ok {
		return func(_ *frame, v py.Value) (py.Value, error) { return v, nil }
	}
	before := compileThrough(c, s, f.X)
	slot := newScope(s, s.fn).slot("")
	e := c.filter(s, f, func(fr *frame) (py.Value, error) { return fr.slots[slot], nil })
	return func(fr *frame, v py.Value) (py.Value, error) {
		v, err := before(fr, v)
		if err != nil {
			return nil, err
		}
		fr.slots[slot] = v
		return e(fr)
	}
}

func compileFilterBlock(c *compiler, s *scope, x *syntax.FilterBlock) exec {
	_, body := c.inner(s, x.Body)
	through := compileThrough(c, s, x.Filter)
	prog := c.prog
	return func(fr *frame, w *writer) error {
		text, err := captured(body, fr)
		if err != nil {
			return err
		}
		v, err := through(fr, text)
		if err != nil {
			return err
		}
		return prog.at(x.Pos, write(w, v))
	}
}

func compileIfs(c *compiler, s *scope, x *syntax.If) exec {
	conds := make([]eval, len(x.Branches))
	bodies := make([]exec, len(x.Branches))
	for i, b := range x.Branches {
		conds[i] = c.checked(b.Cond.Place(), truth(c.expr(s, b.Cond)))
		bodies[i] = c.body(s, b.Body)
	}
	otherwise := c.body(s, x.Else)
	return func(fr *frame, w *writer) error {
		for i, cond := range conds {
			v, err := cond(fr)
			if err != nil {
				return err
			}
			if v == starlark.True {
				return bodies[i](fr, w)
			}
		}
		return otherwise(fr, w)
	}
}

func truth(e eval) eval {
	return func(fr *frame) (py.Value, error) {
		v, err := e(fr)
		if err != nil {
			return nil, err
		}
		yes, err := py.Truth(v)
		return starlark.Bool(yes), err
	}
}

// compileScope compiles what has variables of its own and is otherwise transparent.
func compileScope(c *compiler, s *scope, x *syntax.Scope) exec {
	own := newScope(s, s.fn)
	own.open = s.top || s.open
	own.analyze(x.Body)
	body := c.body(own, x.Body)
	return func(fr *frame, w *writer) error {
		own.reset(fr)
		return body(fr, w)
	}
}

func compileWith(c *compiler, s *scope, x *syntax.With) exec {
	values := c.exprs(s, x.Values)
	own := newScope(s, s.fn)
	own.open = s.top || s.open
	targets := make([]func(*frame, py.Value) error, len(x.Targets))
	for i, t := range x.Targets {
		own.declareTarget(t)
		targets[i] = c.assign(own, t)
	}
	own.analyze(x.Body)
	body := c.body(own, x.Body)
	prog := c.prog
	return func(fr *frame, w *writer) error {
		given, err := all(fr, values)
		if err != nil {
			return err
		}
		own.reset(fr)
		for i, set := range targets {
			if err := set(fr, given[i]); err != nil {
				return prog.at(x.Pos, err)
			}
		}
		return body(fr, w)
	}
}
