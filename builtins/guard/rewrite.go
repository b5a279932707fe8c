package guard

import (
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/bounds"
)

// Rewrite turns what is guarded in a parsed file into calls of the names of
// Predeclared, before its names are resolved. Places stay as they are: an error
// of x + y is at its operator, one of x.join(y) at its parenthesis.
func Rewrite(file *syntax.File) { stmts(file.Stmts) }

func stmts(list []syntax.Stmt) {
	for _, s := range list {
		stmt(s)
	}
}

func stmt(s syntax.Stmt) {
	switch s := s.(type) {
	case *syntax.AssignStmt:
		assign(s)
	case *syntax.DefStmt:
		params(s.Params)
		stmts(s.Body)
	case *syntax.ExprStmt:
		s.X = expr(s.X)
	case *syntax.ForStmt:
		s.Vars, s.X = expr(s.Vars), expr(s.X)
		stmts(s.Body)
	case *syntax.WhileStmt:
		s.Cond = expr(s.Cond)
		stmts(s.Body)
	case *syntax.IfStmt:
		s.Cond = expr(s.Cond)
		stmts(s.True)
		stmts(s.False)
	case *syntax.ReturnStmt:
		s.Result = expr(s.Result)
	}
}

// params rewrites default values; a parameter is name or name=value.
func params(list []syntax.Expr) {
	for _, p := range list {
		if def, ok := p.(*syntax.BinaryExpr); ok {
			def.Y = expr(def.Y)
		}
	}
}

func assign(s *syntax.AssignStmt) {
	if field, ok := s.LHS.(*syntax.DotExpr); ok { // which nothing has; Starlark says so
		field.X = expr(field.X)
	} else {
		s.LHS = expr(s.LHS)
	}
	s.RHS = expr(s.RHS)
	name := s.Op.String()
	number := isNumber(s.RHS) && (s.Op == syntax.PLUS_EQ || s.Op == syntax.PERCENT_EQ)
	if s.Op == syntax.EQ || bounds.Operators[trimEqual(name)] == 0 || number {
		return
	}
	left := again(s.LHS)
	if left == nil {
		left = &syntax.TupleExpr{Lparen: s.OpPos, Rparen: s.OpPos} // not known without evaluating it twice
	}
	s.RHS = call(name, s.OpPos, left, s.RHS)
}

func trimEqual(op string) string { return op[:len(op)-1] }

// again copies a rewritten expression that may be evaluated twice, or returns nil.
func again(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return again(e.X)
	case *syntax.Ident:
		return &syntax.Ident{NamePos: e.NamePos, Name: e.Name}
	case *syntax.Literal:
		return e
	case *syntax.CallExpr:
		if fn, ok := e.Fn.(*syntax.Ident); ok && (fn.Name == textName || fn.Name == keyName) {
			if x := again(e.Args[0]); x != nil {
				return call(fn.Name, fn.NamePos, x)
			}
		}
	case *syntax.IndexExpr:
		x, y := again(e.X), again(e.Y)
		if x == nil || y == nil {
			return nil
		}
		return &syntax.IndexExpr{X: x, Lbrack: e.Lbrack, Y: y, Rbrack: e.Rbrack}
	}
	return nil
}

func exprs(list []syntax.Expr) {
	for i := range list {
		list[i] = expr(list[i])
	}
}

// expr returns what stands for an expression.
func expr(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.BinaryExpr:
		return binary(e)
	case *syntax.CallExpr:
		return callExpr(e)
	case *syntax.Comprehension:
		e.Body = expr(e.Body)
		for _, c := range e.Clauses {
			switch c := c.(type) {
			case *syntax.ForClause:
				c.Vars, c.X = expr(c.Vars), expr(c.X)
			case *syntax.IfClause:
				c.Cond = expr(c.Cond)
			}
		}
	case *syntax.CondExpr:
		e.Cond, e.True, e.False = expr(e.Cond), expr(e.True), expr(e.False)
	case *syntax.DictEntry:
		e.Key, e.Value = asKey(e.Key), expr(e.Value)
	case *syntax.DictExpr:
		exprs(e.List)
	case *syntax.DotExpr:
		return dot(e)
	case *syntax.IndexExpr:
		e.X, e.Y = asText(e.X), asKey(e.Y)
	case *syntax.LambdaExpr:
		params(e.Params)
		e.Body = expr(e.Body)
	case *syntax.ListExpr:
		exprs(e.List)
	case *syntax.ParenExpr:
		e.X = expr(e.X)
	case *syntax.SliceExpr:
		e.X, e.Lo, e.Hi, e.Step = asText(e.X), expr(e.Lo), expr(e.Hi), expr(e.Step)
	case *syntax.TupleExpr:
		exprs(e.List)
	case *syntax.UnaryExpr:
		e.X = expr(e.X)
	}
	return e
}

// asText is expr for what is looked into: the answer must not depend on a secret's marker.
func asText(e syntax.Expr) syntax.Expr {
	switch e := e.(type) {
	case *syntax.Literal, *syntax.ListExpr, *syntax.DictExpr, *syntax.UnaryExpr:
		return expr(e)
	case *syntax.BinaryExpr:
		switch e.Op { // the others give no text
		case syntax.PLUS, syntax.PERCENT, syntax.AND, syntax.OR:
		default:
			return expr(e)
		}
	case *syntax.Ident:
		if isHeld(e) {
			return e
		}
	}
	return call(textName, syntax.Start(e), expr(e))
}

// asKey is expr for a key of a dict or an index of a list.
func asKey(e syntax.Expr) syntax.Expr {
	if _, ok := e.(*syntax.Literal); ok {
		return e
	}
	return call(keyName, syntax.Start(e), expr(e))
}

// isHeld reports whether an expression is one of the values that runtime/script
// looks for by name. They are no text, and have none of the guarded methods.
func isHeld(e syntax.Expr) bool {
	x, ok := e.(*syntax.Ident)
	return ok && (x.Name == "vars" || x.Name == "host")
}

func binary(e *syntax.BinaryExpr) syntax.Expr {
	switch e.Op {
	case syntax.EQL:
		return call(equalName, e.OpPos, expr(e.X), expr(e.Y))
	case syntax.NEQ:
		return call(notName, e.OpPos, call(equalName, e.OpPos, expr(e.X), expr(e.Y)))
	case syntax.IN:
		return call(inName, e.OpPos, expr(e.X), expr(e.Y))
	case syntax.NOT_IN:
		return call(notName, e.OpPos, call(inName, e.OpPos, expr(e.X), expr(e.Y)))
	case syntax.LT, syntax.GT, syntax.LE, syntax.GE, syntax.STAR:
		e.X, e.Y = asText(e.X), asText(e.Y)
	default:
		e.X, e.Y = expr(e.X), expr(e.Y)
	}
	if name := e.Op.String(); bounds.Operators[name] == e.Op && !isSmall(e) {
		return call(name, e.OpPos, e.X, e.Y)
	}
	return e
}

// isSmall reports whether the result of a rewritten expression cannot be too large, or is an error.
func isSmall(e *syntax.BinaryExpr) bool {
	switch e.Op {
	case syntax.PLUS: // the compiler adds constants up, and numbers need more than one addition
		return isConstant(e.X) && isConstant(e.Y) || isNumber(e.X) || isNumber(e.Y)
	case syntax.PERCENT:
		return isNumber(e.X) || isNumber(e.Y)
	case syntax.STAR:
		return isNumber(e.X) && isNumber(e.Y)
	}
	return false
}

func isNumber(e syntax.Expr) bool {
	l, ok := e.(*syntax.Literal)
	return ok && (l.Token == syntax.INT || l.Token == syntax.FLOAT)
}

// isConstant reports whether a rewritten expression is a text, or a sum of
// some: any other sum of texts has become a call, and one of numbers has a number in it.
func isConstant(e syntax.Expr) bool {
	switch e := e.(type) {
	case *syntax.ParenExpr:
		return isConstant(e.X)
	case *syntax.Literal:
		return e.Token == syntax.STRING || e.Token == syntax.BYTES
	case *syntax.BinaryExpr:
		return e.Op == syntax.PLUS && !isNumber(e.Y) && isConstant(e.Y)
	}
	return false
}
