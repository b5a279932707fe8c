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

// Limits of what can be frozen: Starlark goes through it by recursion, and
// through a tuple as often as it is met.
const (
	maxDepth  = 10_000
	maxVisits = 100_000_000
)

var (
	errDeep  = fmt.Errorf("the value is nested more than %d levels deep", maxDepth)
	errLarge = fmt.Errorf("the value holds tuples within tuples that have more than %d elements together", maxVisits)
)

// Freeze makes a value and all that it reaches immutable.
func Freeze(v starlark.Value) error {
	f := freezer{seen: map[any]bool{}, tuples: map[tupleKey]int{}}
	if err := f.check(v, nil); err != nil {
		return err
	}
	v.Freeze()
	return nil
}

// freezer looks for chains of functions that lead back to themselves. Mutable
// containers end a chain: they are frozen once.
type freezer struct {
	seen   map[any]bool
	depth  int
	visits int
	tuples map[tupleKey]int // how many visits one takes
}

func (f *freezer) check(v starlark.Value, chain []*starlark.Function) error {
	if f.depth++; f.depth > maxDepth {
		return errDeep
	}
	defer func() { f.depth-- }()
	if f.visits++; f.visits > maxVisits {
		return errLarge
	}
	switch v := v.(type) {
	case starlark.Tuple:
		return f.tuple(v, chain)
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

// tuple looks at a tuple once, and counts it each time.
func (f *freezer) tuple(v starlark.Tuple, chain []*starlark.Function) error {
	key, ok := keyOf(v)
	if !ok {
		return nil
	}
	if n, known := f.tuples[key]; known && len(chain) == 0 {
		if f.visits += n; f.visits > maxVisits {
			return errLarge
		}
		return nil
	}
	before := f.visits
	if err := f.all(v, chain); err != nil {
		return err
	}
	f.tuples[key] = f.visits - before
	return nil
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
