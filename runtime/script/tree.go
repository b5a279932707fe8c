package script

import (
	"maps"
	"slices"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/guard"
	"github.com/openfroyo/froyo/builtins/source"
	"github.com/openfroyo/froyo/engine/diag"
)

// place is a position within one file.
type place struct{ line, col int32 }

func placeOf(p syntax.Position) place { return place{p.Line, p.Col} }

// tree is what evaluation needs to know of a file's syntax.
type tree struct {
	file *syntax.File
	// starts are the beginnings of calls, by the place of their parenthesis.
	starts map[place]place
	// globals are the names of globals that functions use, by their place.
	globals map[place][]string
	// vars are the names used as vars.NAME; allVars says that any may be used.
	vars    map[string]bool
	allVars bool
	// hostVars says that variables are also used through a host.
	hostVars bool
	// templates are the paths that template() gets as literals.
	templates []string
	// secrets are the calls of sensitive() with a text that the file holds.
	secrets []syntax.Position
	// names are the predeclared ones that the file uses.
	names map[string]bool
}

func newTree(file *syntax.File) *tree {
	t := &tree{file: file, starts: map[place]place{}, globals: map[place][]string{}, vars: map[string]bool{}, names: map[string]bool{}}
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			t.starts[placeOf(call.Lparen)] = placeOf(syntax.Start(call))
		}
		return true
	})
	return t
}

// resolved looks through the file once names are tied to what they mean.
func (t *tree) resolved() {
	named := map[*syntax.Ident]bool{} // uses of vars that are understood
	syntax.Walk(t.file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.LambdaExpr:
			t.globals[placeOf(n.Lambda)] = globalNames(n.Body)
		case *syntax.DefStmt:
			for _, stmt := range n.Body {
				t.globals[placeOf(n.Def)] = append(t.globals[placeOf(n.Def)], globalNames(stmt)...)
			}
		case *syntax.CallExpr:
			t.call(n, named)
		case *syntax.DotExpr:
			t.dot(n, named)
		case *syntax.Ident:
			if isPredeclared(n, n.Name) {
				t.names[n.Name] = true
			}
			if isPredeclared(n, "vars") && !named[n] {
				t.allVars = true
			}
		}
		return true
	})
}

// merge adds what is known of a further part of the file.
func (t *tree) merge(part *tree) {
	maps.Copy(t.starts, part.starts)
	maps.Copy(t.globals, part.globals)
	maps.Copy(t.vars, part.vars)
	maps.Copy(t.names, part.names)
	t.allVars, t.hostVars = t.allVars || part.allVars, t.hostVars || part.hostVars
	t.templates, t.secrets = append(t.templates, part.templates...), append(t.secrets, part.secrets...)
}

func (t *tree) call(n *syntax.CallExpr, named map[*syntax.Ident]bool) {
	if len(n.Args) == 0 {
		return
	}
	if _, name := guard.Field(n); name == "vars" {
		t.hostVars = true
	}
	text, isText := t.written(n.Args[0])
	if !isText {
		return
	}
	switch fn := n.Fn.(type) {
	case *syntax.Ident:
		if isPredeclared(fn, "sensitive") {
			t.secrets = append(t.secrets, n.Lparen)
		}
		if isPredeclared(fn, "template") {
			t.templates = append(t.templates, text)
		}
	case *syntax.DotExpr:
		if x, ok := fn.X.(*syntax.Ident); ok && isPredeclared(x, "vars") && fn.Name.Name == "get" {
			t.vars[text] = true
			named[x] = true
		}
	}
}

func (t *tree) dot(n *syntax.DotExpr, named map[*syntax.Ident]bool) {
	x, ok := n.X.(*syntax.Ident)
	switch {
	case ok && isPredeclared(x, "vars"):
		if n.Name.Name != "get" {
			t.vars[n.Name.Name] = true
			named[x] = true
		}
	case n.Name.Name == "vars":
		t.hostVars = true
	}
}

func literal(e syntax.Expr) (string, bool) {
	lit, ok := e.(*syntax.Literal)
	if !ok {
		return "", false
	}
	text, ok := lit.Value.(string)
	return text, ok
}

// written gives the text that an expression is: as a literal, or by the name of a
// global that is one.
func (t *tree) written(e syntax.Expr) (string, bool) {
	id, ok := e.(*syntax.Ident)
	if !ok {
		return literal(e)
	}
	if b, bound := id.Binding.(*resolve.Binding); !bound || b.Scope != resolve.Global {
		return "", false
	}
	for _, stmt := range t.file.Stmts {
		if a, is := stmt.(*syntax.AssignStmt); is && a.Op == syntax.EQ {
			if name, is := a.LHS.(*syntax.Ident); is && name.Name == id.Name {
				return literal(a.RHS)
			}
		}
	}
	return "", false
}

// warnLiterals says where a text is made secret that everybody who reads the
// runbook knows, and that stands in the plans that are saved of it.
func (l *loader) warnLiterals() {
	for _, name := range slices.Sorted(maps.Keys(l.modules)) {
		t := l.modules[name].tree
		if t == nil {
			continue
		}
		for _, at := range t.secrets {
			l.p.warnings = append(l.p.warnings, (&diag.Error{
				Summary: "sensitive() is given a text that stands in the runbook, where it is no secret, nor in a plan that is saved of it",
				Pos:     l.start(eval.Place(at)),
			}).WithHint("take it from a variable: FROYO_VAR_name in the environment, -e @FILE, or the inventory"))
		}
	}
}

func isPredeclared(id *syntax.Ident, name string) bool {
	if id.Name != name {
		return false
	}
	b, ok := id.Binding.(*resolve.Binding)
	return ok && b.Scope == resolve.Predeclared
}

// globalNames lists the globals that are named below a node.
func globalNames(n syntax.Node) []string {
	var names []string
	seen := map[string]bool{}
	syntax.Walk(n, func(n syntax.Node) bool {
		id, ok := n.(*syntax.Ident)
		if !ok || seen[id.Name] {
			return true
		}
		if b, ok := id.Binding.(*resolve.Binding); ok && b.Scope == resolve.Global {
			seen[id.Name] = true
			names = append(names, id.Name)
		}
		return true
	})
	return names
}

// start returns where the call begins whose parenthesis is at pos.
func (l *loader) start(pos diag.Pos) diag.Pos {
	m := l.modules[pos.File]
	if m == nil || m.tree == nil {
		return pos
	}
	if at, ok := m.tree.starts[place{int32(pos.Line), int32(pos.Col)}]; ok {
		pos.Line, pos.Col = int(at.line), int(at.col)
	}
	return pos
}

// globals answers which globals a function uses. Only those of a main file
// whose top level is a play can hold units.
func (p *Program) globals(l *loader) capture.Globals {
	return func(fn *starlark.Function) ([]string, bool) {
		pos := fn.Position()
		if pos.Filename() != p.opts.Main || p.main != nil && !p.implicit {
			return nil, false
		}
		return l.modules[pos.Filename()].tree.globals[placeOf(pos)], true
	}
}

// usedVars returns those of the given variables that the files name.
func (l *loader) usedVars(given map[string]any) map[string]any {
	used := map[string]any{}
	for _, m := range l.modules {
		if m.tree == nil {
			continue
		}
		for name, v := range given {
			if m.tree.allVars || m.tree.vars[name] {
				used[name] = v
			}
		}
	}
	return used
}

func (l *loader) varNames() []string {
	var names []string
	for _, m := range l.modules {
		if m.tree == nil {
			continue
		}
		for name := range m.tree.vars {
			names = append(names, name)
		}
	}
	return names
}

func (l *loader) usesHostVars() bool {
	for _, m := range l.modules {
		if m.tree != nil && m.tree.hostVars {
			return true
		}
	}
	return false
}

// predeclared returns the predeclared names that any of the files uses. What no
// file names, no file can get at.
func (l *loader) predeclared() map[string]bool {
	used := map[string]bool{}
	for _, m := range l.modules {
		if m.tree != nil {
			maps.Copy(used, m.tree.names)
		}
	}
	return used
}

// preload reads the templates that files name, so that those rendered only
// inside lambdas belong to the sources, too. Missing ones are told when used.
func (l *loader) preload() {
	for _, m := range l.modules {
		if m.tree == nil || strings.HasPrefix(m.name, eval.StdPrefix) {
			continue
		}
		for _, name := range m.tree.templates {
			if path, err := source.ResolvePath(m.name, name); err == nil {
				l.p.env.Templates.Preload(path)
			}
		}
	}
}
