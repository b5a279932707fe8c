package guard

import (
	"slices"
	"strconv"

	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// dot rewrites x.name, where that is not called: of a dict it may be a key.
func dot(e *syntax.DotExpr) syntax.Expr {
	e.X = receiver(e)
	if isHeld(e.X) {
		return e
	}
	name := &syntax.Literal{Token: syntax.STRING, TokenPos: e.NamePos, Raw: strconv.Quote(e.Name.Name), Value: e.Name.Name}
	return call(attrName, e.Dot, e.X, name)
}

// Field tells x.name from other calls of a rewritten file; name is "" of these.
func Field(e *syntax.CallExpr) (x syntax.Expr, name string) {
	fn, ok := e.Fn.(*syntax.Ident)
	if !ok || fn.Name != attrName {
		return nil, ""
	}
	return e.Args[0], e.Args[1].(*syntax.Literal).Value.(string)
}

// receiver is expr for the value that an attribute is taken of.
func receiver(e *syntax.DotExpr) syntax.Expr {
	if slices.Contains(textMethods, e.Name.Name) {
		return asText(e.X)
	}
	return expr(e.X)
}

// callExpr rewrites a call: its arguments, and a method that is guarded.
func callExpr(e *syntax.CallExpr) syntax.Expr {
	switch fn := e.Fn.(type) {
	case *syntax.DotExpr:
		return callMethodExpr(e, fn)
	case *syntax.Ident:
		args(e.Args, slices.Contains(textFunctions, fn.Name))
	default:
		e.Fn = expr(e.Fn)
		args(e.Args, false)
	}
	return e
}

// callMethodExpr rewrites x.name(...).
func callMethodExpr(e *syntax.CallExpr, fn *syntax.DotExpr) syntax.Expr {
	if fn.Name.Name == "join" && len(e.Args) == 1 && argument(e.Args[0]) == nil {
		return call(joinedName, e.Lparen, expr(fn.X), expr(e.Args[0]))
	}
	fn.X = receiver(fn)
	args(e.Args, false)
	if !bounds.IsMethod(fn.Name.Name) || isHeld(fn.X) {
		return e
	}
	e.Fn = &syntax.Ident{NamePos: fn.Dot, Name: "." + fn.Name.Name}
	e.Args = append([]syntax.Expr{fn.X}, e.Args...)
	return e
}

// args rewrites the arguments of a call; looked says that the function looks into text.
func args(list []syntax.Expr, looked bool) {
	for i, arg := range list {
		switch value := argument(arg); {
		case value != nil:
			*value = expr(*value)
		case looked:
			list[i] = asText(arg)
		default:
			list[i] = expr(arg)
		}
	}
}

// argument returns the value of an argument that is name = value, *list or
// **dict; of others it returns nil.
func argument(e syntax.Expr) *syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		if e.Op == syntax.EQ {
			return &e.Y
		}
	case *syntax.UnaryExpr:
		if e.Op == syntax.STAR || e.Op == syntax.STARSTAR {
			return &e.X
		}
	}
	return nil
}
