package program

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// loop is the variable of that name.
type loop struct {
	next    py.Iterator
	source  py.Value // what is gone over; nil where a condition selects from it
	index0  int
	depth0  int
	after   py.Value // the next element, if it was looked at
	ended   bool     // there is no next element
	current py.Value
	before  py.Value
	length  int // -1 while it is not known
	changed []py.Value
	seen    bool // changed was called
	recurse recursion
}

// recursion renders a loop's body for the elements of a value, one level deeper.
type recursion func(r *run, depth int, v py.Value) (py.Value, error)

func (l *loop) String() string        { return "loop" }
func (l *loop) Type() string          { return "LoopContext" }
func (l *loop) Freeze()               {}
func (l *loop) Truth() starlark.Bool  { n, _ := l.len(); return n > 0 }
func (l *loop) Hash() (uint32, error) { return 0, py.Errorf("unhashable type: 'LoopContext'") }

// Text is refused: it would say nothing of what is looped over.
func (l *loop) Text() (string, error) {
	return "", py.Errorf("loop has no text; print loop.index or another of its attributes")
}

// peek looks at the next element.
func (l *loop) peek() (py.Value, bool, error) {
	if l.after != nil || l.ended {
		return l.after, !l.ended, nil
	}
	v, ok, err := l.next()
	if err != nil {
		return nil, false, err
	}
	l.after, l.ended = v, !ok
	return v, ok, nil
}

// advance goes to the next element.
func (l *loop) advance() (py.Value, bool, error) {
	v, ok, err := l.peek()
	if err != nil || !ok {
		return nil, false, err
	}
	l.after = nil
	l.index0++
	l.before, l.current = l.current, v
	return v, true, nil
}

// len is how many elements there are. Where that is not known, all are read.
func (l *loop) len() (int, error) {
	if l.length >= 0 {
		return l.length, nil
	}
	if l.source != nil {
		if n, ok := py.Len(l.source); ok {
			l.length = n
			return n, nil
		}
	}
	var rest []py.Value
	if l.after != nil {
		rest = append(rest, l.after)
	}
	for !l.ended {
		v, ok, err := l.next()
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		rest = append(rest, v)
	}
	i := 0
	l.after, l.ended = nil, false
	l.next = func() (py.Value, bool, error) {
		if i >= len(rest) {
			return nil, false, nil
		}
		i++
		return rest[i-1], true, nil
	}
	l.length = len(rest) + l.index0 + 1
	return l.length, nil
}

// Get returns an attribute of loop.
func (l *loop) Get(name string) (py.Value, error) {
	switch name {
	case "index":
		return starlark.MakeInt(l.index0 + 1), nil
	case "index0":
		return starlark.MakeInt(l.index0), nil
	case "first":
		return starlark.Bool(l.index0 == 0), nil
	case "depth":
		return starlark.MakeInt(l.depth0 + 1), nil
	case "depth0":
		return starlark.MakeInt(l.depth0), nil
	case "length", "revindex", "revindex0":
		n, err := l.len()
		switch name {
		case "revindex":
			n -= l.index0
		case "revindex0":
			n -= l.index0 + 1
		}
		return starlark.MakeInt(n), err
	case "last":
		_, more, err := l.peek()
		return starlark.Bool(!more), err
	case "previtem":
		if l.index0 == 0 {
			return &py.Undefined{Name: name, Hint: "there is no previous item"}, nil
		}
		return l.before, nil
	case "nextitem":
		v, more, err := l.peek()
		if !more || err != nil {
			return &py.Undefined{Name: name, Hint: "there is no next item"}, err
		}
		return v, nil
	case "cycle":
		return &callable{name: "loop.cycle", call: l.cycle}, nil
	case "changed":
		return &callable{name: "loop.changed", call: l.isChanged}, nil
	}
	return nil, nil
}

func (l *loop) cycle(a py.Args) (py.Value, error) {
	if len(a.Positional) == 0 {
		return nil, py.Errorf("no items for cycling given")
	}
	return a.Positional[l.index0%len(a.Positional)], nil
}

func (l *loop) isChanged(a py.Args) (py.Value, error) {
	same, err := py.Equal(starlark.Tuple(l.changed), starlark.Tuple(a.Positional))
	if err != nil {
		return nil, err
	}
	changed := !l.seen || !same
	l.seen, l.changed = true, a.Positional
	return starlark.Bool(changed), nil
}

// invoke is loop(x): the loop's body for the elements of x.
func (l *loop) invoke(r *run, a py.Args) (py.Value, error) {
	if l.recurse == nil {
		return nil, py.Errorf("the loop is called, but it is not marked as recursive")
	}
	b, err := py.Params("iterable").Bind("loop", a)
	if err != nil {
		return nil, err
	}
	return l.recurse(r, l.depth0+1, b.Values[0])
}

// callable is a function of the engine's own values.
type callable struct {
	name string
	call func(a py.Args) (py.Value, error)
}

func (c *callable) String() string                   { return c.name }
func (c *callable) Type() string                     { return "method" }
func (c *callable) Freeze()                          {}
func (c *callable) Truth() starlark.Bool             { return true }
func (c *callable) Hash() (uint32, error)            { return 0, py.Errorf("unhashable type: 'method'") }
func (c *callable) Call(a py.Args) (py.Value, error) { return c.call(a) }
func (c *callable) Text() (string, error)            { return "", py.Errorf("%s has to be called", c.name) }

// loop compiles a for.
func compileLoop(c *compiler, s *scope, x *syntax.For) exec {
	iter := c.expr(s, x.Iter)
	if !x.Recursive {
		iterate := compileIteration(c, s, x)
		return func(fr *frame, w *writer) error {
			v, err := iter(fr)
			if err != nil {
				return err
			}
			return iterate(fr, w, v, 0, nil)
		}
	}
	fn := &funcScope{}
	iterate := compileIteration(c, newScope(s, fn), x)
	var recurse func(outer *frame) recursion
	recurse = func(outer *frame) recursion {
		return func(r *run, depth int, v py.Value) (py.Value, error) {
			if err := r.enter(); err != nil {
				return nil, err
			}
			defer func() { r.depth-- }()
			w := &writer{}
			fr := &frame{slots: make([]py.Value, fn.slots), up: outer, run: r, ctx: outer.ctx, unit: outer.unit}
			err := iterate(fr, w, v, depth, recurse(outer))
			return starlark.String(w.buf), err
		}
	}
	return func(fr *frame, w *writer) error {
		v, err := iter(fr)
		if err != nil {
			return err
		}
		text, err := recurse(fr)(fr.run, 0, v)
		if err != nil {
			return err
		}
		return write(w, text)
	}
}

// iteration compiles a loop's body, which runs for the elements of a value.
func compileIteration(c *compiler, s *scope, x *syntax.For) func(fr *frame, w *writer, v py.Value, depth int, recurse recursion) error {
	own := newScope(s, s.fn)
	own.open = (s.top || s.open) && !x.Recursive
	loopSlot := -1
	if x.Recursive || mentionsLoop(x.Body) {
		loopSlot = own.declare("loop")
	}
	own.declareTarget(x.Target)
	own.analyze(x.Body)
	// The condition sees the loop's variables, but not those of its body.
	selected := newScope(s, s.fn)
	selected.declareTarget(x.Target)
	if x.Cond != nil {
		selected.reads(x.Cond)
	}
	var cond eval
	setCond := c.assign(selected, x.Target)
	if x.Cond != nil {
		cond = c.checked(x.Cond.Place(), truth(c.expr(selected, x.Cond)))
	}
	set := c.assign(own, x.Target)
	if assigns(x.Target, "loop") {
		c.fail(x.Pos, "loop cannot be the variable of a loop")
	}
	body := c.body(own, x.Body)
	other := newScope(s, s.fn)
	other.open = own.open
	other.analyze(x.Else)
	without := c.body(other, x.Else)
	prog := c.prog
	return func(fr *frame, w *writer, v py.Value, depth int, recurse recursion) error {
		next, err := py.Iterate(v)
		if err != nil {
			return prog.at(x.Iter.Place(), err)
		}
		selected.reset(fr)
		l := &loop{next: next, source: v, index0: -1, depth0: depth, length: -1, recurse: recurse}
		if cond != nil {
			l.source = nil
			l.next = func() (py.Value, bool, error) {
				for {
					item, ok, err := next()
					if err != nil || !ok {
						return nil, false, err
					}
					if err := fr.run.Run.Step(1); err != nil {
						return nil, false, err
					}
					if err := setCond(fr, item); err != nil {
						return nil, false, err
					}
					yes, err := cond(fr)
					if err != nil {
						return nil, false, err
					}
					if yes == starlark.True {
						return repacked(x.Target, item), true, nil
					}
				}
			}
		}
		whole := false // whether the body came to its end for some element: else asks for that, as in Jinja
		for {
			item, ok, err := l.advance()
			if err != nil {
				return prog.at(x.Iter.Place(), err)
			}
			if !ok {
				break
			}
			if err := fr.run.Run.Step(1); err != nil {
				return prog.at(x.Pos, err)
			}
			own.reset(fr)
			if loopSlot >= 0 {
				fr.slots[loopSlot] = l
			}
			if err := set(fr, item); err != nil {
				return prog.at(x.Pos, err)
			}
			if err := body(fr, w); err != nil {
				if err == breakLoop { //nolint:errorlint // never wrapped
					break
				}
				if err != continueLoop { //nolint:errorlint // never wrapped
					return err
				}
				continue
			}
			whole = true
		}
		if !whole {
			other.reset(fr)
			return without(fr, w)
		}
		return nil
	}
}

// assigns reports whether a target has a name.
func assigns(target syntax.Expr, name string) bool {
	switch x := target.(type) {
	case *syntax.Name:
		return x.Name == name
	case *syntax.Tuple:
		return slices.ContainsFunc(x.Items, func(item syntax.Expr) bool { return assigns(item, name) })
	}
	return false
}

// repacked is an element as a condition passes it on: what several variables took is a tuple.
func repacked(target syntax.Expr, item py.Value) py.Value {
	t, ok := target.(*syntax.Tuple)
	if !ok {
		return item
	}
	items, err := py.Elements(item)
	if err != nil || len(items) != len(t.Items) {
		return item
	}
	out := make(starlark.Tuple, len(items))
	for i := range items {
		out[i] = repacked(t.Items[i], items[i])
	}
	return out
}
