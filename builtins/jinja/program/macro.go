package program

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// macroCode is a compiled macro or the body of a call block.
type macroCode struct {
	prog     *Program
	name     string
	pos      syntax.Pos
	params   []string
	defaults []eval // of the last parameters
	fn       *funcScope
	own      *scope
	body     exec
	// The slots of what a macro gets besides its parameters, -1 where its body does not mention it.
	caller, varargs, kwargs int
}

// Macro is a macro as a value.
type macro struct {
	code *macroCode
	up   *frame
}

func (m *macro) String() string        { return "macro " + m.code.name }
func (m *macro) Type() string          { return "Macro" }
func (m *macro) Freeze()               {}
func (m *macro) Truth() starlark.Bool  { return true }
func (m *macro) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'Macro'") }

// Text is refused: what Jinja prints says nothing to an operator.
func (m *macro) Text() (string, error) {
	return "", py.Errorf("%s is a macro; call it: %s()", m.code.name, m.code.name)
}

// Get returns what can be asked of a macro.
func (m *macro) Get(name string) (py.Value, error) {
	switch name {
	case "name":
		return starlark.String(m.code.name), nil
	case "arguments":
		var out starlark.Tuple
		for _, p := range m.code.params {
			out = append(out, starlark.String(p))
		}
		return out, nil
	case "caller":
		return starlark.Bool(m.code.caller >= 0), nil
	case "catch_varargs":
		return starlark.Bool(m.code.varargs >= 0), nil
	case "catch_kwargs":
		return starlark.Bool(m.code.kwargs >= 0), nil
	}
	return nil, nil
}

// mentions reports whether a body reads a variable of a name.
func mentions(stmts []syntax.Stmt, name string) bool {
	found := false
	syntax.WalkAll(stmts, func(n syntax.Node) bool {
		if _, ok := n.(*syntax.Block); ok {
			return false
		}
		x, ok := n.(*syntax.Name)
		found = found || ok && x.Name == name
		return !found
	})
	return found
}

func mentionsLoop(body []syntax.Stmt) bool {
	scoped := false
	syntax.WalkAll(body, func(n syntax.Node) bool {
		b, ok := n.(*syntax.Block)
		scoped = scoped || ok && b.Scoped
		return true
	})
	return scoped || mentions(body, "loop")
}

// code compiles the body of a macro.
func compileCode(c *compiler, s *scope, pos syntax.Pos, name string, sig syntax.Signature, body []syntax.Stmt) *macroCode {
	fn := &funcScope{}
	own := newScope(s, fn)
	m := &macroCode{prog: c.prog, name: name, pos: pos, params: sig.Params, fn: fn, own: own}
	for _, p := range sig.Params {
		own.declare(p)
	}
	special := func(name string) int {
		if slices.Contains(sig.Params, name) || !mentions(body, name) {
			return -1
		}
		return own.declare(name)
	}
	m.caller, m.varargs, m.kwargs = special("caller"), special("varargs"), special("kwargs")
	if i := slices.Index(sig.Params, "caller"); i >= 0 && i < len(sig.Params)-len(sig.Defaults) {
		c.fail(pos, "the parameter caller needs a default, or leave it out: it is there by itself")
	}
	for _, d := range sig.Defaults {
		own.reads(d)
	}
	own.analyze(body)
	m.defaults = c.exprs(own, sig.Defaults)
	m.body = c.body(own, body)
	return m
}

func compileMacro(c *compiler, s *scope, x *syntax.Macro) exec {
	code := compileCode(c, s, x.Pos, x.Name, x.Signature, x.Body)
	set := c.assign(s, &syntax.Name{Pos: x.Pos, Name: x.Name})
	return func(fr *frame, _ *writer) error { return set(fr, &macro{code, fr}) }
}

func compileCallBlock(c *compiler, s *scope, x *syntax.CallBlock) exec {
	code := compileCode(c, s, x.Pos, "caller", x.Signature, x.Body)
	call := c.call(s, x.Call, func(fr *frame) py.Value { return &macro{code, fr} })
	prog := c.prog
	return func(fr *frame, w *writer) error {
		v, err := call(fr)
		if err != nil {
			return err
		}
		return prog.at(x.Pos, write(w, v))
	}
}

// invoke renders a macro.
func (m *macro) invoke(r *run, a py.Args) (py.Value, error) {
	if err := r.enter(); err != nil {
		return nil, err
	}
	defer func() { r.depth-- }()
	fr := &frame{slots: make([]py.Value, m.code.fn.slots), up: m.up, run: r, ctx: m.up.ctx, unit: m.up.unit}
	if err := m.bind(fr, a); err != nil {
		return nil, err
	}
	w := &writer{}
	if err := m.code.body(fr, w); err != nil {
		return nil, err
	}
	return starlark.String(w.buf), nil
}

// bind gives a macro's variables their values.
func (m *macro) bind(fr *frame, a py.Args) error {
	n := min(len(a.Positional), len(m.code.params))
	given := make([]bool, len(m.code.params))
	for i := range n {
		fr.slots[m.code.own.slots[m.code.params[i]]], given[i] = a.Positional[i], true
	}
	kwargs := starlark.NewDict(0)
	var caller py.Value
	for _, arg := range a.Named {
		switch i := slices.Index(m.code.params, arg.Name); {
		case i >= n:
			fr.slots[m.code.own.slots[arg.Name]], given[i] = arg.Value, true
		case arg.Name == "caller" && m.code.caller >= 0:
			caller = arg.Value
		case m.code.kwargs >= 0:
			if err := kwargs.SetKey(starlark.String(arg.Name), arg.Value); err != nil {
				return err
			}
		case i >= 0:
			return py.Errorf("macro '%s' got the argument '%s' twice", m.code.name, arg.Name)
		case arg.Name == "caller":
			return py.Errorf("macro '%s' is used with call, but it has no caller()", m.code.name)
		default:
			return py.Errorf("macro '%s' takes no keyword argument '%s'", m.code.name, arg.Name)
		}
	}
	if m.code.kwargs >= 0 {
		fr.slots[m.code.kwargs] = kwargs
	}
	switch {
	case m.code.varargs >= 0:
		fr.slots[m.code.varargs] = starlark.Tuple(slices.Clone(a.Positional[n:]))
	case len(a.Positional) > len(m.code.params):
		return py.Errorf("macro '%s' takes not more than %d argument(s), got %d", m.code.name, len(m.code.params), len(a.Positional))
	}
	if m.code.caller >= 0 {
		if caller == nil {
			caller = &py.Undefined{Name: "caller", Hint: "the macro " + m.code.name + " calls caller(), but is not used with call"}
		}
		fr.slots[m.code.caller] = caller
	}
	return m.fill(fr, given)
}

// fill gives parameters that are not given their defaults, in order: a default may read the ones before it.
func (m *macro) fill(fr *frame, given []bool) error {
	first := len(m.code.params) - len(m.code.defaults)
	for i, name := range m.code.params {
		if given[i] {
			continue
		}
		slot := m.code.own.slots[name]
		if i < first {
			fr.slots[slot] = &py.Undefined{Name: name, Hint: "parameter '" + name + "' of the macro " + m.code.name + " was not provided"}
			continue
		}
		v, err := m.code.defaults[i-first](fr)
		if err != nil {
			return err
		}
		fr.slots[slot] = v
	}
	return nil
}
