package builtins

import (
	"context"
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// Lambda is what an argument's later value, a condition, or a function of the
// result is at a unit's turn.
type Lambda struct {
	scope *Scope
	value starlark.Value // a function, or a value with later values in it
	pos   diag.Pos
	arity int
	unit  unit.ID
}

var _ unit.Lambda = (*Lambda)(nil)

func (s *Scope) lambda(v starlark.Value, pos diag.Pos, arity int) *Lambda {
	return &Lambda{scope: s, value: v, pos: pos, arity: arity}
}

// Pos is where the lambda is written.
func (l *Lambda) Pos() diag.Pos { return l.pos }

// Eval calls the function on a thread of its own.
func (l *Lambda) Eval(ctx context.Context, result any) (value any, err error) {
	thread, done := l.scope.env.Thread(ctx, l.unit.String())
	defer done()
	l.scope.acting(ctx, thread)
	defer func() {
		if r := recover(); r != nil {
			err = l.diagnose(recovered(r))
		}
	}()
	var args starlark.Tuple
	if l.arity == 1 {
		arg, err := plain.FromStruct(result)
		if err != nil {
			return nil, l.diagnose(fmt.Errorf("result of %s: %w", l.unit, err))
		}
		args = starlark.Tuple{arg}
	}
	value, err = l.resolve(thread, l.value, args, 0)
	if err != nil {
		return nil, l.diagnose(err)
	}
	return value, nil
}

// recovered turns a panic into an error: ours carry one, others are faults of
// a library that must not end the run.
func recovered(r any) error {
	if err, ok := r.(error); ok {
		return err
	}
	return fmt.Errorf("internal error: %v", r)
}

func (l *Lambda) diagnose(err error) *diag.Error {
	out := l.scope.env.Diagnose(err, l.unit.Host)
	out.Unit = l.unit.Local()
	if out.Pos == (diag.Pos{}) {
		out.Pos = l.pos
	}
	return out
}

// resolve calls functions and the later values within v, and gives all as plain data.
func (l *Lambda) resolve(thread *starlark.Thread, v starlark.Value, args starlark.Tuple, depth int) (any, error) {
	if depth > plain.MaxDepth {
		return nil, errors.New("value is nested too deeply, or holds itself")
	}
	switch v := v.(type) {
	case *Later:
		return l.call(thread, v.fn, nil)
	case *starlark.Function, *starlark.Builtin:
		if depth == 0 {
			return l.call(thread, v, args)
		}
	case *starlark.List, starlark.Tuple, *starlark.Set:
		list := []any{}
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			value, err := l.resolve(thread, e, nil, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *starlark.Dict:
		m := make(map[string]any, v.Len())
		for _, item := range v.Items() {
			key, ok := starlark.AsString(item[0])
			if !ok {
				return nil, fmt.Errorf("key %s is no string", item[0])
			}
			value, err := l.resolve(thread, item[1], nil, depth+1)
			if err != nil {
				return nil, err
			}
			m[key] = value
		}
		return m, nil
	case *starlarkstruct.Struct:
		m := make(map[string]any, v.Len())
		for name, e := range v.Entries() {
			value, err := l.resolve(thread, e, nil, depth+1)
			if err != nil {
				return nil, err
			}
			m[name] = value
		}
		return m, nil
	}
	return plain.To(v)
}

func (l *Lambda) call(thread *starlark.Thread, fn starlark.Value, args starlark.Tuple) (any, error) {
	v, err := starlark.Call(thread, fn, args, nil)
	if err != nil {
		return nil, err
	}
	value, err := plain.To(v)
	if err != nil {
		return nil, fmt.Errorf("the lambda's value: %w", err)
	}
	return value, nil
}

// equal reports whether two lambdas are the same code over the same values.
func (l *Lambda) equal(o *Lambda) bool { return sameCode(l.value, o.value) }

func sameCode(a, b starlark.Value) bool {
	if la, ok := a.(*Later); ok {
		lb, ok := b.(*Later)
		return ok && sameCode(la.fn, lb.fn)
	}
	fa, ok := a.(*starlark.Function)
	if !ok {
		equal, err := starlark.Equal(a, b)
		return err == nil && equal
	}
	fb, ok := b.(*starlark.Function)
	if !ok || fa.Position() != fb.Position() || fa.NumFreeVars() != fb.NumFreeVars() {
		return false
	}
	if fa == fb {
		return true
	}
	for i := range fa.NumFreeVars() {
		_, va := fa.FreeVar(i)
		_, vb := fb.FreeVar(i)
		if !sameValue(va, vb) {
			return false
		}
	}
	for i := range fa.NumParams() {
		if !sameValue(fa.ParamDefault(i), fb.ParamDefault(i)) {
			return false
		}
	}
	return true
}

func sameValue(a, b starlark.Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return sameCode(a, b)
}
