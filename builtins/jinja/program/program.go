// Package program compiles templates to closures over Starlark's values, and runs them. A program is compiled once and
// may run any number of times, at once, too.
//
// Which filters, tests and functions there are it is told by a function.Set, and where other templates are by a Loader.
package program

import (
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// Program is a compiled template.
type Program struct {
	Name    string // its path, or ""
	source  string
	first   int // the line of its file on which source begins
	extends bool
	blocks  []*block
	fn      *funcScope
	body    exec
	ends    int // newlines at the end of its text, which Ansible keeps
	newline string
	// Options are those that its text was read with, changed by its header.
	Options syntax.Options
}

// Loader finds the templates that a template names. An error that is fs.ErrNotExist says that there is none.
type Loader interface {
	Load(name string, from *Program) (*Program, error)
}

// Compile compiles a template's text.
func Compile(name, text string, o syntax.Options, set function.Set) (*Program, error) {
	tree, err := syntax.Parse(text, o)
	if err != nil {
		p := &Program{Name: name, source: text, first: 1}
		out := &Error{Template: name, Message: err.Error(), Cause: err}
		if e, ok := err.(*syntax.Error); ok { //nolint:errorlint // Parse does not wrap it
			out.Pos, out.Message, out.Source = e.Pos, e.Message, p.line(e.Pos.Line)
		}
		return nil, out
	}
	p := &Program{Name: name, source: tree.Source, first: tree.First, fn: &funcScope{}, ends: newlinesAtEnd(text), newline: tree.Options.Newline, Options: tree.Options}
	syntax.WalkAll(tree.Body, func(n syntax.Node) bool {
		_, ok := n.(*syntax.Extends)
		p.extends = p.extends || ok
		return true
	})
	c := &compiler{prog: p, set: set}
	s := newScope(nil, p.fn)
	s.top = true
	s.analyze(tree.Body)
	p.body = c.body(s, tree.Body)
	return p, c.err
}

// line is a line of the source.
func (p *Program) line(n int) string {
	lines := strings.Split(p.source, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}

// render writes the template, and what it extends, with the variables of a context.
func (p *Program) render(r *run, ctx *scopeContext, w *writer) error {
	if err := r.enter(); err != nil {
		return p.at(syntax.Pos{Line: 1, Col: 1}, err)
	}
	defer func() { r.depth-- }()
	for _, b := range p.blocks {
		ctx.blocks[b.name] = append(ctx.blocks[b.name], b)
	}
	return p.write(r, ctx, w)
}

// write runs the template's own text and then that of its parent.
func (p *Program) write(r *run, ctx *scopeContext, w *writer) error {
	u := &unit{prog: p}
	fr := &frame{slots: make([]py.Value, p.fn.slots), run: r, ctx: ctx, unit: u}
	if err := p.body(fr, w); err != nil {
		return err
	}
	if u.parent == nil {
		return nil
	}
	if err := r.enter(); err != nil { // a template that extends itself
		return p.at(syntax.Pos{Line: 1, Col: 1}, err)
	}
	defer func() { r.depth-- }()
	return u.parent.write(r, ctx, w)
}

// Render renders the template. root finds its variables.
func (p *Program) Render(r *function.Run, loader Loader, root func(name string) (py.Value, bool, error)) (string, error) {
	w := &writer{}
	ctx := bare()
	ctx.parent = &scopeContext{root: root}
	r.Variable = root
	if err := p.render(&run{Run: r, loader: loader}, ctx, w); err != nil {
		return "", err
	}
	out := string(w.buf)
	if missing := p.ends - newlinesAtEnd(out); missing > 0 {
		out += strings.Repeat(p.newline, missing)
	}
	return out, nil
}

func newlinesAtEnd(s string) int { return len(s) - len(strings.TrimRight(s, "\n")) }
