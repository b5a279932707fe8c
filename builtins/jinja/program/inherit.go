package program

import (
	"errors"
	"fmt"
	"io/fs"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// block is a compiled block.
type block struct {
	prog     *Program
	name     string
	pos      syntax.Pos
	required bool
	fn       *funcScope
	body     exec
}

func compileBlock(c *compiler, s *scope, x *syntax.Block) exec {
	fn := &funcScope{}
	own := newScope(nil, fn)
	own.analyze(x.Body)
	b := &block{prog: c.prog, name: x.Name, pos: x.Pos, required: x.Required, fn: fn}
	c.prog.blocks = append(c.prog.blocks, b)
	b.body = c.body(own, x.Body)
	var see map[string][]slotRef
	if x.Scoped {
		see = s.visible()
	}
	prog := c.prog
	return c.silenced(s, func(fr *frame, w *writer) error {
		ctx := fr.ctx
		if see != nil {
			ctx = &scopeContext{vars: seen(fr, see), parent: fr.ctx, blocks: fr.ctx.blocks}
		}
		chain := ctx.blocks[x.Name]
		return prog.via(x.Pos, chain[0].render(fr.run, ctx, fr.unit, chain, 0, w), "block %s", x.Name)
	})
}

// seen are the values of variables that another template or block sees.
func seen(fr *frame, refs map[string][]slotRef) map[string]py.Value {
	out := map[string]py.Value{}
	for name, list := range refs {
		for _, r := range list {
			if v := r.get(fr); v != nil {
				out[name] = v
				break
			}
		}
	}
	return out
}

// render writes a block, which is the one with an index among those of its name.
func (b *block) render(r *run, ctx *scopeContext, u *unit, chain []*block, i int, w *writer) error {
	if b.required {
		return b.prog.at(b.pos, fmt.Errorf("the block %s is required, and no template that extends this one has it", b.name))
	}
	if err := r.enter(); err != nil {
		return b.prog.at(b.pos, err)
	}
	defer func() { r.depth-- }()
	vars := map[string]py.Value{"super": &super{r, ctx, u, chain, i + 1}}
	own := &scopeContext{vars: vars, parent: ctx, blocks: ctx.blocks}
	return b.body(&frame{slots: make([]py.Value, b.fn.slots), run: r, ctx: own, unit: &unit{}}, w)
}

// super is what renders the block that a block replaces.
type super struct {
	run   *run
	ctx   *scopeContext
	unit  *unit
	chain []*block
	i     int
}

func (s *super) String() string        { return "super" }
func (s *super) Type() string          { return "BlockReference" }
func (s *super) Freeze()               {}
func (s *super) Truth() starlark.Bool  { return true }
func (s *super) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'BlockReference'") }

// Text is refused: a block is called.
func (s *super) Text() (string, error) {
	return "", py.Errorf("a block has to be called, as in super() and self.%s()", s.chain[0].name)
}

// Get returns the block behind this one.
func (s *super) Get(name string) (py.Value, error) {
	if name != "super" {
		return nil, nil
	}
	if s.i+1 >= len(s.chain) {
		return noParent(s.chain[0].name), nil
	}
	return &super{s.run, s.ctx, s.unit, s.chain, s.i + 1}, nil
}

func noParent(name string) *py.Undefined {
	return &py.Undefined{Name: "super", Hint: "there is no parent block called '" + name + "'"}
}

func (s *super) invoke(_ *run, a py.Args) (py.Value, error) {
	if len(a.Positional)+len(a.Named) > 0 {
		return nil, py.Errorf("a block takes no arguments")
	}
	if s.i >= len(s.chain) {
		return nil, noParent(s.chain[0].name)
	}
	w := &writer{}
	err := s.chain[s.i].render(s.run, s.ctx, s.unit, s.chain, s.i, w)
	return starlark.String(w.buf), err
}

// self is the template's blocks by name.
type self struct {
	run  *run
	ctx  *scopeContext
	unit *unit
}

func (s *self) String() string        { return "self" }
func (s *self) Type() string          { return "TemplateReference" }
func (s *self) Freeze()               {}
func (s *self) Truth() starlark.Bool  { return true }
func (s *self) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'TemplateReference'") }

// Get returns a block.
func (s *self) Get(name string) (py.Value, error) {
	chain := s.ctx.blocks[name]
	if len(chain) == 0 {
		return nil, nil
	}
	return &super{s.run, s.ctx, s.unit, chain, 0}, nil
}

func compileExtends(c *compiler, s *scope, x *syntax.Extends) exec {
	if !s.top {
		c.fail(x.Pos, "extends stands at the template's top level")
	}
	of := c.expr(s, x.Template)
	prog := c.prog
	return func(fr *frame, _ *writer) error {
		if fr.unit.parent != nil {
			return prog.at(x.Pos, errors.New("the template extends two others"))
		}
		v, err := of(fr)
		if err != nil {
			return err
		}
		parent, err := prog.load(fr, v)
		if err != nil {
			return prog.at(x.Pos, err)
		}
		fr.unit.parent = parent
		for _, b := range parent.blocks {
			fr.ctx.blocks[b.name] = append(fr.ctx.blocks[b.name], b)
		}
		return nil
	}
}

// load finds the template that a value names; of several names, the first that there is.
func (p *Program) load(fr *frame, v py.Value) (*Program, error) {
	names := []py.Value{v}
	switch v.(type) {
	case *starlark.List, starlark.Tuple:
		names, _ = py.Elements(v)
		if len(names) == 0 {
			return nil, &missingTemplate{errors.New("the list of templates is empty")}
		}
	}
	var first error
	for _, n := range names {
		if err := py.Defined(n); err != nil {
			return nil, err
		}
		name, ok := n.(starlark.String)
		if !ok {
			return nil, py.Errorf("the name of a template is a text, not %s", py.TypeName(n))
		}
		t, err := fr.run.loader.Load(string(name), p)
		if err == nil {
			return t, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if first == nil {
			first = err
		}
	}
	return nil, &missingTemplate{first}
}

// missingTemplate is a template that is not there.
type missingTemplate struct{ cause error }

func (m *missingTemplate) Error() string { return m.cause.Error() }
func (m *missingTemplate) Unwrap() error { return m.cause }

func compileInclude(c *compiler, s *scope, x *syntax.Include) exec {
	of := c.expr(s, x.Template)
	see := s.visible()
	prog := c.prog
	return func(fr *frame, w *writer) error {
		v, err := of(fr)
		if err != nil {
			return err
		}
		t, err := prog.load(fr, v)
		if err != nil {
			if _, ok := errors.AsType[*missingTemplate](err); ok && x.IgnoreMissing {
				return nil
			}
			return prog.at(x.Pos, err)
		}
		ctx := bare()
		if x.WithContext {
			ctx = fr.ctx.child(seen(fr, see))
		}
		return prog.via(x.Pos, t.render(fr.run, ctx, w), "include %s", t.Name)
	}
}

// bare is a context without variables.
func bare() *scopeContext {
	return &scopeContext{vars: map[string]py.Value{}, blocks: map[string][]*block{}}
}

// module is an imported template.
type module struct {
	prog *Program
	vars map[string]py.Value
	text string
}

func (m *module) String() string        { return "template " + m.prog.Name }
func (m *module) Type() string          { return "TemplateModule" }
func (m *module) Freeze()               {}
func (m *module) Truth() starlark.Bool  { return true }
func (m *module) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'TemplateModule'") }
func (m *module) Text() (string, error) { return m.text, nil }

// Get returns what the template defines.
func (m *module) Get(name string) (py.Value, error) {
	if name != "" && name[0] == '_' {
		return nil, nil
	}
	return m.vars[name], nil
}

// module renders a template for what it defines.
func compileModule(c *compiler, s *scope, pos syntax.Pos, template syntax.Expr, with bool) func(fr *frame) (*module, error) {
	of := c.expr(s, template)
	see := s.visible()
	prog := c.prog
	return func(fr *frame) (*module, error) {
		v, err := of(fr)
		if err != nil {
			return nil, err
		}
		t, err := prog.load(fr, v)
		if err != nil {
			return nil, prog.at(pos, err)
		}
		ctx := bare()
		if with {
			ctx = fr.ctx.child(nil)
			ctx.parent = &scopeContext{vars: seen(fr, see), parent: fr.ctx}
		}
		w := &writer{}
		if err := t.render(fr.run, ctx, w); err != nil {
			return nil, prog.via(pos, err, "import %s", t.Name)
		}
		return &module{prog: t, vars: ctx.vars, text: string(w.buf)}, nil
	}
}

func compileImportAs(c *compiler, s *scope, x *syntax.Import) exec {
	load := compileModule(c, s, x.Pos, x.Template, x.WithContext)
	set := c.assign(s, &syntax.Name{Pos: x.Pos, Name: x.Target})
	return func(fr *frame, _ *writer) error {
		m, err := load(fr)
		if err != nil {
			return err
		}
		return set(fr, m)
	}
}

func compileFromImport(c *compiler, s *scope, x *syntax.FromImport) exec {
	load := compileModule(c, s, x.Pos, x.Template, x.WithContext)
	sets := make([]func(*frame, py.Value) error, len(x.Names))
	for i, n := range x.Names {
		sets[i] = c.assign(s, &syntax.Name{Pos: x.Pos, Name: n.As})
	}
	return func(fr *frame, _ *writer) error {
		m, err := load(fr)
		if err != nil {
			return err
		}
		for i, n := range x.Names {
			v := m.vars[n.Name]
			if v == nil {
				v = &py.Undefined{Name: n.Name, Hint: fmt.Sprintf("the template %s does not define '%s'", m.prog.Name, n.Name)}
			}
			if err := sets[i](fr, v); err != nil {
				return err
			}
		}
		return nil
	}
}
