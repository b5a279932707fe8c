package program

import (
	"maps"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// funcScope is what has a frame of its own when it runs: a template, a block, a macro, a recursive loop.
type funcScope struct{ slots int }

// origin is where a variable's value comes from when its part of the template begins.
type origin uint8

const (
	unset   origin = iota // it has none until it is set
	outside               // the context: what the template was given, or what another part exports
	outer                 // the variable of that name in an enclosing part
)

// scope are the variables of a part of a template. A loop's body, a with and a macro have scopes of their own; if has
// none. A name belongs to the first part that mentions it, and is looked up once each time that part begins, as in
// Jinja: a list that was given and is changed stays changed until then.
type scope struct {
	up    *scope
	fn    *funcScope
	slots map[string]int
	order []int
	top   bool // the template's own, whose variables others see
	open  bool // a loop or with of the template's own scope: what it writes is the template's own text
	names
}

// names is what is known of the names of a scope, or of one branch in it.
type names struct {
	origins map[string]origin
	stores  map[string]bool
}

func newScope(up *scope, fn *funcScope) *scope {
	return &scope{up: up, fn: fn, slots: map[string]int{}, names: names{map[string]origin{}, map[string]bool{}}}
}

// declare makes a name a variable that is set when its scope begins.
func (s *scope) declare(name string) int {
	s.origins[name], s.stores[name] = unset, true
	return s.slot(name)
}

// slot returns the slot of a name, which it gets if it has none.
func (s *scope) slot(name string) int {
	i, ok := s.slots[name]
	if !ok {
		i = s.fn.slots
		s.fn.slots++
		s.slots[name] = i
		s.order = append(s.order, i)
	}
	return i
}

// known reports whether a name is known in the scope or around it.
func (s *scope) known(name string) bool {
	for ; s != nil; s = s.up {
		if _, ok := s.origins[name]; ok {
			return true
		}
	}
	return false
}

// load is told that a name is read.
func (s *scope) load(name string) {
	if !s.known(name) {
		s.origins[name] = outside
		s.slot(name)
	}
}

// store is told that a name is set.
func (s *scope) store(name string) {
	s.stores[name] = true
	s.slot(name)
	if _, ok := s.origins[name]; ok {
		return
	}
	s.origins[name] = unset
	if s.up != nil && s.up.known(name) {
		s.origins[name] = outer
	}
}

// branches looks at parts of which one runs at most. What is set in some of them only keeps its value in the others.
func (s *scope) branches(parts ...func()) {
	before := s.names
	count := map[string]int{}
	after := names{maps.Clone(before.origins), maps.Clone(before.stores)}
	for _, part := range parts {
		s.names = names{maps.Clone(before.origins), maps.Clone(before.stores)}
		part()
		for name := range s.stores {
			if !before.stores[name] {
				count[name]++
			}
		}
		maps.Copy(after.origins, s.origins)
		maps.Copy(after.stores, s.stores)
	}
	s.names = after
	for name, n := range count {
		if n == len(parts) {
			continue
		}
		s.origins[name] = outside
		if s.up != nil && s.up.known(name) {
			s.origins[name] = outer
		}
	}
}

// analyze tells the scope of the names in statements that belong to it.
func (s *scope) analyze(body []syntax.Stmt) {
	for _, stmt := range body {
		s.statement(stmt)
	}
}

func (s *scope) statement(stmt syntax.Stmt) {
	switch stmt := stmt.(type) {
	case *syntax.Print:
		s.reads(stmt.X)
	case *syntax.Do:
		s.reads(stmt.X)
	case *syntax.Set:
		s.reads(stmt.Value)
		s.target(stmt.Target)
	case *syntax.SetBlock:
		s.target(stmt.Target)
		s.reads(stmt.Filter)
	case *syntax.Macro:
		s.store(stmt.Name)
	case *syntax.Include:
		s.reads(stmt.Template)
	case *syntax.Extends:
		s.reads(stmt.Template)
	case *syntax.Import:
		s.reads(stmt.Template)
		s.store(stmt.Target)
	case *syntax.FromImport:
		s.reads(stmt.Template)
		for _, n := range stmt.Names {
			s.store(n.As)
		}
	case *syntax.For:
		s.reads(stmt.Iter)
	case *syntax.With:
		for _, v := range stmt.Values {
			s.reads(v)
		}
	case *syntax.CallBlock:
		s.reads(stmt.Call)
	case *syntax.FilterBlock:
		s.reads(stmt.Filter)
	case *syntax.If:
		s.condition(stmt.Branches, stmt.Else)
	}
}

func (s *scope) condition(branches []syntax.Branch, otherwise []syntax.Stmt) {
	s.reads(branches[0].Cond)
	s.branches(
		func() { s.analyze(branches[0].Body) },
		func() {
			for i := range branches[1:] {
				s.condition(branches[i+1:i+2], nil)
			}
		},
		func() { s.analyze(otherwise) },
	)
}

// reads tells of the names in an expression.
func (s *scope) reads(x syntax.Expr) {
	if x == nil {
		return
	}
	syntax.Walk(x, func(n syntax.Node) bool {
		if n, ok := n.(*syntax.Name); ok {
			s.load(n.Name)
		}
		return true
	})
}

// target tells of the names that are assigned to.
func (s *scope) target(x syntax.Expr) {
	switch x := x.(type) {
	case *syntax.Name:
		s.store(x.Name)
	case *syntax.Field:
		s.load(x.Object)
	case *syntax.Tuple:
		for _, item := range x.Items {
			s.target(item)
		}
	}
}

// declareTarget makes the names of a target variables of the scope.
func (s *scope) declareTarget(x syntax.Expr) {
	switch x := x.(type) {
	case *syntax.Name:
		s.declare(x.Name)
	case *syntax.Tuple:
		for _, item := range x.Items {
			s.declareTarget(item)
		}
	}
}

// reset begins a scope anew.
func (s *scope) reset(fr *frame) {
	for _, slot := range s.order {
		fr.slots[slot] = nil
	}
}

// slotRef is a slot of a frame, or of one around it.
type slotRef struct{ up, slot int }

func (r slotRef) frame(fr *frame) *frame {
	for range r.up {
		fr = fr.up
	}
	return fr
}

func (r slotRef) get(fr *frame) py.Value { return r.frame(fr).slots[r.slot] }

// find returns the slots that a name's value may be in, the innermost first, and where the last of them is filled from.
func (s *scope) find(name string) (refs []slotRef, from origin) {
	up := 0
	for ; s != nil; s = s.up {
		if o, ok := s.origins[name]; ok {
			refs = append(refs, slotRef{up, s.slots[name]})
			if from = o; from != outer {
				return refs, from
			}
		}
		if s.up != nil && s.up.fn != s.fn {
			up++
		}
	}
	return refs, outside
}

// visible returns the slots of all names that are set in the scope or around it, for templates that are included.
func (s *scope) visible() map[string][]slotRef {
	out := map[string][]slotRef{}
	for at := s; at != nil; at = at.up {
		for name := range at.stores {
			if _, ok := out[name]; !ok {
				out[name], _ = s.find(name)
			}
		}
	}
	return out
}
