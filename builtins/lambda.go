package builtins

import (
	"context"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/capture"
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
	value, err = l.resolve(thread, l.value, args)
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

// resolve calls the function, or those of the later values within v, and gives all as plain data.
func (l *Lambda) resolve(thread *starlark.Thread, v starlark.Value, args starlark.Tuple) (any, error) {
	if fn, ok := v.(starlark.Callable); ok {
		return l.call(thread, fn, args)
	}
	return plain.Convert(v, func(v starlark.Value) (any, bool, error) {
		later, ok := v.(*Later)
		if !ok {
			return nil, false, nil
		}
		value, err := l.call(thread, later.fn, nil)
		return value, true, err
	})
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
		return sameParts(a, b)
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

// sameParts compares containers by what they hold, and others as the language does.
func sameParts(a, b starlark.Value) bool {
	pa, pb := capture.Parts(a), capture.Parts(b)
	if a.Type() != b.Type() || len(pa) != len(pb) || len(findLaters(a)) == 0 {
		equal, err := starlark.Equal(a, b)
		return err == nil && equal
	}
	for i := range pa {
		if !sameCode(pa[i], pb[i]) {
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
