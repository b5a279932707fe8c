package syntax

// Walk calls visit for a node and, as long as that returns true, for what is in it. A node is a Stmt or an Expr.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	for _, child := range children(n) {
		Walk(child, visit)
	}
}

// WalkAll walks over statements.
func WalkAll(stmts []Stmt, visit func(Node) bool) {
	for _, s := range stmts {
		Walk(s, visit)
	}
}

// list collects nodes, leaving out those that are not there.
type list []Node

func (l list) exprs(xs ...Expr) list {
	for _, x := range xs {
		if x != nil {
			l = append(l, x)
		}
	}
	return l
}

func (l list) stmts(stmts []Stmt) list {
	for _, s := range stmts {
		l = append(l, s)
	}
	return l
}

func (l list) args(a Args) list {
	l = l.exprs(a.Positional...)
	for _, n := range a.Named {
		l = l.exprs(n.Value)
	}
	return l.exprs(a.Star, a.Kwargs)
}

// children are the nodes directly in another.
func children(n Node) list {
	var l list
	switch n := n.(type) {
	case Stmt:
		return statementChildren(n)
	case *Tuple:
		return l.exprs(n.Items...)
	case *List:
		return l.exprs(n.Items...)
	case *Dict:
		return l.exprs(n.Keys...).exprs(n.Values...)
	case *Attr:
		return l.exprs(n.X)
	case *Index:
		return l.exprs(n.X, n.Key)
	case *Slice:
		return l.exprs(n.Lo, n.Hi, n.Step)
	case *Call:
		return l.exprs(n.Func).args(n.Args)
	case *Filter:
		return l.exprs(n.X).args(n.Args)
	case *Test:
		return l.exprs(n.X).args(n.Args)
	case *Unary:
		return l.exprs(n.X)
	case *Binary:
		return l.exprs(n.X, n.Y)
	case *Concat:
		return l.exprs(n.Items...)
	case *Compare:
		return l.exprs(n.X).exprs(n.Rest...)
	case *Cond:
		return l.exprs(n.Test, n.Then, n.Else)
	}
	return nil
}

func statementChildren(s Stmt) list {
	var l list
	switch s := s.(type) {
	case *Print:
		return l.exprs(s.X)
	case *Set:
		return l.exprs(s.Target, s.Value)
	case *SetBlock:
		return l.exprs(s.Target, s.Filter).stmts(s.Body)
	case *For:
		return l.exprs(s.Target, s.Iter, s.Cond).stmts(s.Body).stmts(s.Else)
	case *If:
		for _, b := range s.Branches {
			l = l.exprs(b.Cond).stmts(b.Body)
		}
		return l.stmts(s.Else)
	case *With:
		return l.exprs(s.Targets...).exprs(s.Values...).stmts(s.Body)
	case *Block:
		return l.stmts(s.Body)
	case *Extends:
		return l.exprs(s.Template)
	case *Include:
		return l.exprs(s.Template)
	case *Import:
		return l.exprs(s.Template)
	case *FromImport:
		return l.exprs(s.Template)
	case *Macro:
		return l.exprs(s.Defaults...).stmts(s.Body)
	case *CallBlock:
		return append(l.exprs(s.Defaults...), s.Call).stmts(s.Body)
	case *FilterBlock:
		return l.exprs(s.Filter).stmts(s.Body)
	case *Do:
		return l.exprs(s.X)
	case *Scope:
		return l.stmts(s.Body)
	}
	return nil
}
