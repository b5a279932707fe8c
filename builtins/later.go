package builtins

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

func laterDoc() Builtin {
	return Builtin{
		Name: "later",
		Doc: "A value that is computed at the unit's turn, when the results of earlier units are known. " +
			"The plan shows (known after apply). The unit comes to require every unit that the lambda reads.",
		Example: `file("/srv/version", content = later(lambda: ver.stdout))`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("later", makeLater)
		},
	}
}

// Later is a value known only at a unit's turn. Whatever else a runbook tries
// with it is an error, not a silently wrong value.
type Later struct {
	fn    starlark.Callable
	pos   diag.Pos
	scope *Scope
}

var (
	_ starlark.HasBinary = (*Later)(nil)
	_ starlark.HasAttrs  = (*Later)(nil)
	_ plain.Plainer      = (*Later)(nil)
	_ capture.Container  = (*Later)(nil)
)

func makeLater(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var fn starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "fn", &fn); err != nil {
		return nil, err
	}
	s := scopeOf(thread)
	callable, ok := fn.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("later: got %s, want a lambda", fn.Type())}).
			WithHint("write later(lambda: ...)")
	}
	if err := args.Arity(callable, 0); err != nil {
		return nil, (&diag.Error{Summary: "later: " + err.Error()}).WithHint("write later(lambda: ...)")
	}
	if s.phase == acting {
		return nil, (&diag.Error{Summary: "later inside a lambda"}).
			WithHint("results are known here: use the value itself")
	}
	return &Later{fn: callable, pos: Pos(Stack(thread)), scope: s}, nil
}

// misuse is the error for anything but passing the value to an argument.
func (l *Later) misuse() *diag.Error {
	return (&diag.Error{Summary: "a later value is not known while planning"}).
		WithHint("put the whole expression inside the lambda: later(lambda: ...)")
}

// noticed reports a use that cannot itself fail. Outside of planning nobody
// would see the report, so it ends the evaluation.
func (l *Later) noticed() {
	err := l.misuse()
	if l.scope.ended {
		err.Pos = l.pos
		panic(err)
	}
	l.scope.report(err)
}

func (l *Later) String() string {
	l.noticed()
	return "later(" + l.pos.String() + ")"
}

// Truth reports the misuse: a condition on it would be decided wrongly.
func (l *Later) Truth() starlark.Bool {
	l.noticed()
	return starlark.False
}

func (l *Later) Type() string          { return "later" }
func (l *Later) Freeze()               { l.fn.Freeze() }
func (l *Later) Hash() (uint32, error) { return 0, l.misuse() }

// Binary implements starlark.HasBinary, to refuse.
func (l *Later) Binary(syntax.Token, starlark.Value, starlark.Side) (starlark.Value, error) {
	return nil, l.misuse()
}

// Attr implements starlark.HasAttrs, to refuse.
func (l *Later) Attr(string) (starlark.Value, error) { return nil, l.misuse() }

// AttrNames implements starlark.HasAttrs.
func (l *Later) AttrNames() []string { return nil }

// Plain implements plain.Plainer, to refuse.
func (l *Later) Plain() (any, error) { return nil, l.misuse() }

// Parts implements capture.Container.
func (l *Later) Parts() []starlark.Value { return []starlark.Value{l.fn} }

// findLaters returns the later values in v: itself, or within lists, tuples, dicts and structs.
func findLaters(v starlark.Value) []*Later {
	switch v := v.(type) {
	case starlark.String, starlark.Bool, starlark.Int:
		return nil
	case *Later:
		return []*Later{v}
	case *starlark.Function, *starlark.Builtin:
		return nil
	}
	if len(capture.Parts(v)) == 0 {
		return nil
	}
	var found []*Later
	capture.Reach(v, nil, func(e starlark.Value) bool {
		if l, ok := e.(*Later); ok {
			found = append(found, l)
			return false
		}
		_, isFunction := e.(starlark.Callable)
		return !isFunction
	})
	return found
}

// toPlain is plain.To for arguments.
func toPlain(v starlark.Value) (any, error) { return plain.To(v) }

// withHintOf adds the hint that the error's cause carries, or the one for a forgotten later.
func withHintOf(err *diag.Error, v starlark.Value) *diag.Error {
	if cause, ok := errors.AsType[*diag.Error](err.Cause); ok {
		err.Hint = cause.Hint
		return err
	}
	if _, ok := v.(*starlark.Function); ok {
		err.Hint = "a value known only after apply is written later(lambda: ...)"
	}
	return err
}

// placeOf is where a function is written.
func placeOf(fn starlark.Callable) diag.Pos {
	if f, ok := fn.(*starlark.Function); ok {
		return Place(f.Position())
	}
	return diag.Pos{}
}
