package source

import (
	"go/ast"
	"slices"
	"strings"
)

// Type is a type that a package declares at its top level.
type Type struct {
	Name    string
	Package *Package
	File    *File
	Methods []*Func

	expr ast.Expr
}

// String is the type as the test of sizes names it: engine/plan.Host.
func (t *Type) String() string { return t.Package.Dir + "." + t.Name }

// MethodFiles is how many files the type's methods are in.
func (t *Type) MethodFiles() int {
	files := map[*File]bool{}
	for _, m := range t.Methods {
		files[m.File] = true
	}
	return len(files)
}

// Fields is how many fields a struct has, embedded ones included, and 0 for other types.
func (t *Type) Fields() int {
	s, ok := t.expr.(*ast.StructType)
	if !ok {
		return 0
	}
	n := 0
	for _, f := range s.Fields.List {
		n += max(1, len(f.Names))
	}
	return n
}

// Embeds lists the structs of this module that a struct embeds although they do something. All that is in them can be
// reached as if it were the type's own, so that it cannot be told any more which of the two needs what.
func (m *Module) Embeds(t *Type) []*Type {
	s, ok := t.expr.(*ast.StructType)
	if !ok {
		return nil
	}
	var found []*Type
	for _, f := range s.Fields.List {
		if len(f.Names) > 0 {
			continue
		}
		if other := m.named(t, f.Type); other != nil && m.acts(other) {
			found = append(found, other)
		}
	}
	return found
}

// few is how many methods a struct may have that others embed, if nothing else makes it more than its fields.
const few = 4

// acts reports whether a struct does something: it is not plain data, and has more than a few methods, or a function, a
// channel, an interface or a lock among its own fields.
func (m *Module) acts(t *Type) bool {
	s, ok := t.expr.(*ast.StructType)
	if !ok || m.Machinery(t) == "" {
		return false
	}
	return len(t.Methods) > few || slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool { return m.tool(t, f.Type) })
}

// tool reports whether a field's own type is something to work with: a function, a channel, an interface other than
// error, or a lock.
func (m *Module) tool(t *Type, expr ast.Expr) bool {
	switch expr := expr.(type) {
	case *ast.FuncType, *ast.ChanType, *ast.InterfaceType:
		return true
	case *ast.SelectorExpr:
		if other := m.resolve(t.File, expr); other != nil {
			return m.tool(other, other.expr)
		}
		pkg := t.File.importOf(expr)
		return pkg == "sync" || pkg == "io" || pkg == "context"
	case *ast.Ident:
		other := t.Package.Types[expr.Name]
		return other != nil && m.tool(other, other.expr)
	case *ast.StarExpr:
		sel, ok := expr.X.(*ast.SelectorExpr)
		return ok && t.File.importOf(sel) == "sync"
	}
	return false
}

// named finds the type of this module that an expression such as T, *T, pkg.T or T[P] names, or nil.
func (m *Module) named(t *Type, expr ast.Expr) *Type {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		return m.named(t, expr.X)
	case *ast.IndexExpr:
		return m.named(t, expr.X)
	case *ast.SelectorExpr:
		return m.resolve(t.File, expr)
	case *ast.Ident:
		return t.Package.Types[expr.Name]
	}
	return nil
}

// resolve finds the type of this module that a file names as pkg.Type, or nil.
func (m *Module) resolve(f *File, sel *ast.SelectorExpr) *Type {
	dir, ours := strings.CutPrefix(f.importOf(sel), m.Path+"/")
	if !ours {
		return nil
	}
	if p := m.Package(dir); p != nil {
		return p.Types[sel.Sel.Name]
	}
	return nil
}

// importOf is the path of the package that a name such as pkg.Type is from.
func (f *File) importOf(sel *ast.SelectorExpr) string {
	if pkg, ok := sel.X.(*ast.Ident); ok {
		return f.imports[pkg.Name]
	}
	return ""
}
