package capture

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// CycleError is a function that captures itself, directly or through others.
// Such a function could only recurse, which the dialect forbids, and freezing
// it would never end.
type CycleError struct {
	Name string
	Pos  syntax.Position
}

func (e *CycleError) Error() string {
	return fmt.Sprintf("function %s refers to itself, and recursion is not part of the language", e.Name)
}

// Freeze makes a value and all that it reaches immutable.
func Freeze(v starlark.Value) error {
	f := freezer{seen: map[any]bool{}}
	if err := f.check(v, nil); err != nil {
		return err
	}
	v.Freeze()
	return nil
}

// freezer looks for chains of functions that lead back to themselves. Mutable
// containers end a chain: they are frozen once.
type freezer struct{ seen map[any]bool }

func (f *freezer) check(v starlark.Value, chain []*starlark.Function) error {
	switch v := v.(type) {
	case *starlark.Function:
		return f.function(v, chain)
	case *starlark.Builtin:
		if v.Receiver() == nil {
			return nil
		}
		return f.check(v.Receiver(), chain)
	case *starlark.List, *starlark.Dict, *starlark.Set:
		if f.seen[v] {
			return nil
		}
		f.seen[v] = true
		return f.all(Parts(v), nil)
	case Container:
		return f.all(v.Parts(), chain)
	}
	return f.all(Parts(v), chain)
}

func (f *freezer) all(parts []starlark.Value, chain []*starlark.Function) error {
	for _, part := range parts {
		if err := f.check(part, chain); err != nil {
			return err
		}
	}
	return nil
}

func (f *freezer) function(fn *starlark.Function, chain []*starlark.Function) error {
	if slices.Contains(chain, fn) {
		return &CycleError{Name: fn.Name(), Pos: fn.Position()}
	}
	if f.seen[fn] {
		return nil
	}
	w := walker{}
	if err := f.all(w.function(fn), append(chain, fn)); err != nil {
		return err
	}
	f.seen[fn] = true
	return nil
}
