// Package lambda is the code of a runbook that runs when a unit is executed:
// later values, conditions, and functions of a unit's result.
package lambda

import (
	"context"
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
)

// Func is an argument's later value, a condition, or a function of the result,
// which is called when its unit is executed.
type Func struct {
	scope  *eval.Scope
	become args.Optional  // what the play says of who asks hosts
	value  starlark.Value // a function, or a value with later values in it
	pos    diag.Pos
	arity  int
	unit   unit.ID
}

var _ unit.Lambda = (*Func)(nil)

// New makes a Func of a function that takes the unit's result, or, where arity is 0, nothing.
func New(s *eval.Scope, fn starlark.Callable, arity int) *Func {
	var pos diag.Pos
	if f, ok := fn.(*starlark.Function); ok {
		pos = eval.Place(f.Position())
	}
	return &Func{scope: s, become: s.Become(), value: fn, pos: pos, arity: arity}
}

// Of makes a Func of a value that holds later values, or returns nil where it holds none.
func Of(s *eval.Scope, v starlark.Value) *Func {
	if found := find(v); len(found) > 0 {
		return &Func{scope: s, become: s.Become(), value: v, pos: found[0].pos}
	}
	return nil
}

// Condition makes a Func of a later value that stands for a condition.
func (l *Later) Condition(s *eval.Scope) *Func {
	return &Func{scope: s, become: s.Become(), value: l.fn, pos: l.pos}
}

// SetUnit names the unit that the function belongs to.
func (l *Func) SetUnit(id unit.ID) { l.unit = id }

// Value is the function, or the value that holds later values.
func (l *Func) Value() starlark.Value { return l.value }

// Pos is where it is written.
func (l *Func) Pos() diag.Pos { return l.pos }

// Eval implements unit.Lambda: it calls the function on a thread of its own. Once ctx
// is done it returns soon, whatever is under way.
func (l *Func) Eval(ctx context.Context, ended unit.Outcomes, outputs any) (any, error) {
	l.scope.Outcomes().See(ended)
	var (
		value any
		err   error
	)
	if !bounds.Within(ctx, func() { value, err = l.eval(ctx, outputs) }) {
		return nil, l.diagnose(errors.New("interrupted"))
	}
	return value, err
}

func (l *Func) eval(ctx context.Context, outputs any) (value any, err error) {
	thread, done := l.scope.Env().Thread(ctx, l.unit.String())
	defer done()
	secrets := l.arity == 1 && secret.MarkedValue(outputs)
	l.scope.Applying(ctx, thread, l.become, secrets)
	defer func() {
		if r := recover(); r != nil {
			err = l.diagnose(recovered(r))
		}
		if secrets && err != nil {
			err = (&diag.Error{Summary: "it failed; what it says is sensitive, as the result is", Pos: l.pos, Host: l.unit.Host, Unit: l.unit.Local()}).WithCode(diag.CodeOf(err))
		}
	}()
	if secrets { // it answers yes or no, and nothing that it prints is shown
		outputs = secret.ResolveValue(outputs)
	}
	var in starlark.Tuple
	if l.arity == 1 {
		values, ok := outputs.(map[string]any)
		if !ok {
			return nil, l.diagnose(fmt.Errorf("result of %s: got %T, want outputs", l.unit, outputs))
		}
		in = starlark.Tuple{result.New(l.unit.Local(), l.scope.Env().Outputs(l.unit.Type), values)}
	}
	value, err = l.resolve(thread, l.value, in)
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

func (l *Func) diagnose(err error) *diag.Error {
	out := l.scope.Env().Diagnose(err, l.unit.Host)
	out.Unit = l.unit.Local()
	if out.Pos == (diag.Pos{}) {
		out.Pos = l.pos
	}
	return out
}

// resolve calls the function, or those of the later values within v, and gives all as plain data.
func (l *Func) resolve(thread *starlark.Thread, v starlark.Value, in starlark.Tuple) (any, error) {
	if fn, ok := v.(starlark.Callable); ok {
		return l.call(thread, fn, in)
	}
	return plain.Convert(v, func(v starlark.Value) (any, bool, error) {
		later, ok := v.(*Later)
		if !ok {
			return asBytes(v)
		}
		value, err := l.call(thread, later.fn, nil)
		return value, true, err
	})
}

func (l *Func) call(thread *starlark.Thread, fn starlark.Value, in starlark.Tuple) (any, error) {
	v, err := starlark.Call(thread, fn, in, nil)
	if err != nil {
		return nil, err
	}
	value, err := ToPlain(v)
	if err != nil {
		return nil, fmt.Errorf("the lambda's value: %w", err)
	}
	return value, nil
}

// ToPlain is plain.To for arguments, which may be bytes: whether one takes them
// is for its type to say.
func ToPlain(v starlark.Value) (any, error) { return plain.Convert(v, asBytes) }

func asBytes(v starlark.Value) (any, bool, error) {
	b, ok := v.(starlark.Bytes)
	return []byte(b), ok, nil
}

// WithHint adds the hint that the error's cause carries, or the one for a forgotten later.
func WithHint(err *diag.Error, v starlark.Value) *diag.Error {
	if cause, ok := errors.AsType[*diag.Error](err.Cause); ok {
		err.Hint = cause.Hint
		return err
	}
	if _, ok := v.(*starlark.Function); ok {
		err.Hint = "a value known only after apply is written later(lambda: ...)"
	}
	return err
}
