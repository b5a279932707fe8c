package source

import (
	"go/ast"
	"path"
	"slices"
	"strings"
)

// Machinery says why a type is more than plain data, or "" where it is none: whoever has a copy of plain data has all
// of it, and may store it, send it and compare it. So it has no channels, functions, interfaces, locks or other
// machinery in it, neither itself nor in what it is made of, and its methods tell something of it and change nothing.
func (m *Module) Machinery(t *Type) string {
	if i := slices.IndexFunc(t.Methods, (*Func).sets); i >= 0 {
		return "its method " + t.Methods[i].Name + " changes it"
	}
	return m.made(t, map[*Type]bool{})
}

// made says what a type is made of that is not data, or "".
func (m *Module) made(t *Type, seen map[*Type]bool) string {
	if seen[t] {
		return "" // a type that holds itself is as plain as the rest of it
	}
	seen[t] = true
	return m.part(t, t.expr, seen)
}

// part says what in the expression of a type is not data, or "".
func (m *Module) part(t *Type, expr ast.Expr, seen map[*Type]bool) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		if other := t.Package.Types[expr.Name]; other != nil {
			return m.made(other, seen)
		}
		if expr.Name == "any" || expr.Name == "error" {
			return "it is an interface: " + expr.Name
		}
		return ""
	case *ast.SelectorExpr:
		if other := m.resolve(t.File, expr); other != nil {
			return m.made(other, seen)
		}
		return outside(t.File.importOf(expr), expr.Sel.Name)
	case *ast.StarExpr:
		return m.part(t, expr.X, seen)
	case *ast.ParenExpr:
		return m.part(t, expr.X, seen)
	case *ast.ArrayType:
		return m.part(t, expr.Elt, seen)
	case *ast.MapType:
		return m.part(t, expr.Key, seen) + m.part(t, expr.Value, seen)
	case *ast.IndexExpr:
		return m.part(t, expr.X, seen) + m.part(t, expr.Index, seen)
	case *ast.StructType:
		return m.fields(t, expr, seen)
	}
	return "it is a " + kind(expr)
}

// fields says what in a struct is not data, with the way to it, or "".
func (m *Module) fields(t *Type, s *ast.StructType, seen map[*Type]bool) string {
	for _, f := range s.Fields.List {
		why := m.part(t, f.Type, seen)
		if why == "" {
			continue
		}
		name := baseName(f.Type)
		if len(f.Names) > 0 {
			name = f.Names[0].Name
		}
		return name + ": " + strings.TrimPrefix(why, "it is ")
	}
	return ""
}

// kind names what is not data.
func kind(expr ast.Expr) string {
	switch expr.(type) {
	case *ast.FuncType:
		return "function"
	case *ast.ChanType:
		return "channel"
	}
	return "interface"
}

// outside says that a type of another module or of the standard library is not known to be data, or "".
func outside(pkg, name string) string {
	known := map[string][]string{
		"time": {"Time", "Duration", "Month", "Weekday"}, "io/fs": {"FileMode"}, "os": {"FileMode"},
		"encoding/json": {"RawMessage", "Number"}, "net/netip": {"Addr", "AddrPort", "Prefix"}, "syscall": {"Stat_t"},
	}
	if slices.Contains(known[pkg], name) {
		return ""
	}
	return "it is a " + path.Base(pkg) + "." + name
}

// sets reports whether a method assigns to what its receiver points to. What it does to a copy changes nothing.
func (f *Func) sets() bool {
	receiver := f.node.Recv.List[0]
	if _, pointer := receiver.Type.(*ast.StarExpr); !pointer || len(receiver.Names) == 0 || f.node.Body == nil {
		return false
	}
	name := receiver.Names[0].Name
	found := false
	ast.Inspect(f.node.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			found = found || slices.ContainsFunc(n.Lhs, func(e ast.Expr) bool { return within(e, name) })
		case *ast.IncDecStmt:
			found = found || within(n.X, name)
		}
		return !found
	})
	return found
}

// within reports whether an expression is something inside a variable: v.x, v.x[i], *v.
func within(expr ast.Expr, name string) bool {
	var inner ast.Expr
	switch expr := expr.(type) {
	case *ast.SelectorExpr:
		inner = expr.X
	case *ast.IndexExpr:
		inner = expr.X
	case *ast.StarExpr:
		inner = expr.X
	case *ast.ParenExpr:
		inner = expr.X
	default:
		return false
	}
	id, ok := inner.(*ast.Ident)
	return ok && id.Name == name || within(inner, name)
}
