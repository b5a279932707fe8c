// Package program compiles templates to closures over Starlark's values, and runs them. A program is compiled once and
// may run any number of times, at once, too.
//
// Which filters, tests and functions there are it is told by a function.Set, and where other templates are by a Loader.
package program

import (
	"slices"
	"strings"
	"sync/atomic"

	"go.starlark.net/starlark"

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
	steady  bool // it changes none of its variables
	repeats bool // it may read a variable again and again
	blocks  []*block
	fn      *funcScope
	body    exec
	ends    int // newlines at the end of its text, which Ansible keeps
	newline string
	size    atomic.Int64 // of the text that was rendered last
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
		switch n.(type) {
		case *syntax.Extends:
			p.extends = true
		case *syntax.For, *syntax.Macro, *syntax.CallBlock, *syntax.Block:
			p.repeats = true
		}
		return true
	})
	c := &compiler{prog: p, set: set}
	s := newScope(nil, p.fn)
	s.top = true
	s.analyze(tree.Body)
	p.body = c.body(s, tree.Body)
	p.steady = isSteady(tree.Body)
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
	u := &unit{}
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
	w := &writer{buf: make([]byte, 0, p.size.Load())}
	ctx := bare()
	if p.steady && p.repeats {
		root = once(root)
	}
	ctx.parent = &scopeContext{root: root}
	r.Variable = root
	defer r.Watch()()
	if err := p.render(&run{Run: r, loader: loader}, ctx, w); err != nil {
		return "", err
	}
	p.size.Store(int64(len(w.buf)))
	out := string(w.buf)
	if missing := p.ends - newlinesAtEnd(out); missing > 0 {
		out += strings.Repeat(p.newline, missing)
	}
	return out, nil
}

func newlinesAtEnd(s string) int { return len(s) - len(strings.TrimRight(s, "\n")) }

// changing are the methods that change a list or a dict, and what reads a method by a name that is not seen here.
var changing = []string{
	"append", "extend", "insert", "pop", "remove", "clear", "reverse", "sort", "update", "setdefault", "popitem",
	"__setitem__", "__delitem__", "attr",
}

// isSteady reports whether a template can be seen to change none of its variables: it calls no method that changes a value,
// nothing that it has under another name, and no other template takes part.
func isSteady(body []syntax.Stmt) bool {
	steady := true
	given, called := map[string]bool{}, map[string]bool{}
	syntax.WalkAll(body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.Include, *syntax.Import, *syntax.FromImport, *syntax.Extends:
			steady = false
		case *syntax.Attr:
			steady = steady && !slices.Contains(changing, n.Name)
		case *syntax.Filter:
			steady = steady && !slices.Contains(changing, n.Name)
		case *syntax.Literal:
			if s, ok := n.Value.(starlark.String); ok {
				steady = steady && !slices.Contains(changing, string(s))
			}
		case *syntax.Call:
			switch f := n.Func.(type) {
			case *syntax.Name:
				called[f.Name] = true
			case *syntax.Attr:
			default: // a method that is read by its name
				steady = false
			}
		case *syntax.Set:
			targetNames(n.Target, given)
		case *syntax.For:
			targetNames(n.Target, given)
		case *syntax.With:
			for _, t := range n.Targets {
				targetNames(t, given)
			}
		case *syntax.Macro:
			for _, p := range n.Params {
				given[p] = true
			}
		case *syntax.CallBlock:
			for _, p := range n.Params {
				given[p] = true
			}
		}
		return steady
	})
	for name := range called {
		steady = steady && !given[name]
	}
	return steady
}

// targetNames collects the names of a target.
func targetNames(target syntax.Expr, into map[string]bool) {
	switch t := target.(type) {
	case *syntax.Name:
		into[t.Name] = true
	case *syntax.Tuple:
		for _, item := range t.Items {
			targetNames(item, into)
		}
	}
}

// once reads each variable once: where nothing changes them, what a loop reads again and again need not be made anew.
func once(root func(name string) (py.Value, bool, error)) func(name string) (py.Value, bool, error) {
	read := map[string]py.Value{}
	return func(name string) (py.Value, bool, error) {
		if v, ok := read[name]; ok {
			return v, true, nil
		}
		v, found, err := root(name)
		if found && err == nil {
			read[name] = v
		}
		return v, found, err
	}
}
