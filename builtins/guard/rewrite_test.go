package guard_test

import (
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/guard"
)

// show writes an expression so that calls of guarded names can be told from others.
func show(e syntax.Expr) string {
	list := func(es []syntax.Expr) string {
		parts := make([]string, len(es))
		for i, e := range es {
			parts[i] = show(e)
		}
		return strings.Join(parts, ", ")
	}
	switch e := e.(type) {
	case *syntax.Ident:
		return e.Name
	case *syntax.Literal:
		return e.Raw
	case *syntax.ParenExpr:
		return "(" + show(e.X) + ")"
	case *syntax.TupleExpr:
		return "(" + list(e.List) + ")"
	case *syntax.ListExpr:
		return "[" + list(e.List) + "]"
	case *syntax.UnaryExpr:
		return e.Op.String() + show(e.X)
	case *syntax.BinaryExpr:
		return show(e.X) + " " + e.Op.String() + " " + show(e.Y)
	case *syntax.CallExpr:
		return show(e.Fn) + "(" + list(e.Args) + ")"
	case *syntax.DotExpr:
		return show(e.X) + "." + e.Name.Name
	case *syntax.IndexExpr:
		return show(e.X) + "[" + show(e.Y) + "]"
	case *syntax.DictExpr:
		return "{" + list(e.List) + "}"
	case *syntax.DictEntry:
		return show(e.Key) + ": " + show(e.Value)
	}
	return "?"
}

func TestRewrite(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"a sum", `a + b`, `+(a, b)`},
		{"a sum of constants", `"a" + "b" + "c"`, `"a" + "b" + "c"`},
		{"a sum with a number", `a + 1`, `a + 1`},
		{"a product", `a * b`, `*(.text(a), .text(b))`},
		{"a difference", `a - b`, `a - b`},
		{"a comparison", `a == b`, `.equal(a, b)`},
		{"not equal", `a != b`, `.not(.equal(a, b))`},
		{"an order", `a < "b"`, `.text(a) < "b"`},
		{"in", `a in b`, `.in(a, b)`},
		{"not in", `a not in b`, `.not(.in(a, b))`},
		{"an index", `a[b]`, `.text(a)[.key(b)]`},
		{"a constant index", `a[0]`, `.text(a)[0]`},
		{"a dict", `{a: b + c}`, `{.key(a): +(b, c)}`},
		{"a method", `a.split(b)`, `.split(.text(a), b)`},
		{"a method that is not called", `a.split`, `.(.text(a), "split")`},
		{"a field", `a.b.c`, `.(.(a, "b"), "c")`},
		{"a field of what is looked for by name", `host.vars.app.user`, `.(.(host.vars, "app"), "user")`},
		{"a call of a field", `a.b.c()`, `.(a, "b").c()`},
		{"a field in place", `a.b.c += d`, `.(a, "b").c += +=((), d)`},
		{"a method of keys", `a.get(b)`, `.get(a, b)`},
		{"join", `a.join(b)`, `.joined(a, b)`},
		{"join with more", `a.join(*b)`, `.join(a, *b)`},
		{"a function that looks into text", `len(a)`, `len(.text(a))`},
		{"another function", `f(a, b = c + d)`, `f(a, b = +(c, d))`},
		{"what is looked for by name", `vars.get(vars["a"])`, `vars.get(vars["a"])`},
		{"within what is guarded", `len(a + b) == c[d * e]`, `.equal(len(.text(+(a, b))), .text(c)[.key(*(.text(d), .text(e)))])`},
		{"in place", `a += b`, `a += +=(a, b)`},
		{"an element in place", `a[b] += c`, `.text(a)[.key(b)] += +=(.text(a)[.key(b)], c)`},
		{"an element that is computed, in place", `a[f()] += b`, `.text(a)[.key(f())] += +=((), b)`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file, err := new(syntax.FileOptions).Parse("t.star", test.code, 0)
			if err != nil {
				t.Fatal(err)
			}
			guard.Rewrite(file)
			var got string
			switch s := file.Stmts[0].(type) {
			case *syntax.ExprStmt:
				got = show(s.X)
			case *syntax.AssignStmt:
				got = show(s.LHS) + " " + s.Op.String() + " " + show(s.RHS)
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestPredeclared: a guarded name is one that no file can spell, or replaces one of Starlark's own.
func TestPredeclared(t *testing.T) {
	for name := range guard.Predeclared() {
		if guard.IsName(name) != starlark.Universe.Has(name) {
			t.Errorf("%s: a file can spell it: %t; Starlark has it: %t", name, guard.IsName(name), starlark.Universe.Has(name))
		}
	}
}
