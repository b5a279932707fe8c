// Package capture answers what a function can reach: the values behind its
// free variables, its parameter defaults and the globals it names, followed
// through containers and further functions. From this the edges of lazy
// values are found, and variables that change behind a function's back.
//
// It imports the Starlark library only.
package capture

import (
	"reflect"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// Container is a value of ours that holds others.
type Container interface {
	Parts() []starlark.Value
}

// Globals names the globals that a function's body uses, and reports false
// where they need not be followed.
type Globals func(fn *starlark.Function) ([]string, bool)

// Var is one captured variable as it was at some moment.
type Var struct {
	Func  *starlark.Function
	Name  string
	Value starlark.Value // nil: not assigned yet

	free int // index of the free variable, or -1 for a global
}

// Now returns the variable's present value, or nil.
func (v *Var) Now() starlark.Value {
	if v.free >= 0 {
		_, now := v.Func.FreeVar(v.free)
		return now
	}
	return v.Func.Globals()[v.Name]
}

// Changed reports whether the variable was assigned again since: it had a
// value, and has another now.
func (v *Var) Changed() bool {
	return v.Value != nil && !same(v.Value, v.Now())
}

// Pos is where the capturing function begins.
func (v *Var) Pos() syntax.Position { return v.Func.Position() }

// Reach walks everything that root can reach and returns the captured
// variables on the way. visit is called for each value that is no plain
// scalar; where it reports false, the walk goes no deeper there.
func Reach(root starlark.Value, globals Globals, visit func(starlark.Value) bool) []*Var {
	w := walker{globals: globals, visit: visit, seen: map[any]bool{}}
	w.value(root)
	return w.vars
}

type walker struct {
	globals Globals
	visit   func(starlark.Value) bool
	seen    map[any]bool
	vars    []*Var
}

// first reports whether p is met for the first time.
func (w *walker) first(p any) bool {
	if w.seen[p] {
		return false
	}
	w.seen[p] = true
	return true
}

// value walks what v reaches, in the order in which it is held. It keeps what is
// left to do itself: values may be deeper than the process's stack.
func (w *walker) value(v starlark.Value) {
	todo := []starlark.Value{v}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !w.enter(v) {
			continue
		}
		for _, part := range slices.Backward(w.parts(v)) {
			todo = append(todo, part)
		}
	}
}

// enter reports whether what a value holds is to be walked.
func (w *walker) enter(v starlark.Value) bool {
	switch v.(type) {
	case nil, starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes:
		return false
	}
	if tuple, isTuple := v.(starlark.Tuple); isTuple {
		if key, ok := keyOf(tuple); !ok || !w.first(key) {
			return false
		}
	} else if reflect.TypeOf(v).Comparable() && !w.first(v) {
		return false
	}
	return w.visit(v)
}

func (w *walker) parts(v starlark.Value) []starlark.Value {
	switch v := v.(type) {
	case Container:
		return v.Parts()
	case *starlark.Function:
		return w.function(v)
	case *starlark.Builtin:
		if v.Receiver() != nil {
			return []starlark.Value{v.Receiver()}
		}
		return nil
	}
	return Parts(v)
}

// tupleKey tells a tuple from others: it is no pointer.
type tupleKey struct {
	first *starlark.Value
	n     int
}

// keyOf reports false for a tuple that holds nothing.
func keyOf(t starlark.Tuple) (tupleKey, bool) {
	if len(t) == 0 {
		return tupleKey{}, false
	}
	return tupleKey{&t[0], len(t)}, true
}

// Parts returns the values that a Starlark container holds.
func Parts(v starlark.Value) []starlark.Value {
	switch v := v.(type) {
	case starlark.Tuple:
		return v
	case *starlark.Dict:
		var parts []starlark.Value
		for _, item := range v.Items() {
			parts = append(parts, item...)
		}
		return parts
	case *starlarkstruct.Struct:
		parts := make([]starlark.Value, 0, v.Len())
		for _, e := range v.Entries() {
			parts = append(parts, e)
		}
		return parts
	case *starlarkstruct.Module:
		parts := make([]starlark.Value, 0, len(v.Members))
		for _, name := range v.Members.Keys() {
			parts = append(parts, v.Members[name])
		}
		return parts
	case *starlark.List:
		return elements(v)
	case *starlark.Set:
		return elements(v)
	}
	return nil
}

func elements(v starlark.Iterable) []starlark.Value {
	var parts []starlark.Value
	iter := v.Iterate()
	defer iter.Done()
	var e starlark.Value
	for iter.Next(&e) {
		parts = append(parts, e)
	}
	return parts
}

// function returns what a function holds and notes its variables.
func (w *walker) function(fn *starlark.Function) []starlark.Value {
	var parts []starlark.Value
	for i := range fn.NumFreeVars() {
		binding, v := fn.FreeVar(i)
		w.vars = append(w.vars, &Var{Func: fn, Name: binding.Name, Value: v, free: i})
		if v != nil {
			parts = append(parts, v)
		}
	}
	for i := range fn.NumParams() {
		if d := fn.ParamDefault(i); d != nil {
			parts = append(parts, d)
		}
	}
	if w.globals == nil {
		return parts
	}
	names, follow := w.globals(fn)
	if !follow || len(names) == 0 {
		return parts
	}
	all := fn.Globals()
	for _, name := range names {
		w.vars = append(w.vars, &Var{Func: fn, Name: name, Value: all[name], free: -1})
		if v := all[name]; v != nil {
			parts = append(parts, v)
		}
	}
	return parts
}

// same reports whether two values are one, or cannot be told apart.
func same(a, b starlark.Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	ta := reflect.TypeOf(a)
	if ta != reflect.TypeOf(b) {
		return false
	}
	if ta.Comparable() && a == b {
		return true
	}
	if _, isFunction := a.(*starlark.Function); isFunction {
		return false
	}
	equal, err := starlark.Equal(a, b)
	return err == nil && equal
}
