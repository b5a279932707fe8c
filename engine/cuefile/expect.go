package cuefile

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"

	"github.com/openfroyo/froyo/engine/diag"
)

// Expected is what a file says that a field must be.
type Expected struct {
	// Text is the expression as it is written, without what is a default and nothing else,
	// or the words of @want.
	Text string
	// Pos is the expression's place, and Label that of the field's name.
	Pos, Label diag.Pos
	// Path is the field that holds the expression; it may be one of a definition.
	Path string
}

// Expect returns what the field at path must be: "app", "workers".
func (f *File) Expect(path ...string) Expected {
	for n := len(path); n > 0; n-- {
		k := "\x00" + strings.Join(path[:n], "\x00")
		if p, ok := f.places[k]; ok {
			return f.expected(k, p)
		}
	}
	return Expected{Pos: diag.Pos{File: f.name}}
}

// ExpectBy returns what the field must be that an error of CUE is about, by the places
// that the error names.
func (f *File) ExpectBy(err cueerrors.Error) Expected {
	path := err.Path()
	for _, pos := range cueerrors.Positions(err) {
		if k, ok := f.around(pos); ok {
			e := f.expected(k, f.places[k])
			last := k[strings.LastIndexByte(k, 0)+1:]
			if len(path) == 0 || last == path[len(path)-1] || isIndex(path[len(path)-1]) {
				return e
			}
		}
	}
	return f.Expect(path...)
}

func isIndex(name string) bool {
	_, err := strconv.Atoi(name)
	return err == nil
}

// around finds the innermost field whose value stands around a place.
func (f *File) around(pos token.Pos) (string, bool) {
	if pos.Filename() != f.name {
		return "", false
	}
	best, size := "", -1
	for k, p := range f.places {
		begin, end := p.expr.Pos(), p.expr.End()
		if begin.Offset() <= pos.Offset() && pos.Offset() <= end.Offset() {
			if n := end.Offset() - begin.Offset(); size < 0 || n < size || n == size && k < best {
				best, size = k, n
			}
		}
	}
	return best, size >= 0
}

func (f *File) expected(k string, p place) Expected {
	path := strings.Split(k[1:], "\x00")
	e := Expected{Text: sourceText(p.expr), Pos: position(f.name, p.value), Label: position(f.name, p.label), Path: strings.Join(path, ".")}
	for _, optional := range []bool{false, true} {
		selectors := make([]cue.Selector, len(path))
		for i, name := range path {
			if strings.HasPrefix(name, "#") {
				selectors[i] = cue.Def(name)
				continue
			}
			selectors[i] = cue.Str(name)
			if optional {
				selectors[i] = selectors[i].Optional()
			}
		}
		attr := f.Value.LookupPath(cue.MakePath(selectors...)).Attribute("want")
		if words, err := attr.String(0); attr.Err() == nil && err == nil {
			e.Text = words
		}
	}
	return e
}

// sourceText writes an expression on one line, without what is a default and nothing else.
func sourceText(expr ast.Expr) string {
	if _, ok := expr.(*ast.StructLit); ok {
		return noun(cue.StructKind)
	}
	text, err := format.Node(withoutDefaults(expr))
	if err != nil {
		return "another value" // an expression that was parsed can be written
	}
	return bounded(oneLine(string(text)), maxExpression)
}

// withoutDefaults takes the marks of defaults out of a disjunction, and values that are one
// beside a type: int | *80 is int, and *"dev" | "prod" is "dev" | "prod".
func withoutDefaults(expr ast.Expr) ast.Expr {
	var kept, types []ast.Expr
	for _, e := range alternatives(expr) {
		marked, isDefault := e.(*ast.UnaryExpr)
		if isDefault = isDefault && marked.Op == token.MUL; isDefault {
			e = marked.X
		}
		if !isDefault || !isValue(e) {
			types = append(types, e)
		}
		kept = append(kept, e)
	}
	if slices.ContainsFunc(types, func(e ast.Expr) bool { return !isValue(e) }) {
		kept = types
	}
	out := kept[0]
	for _, e := range kept[1:] {
		out = &ast.BinaryExpr{X: out, Op: token.OR, Y: e}
	}
	return out
}

// isValue reports whether an expression is a value rather than a type.
func isValue(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.ListLit, *ast.StructLit, *ast.Interpolation:
		return true
	case *ast.UnaryExpr:
		return (e.Op == token.SUB || e.Op == token.ADD) && isValue(e.X)
	}
	return false
}

func alternatives(expr ast.Expr) []ast.Expr {
	if e, ok := expr.(*ast.BinaryExpr); ok && e.Op == token.OR {
		return append(alternatives(e.X), alternatives(e.Y)...)
	}
	return []ast.Expr{expr}
}

// Doc returns the comment above a field at the top of the file, without the marks.
func (f *File) Doc(name string) string {
	var paragraphs []string
	for _, d := range f.syntax.Decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		if label, _, err := ast.LabelName(field.Label); err != nil || label != name {
			continue
		}
		for _, group := range ast.Comments(field) {
			if group.Doc || group.Line {
				paragraphs = append(paragraphs, strings.TrimSpace(group.Text()))
			}
		}
	}
	return strings.Join(paragraphs, "\n")
}

// References are the other fields at the top of the file that a field's expression uses, also by
// way of definitions and hidden fields.
func (f *File) References(name string) []string {
	seen := map[string]bool{name: true}
	var names []string
	var visit func(name string)
	visit = func(name string) {
		p, ok := f.places["\x00"+name]
		if !ok {
			return
		}
		ast.Walk(p.expr, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if _, isField := f.places["\x00"+nameOf(id)]; !ok || !isField || seen[id.Name] {
				return true
			}
			seen[id.Name] = true
			if strings.HasPrefix(id.Name, "#") || strings.HasPrefix(id.Name, "_") {
				visit(id.Name)
			} else {
				names = append(names, id.Name)
			}
			return true
		}, nil)
	}
	visit(name)
	return names
}

func nameOf(id *ast.Ident) string {
	if id == nil {
		return ""
	}
	return id.Name
}

// maxExpression bounds how much of an expression an error shows.
const maxExpression = 160

// bounded cuts a text that is too long for a message.
func bounded(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "..."
	}
	return text
}
