package lambda

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/capture"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

// Builtins documents later().
func Builtins() []eval.Builtin {
	return []eval.Builtin{{
		Name: "later",
		Doc: "A value that is computed when its unit is executed and the results of earlier units are known. " +
			"The plan shows (known after apply). The unit requires every unit whose result the lambda reads.",
		Example: `file("/srv/version", content = later(lambda: ver.stdout))`,
		Make:    eval.Function("later", makeLater),
	}}
}

// Later is a value known only when its unit is executed. Whatever else a runbook tries
// with it is an error, not a silently wrong value.
type Later struct {
	fn    starlark.Callable
	pos   diag.Pos
	scope *eval.Scope
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
	callable, ok := fn.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("later: got %s, want a lambda", fn.Type())}).
			WithHint("write later(lambda: ...)")
	}
	return NewLater(thread, callable)
}

// NewLater makes the value that a function gives when its unit is executed.
func NewLater(thread *starlark.Thread, callable starlark.Callable) (*Later, error) {
	if err := args.Arity(callable, 0); err != nil {
		return nil, (&diag.Error{Summary: "later: " + err.Error()}).WithHint("write later(lambda: ...)")
	}
	if s := eval.Of(thread); s.Phase() == eval.Applying {
		return nil, (&diag.Error{Summary: "later inside a lambda"}).
			WithHint("results are known here: use the value itself")
	}
	return &Later{fn: callable, pos: eval.Pos(eval.Stack(thread)), scope: eval.Of(thread)}, nil
}

// misuse is the error for anything but passing the value to an argument.
func (l *Later) misuse() *diag.Error {
	return (&diag.Error{Summary: "a later value is not known while planning"}).
		WithHint("put the whole expression inside the lambda: later(lambda: ...)")
}

// reportMisuse reports a use that cannot itself fail. Once the evaluation has
// ended, its reports are no longer read, so the error ends what is running.
func (l *Later) reportMisuse() {
	err := l.misuse()
	if l.scope.Ended() {
		err.Pos = l.pos
		panic(err)
	}
	l.scope.Report(err)
}

func (l *Later) String() string {
	l.reportMisuse()
	return "later(" + l.pos.String() + ")"
}

// Truth reports the misuse: a condition on it would be decided wrongly.
func (l *Later) Truth() starlark.Bool {
	l.reportMisuse()
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

// find returns the later values in v: itself, or within lists, tuples, dicts and structs.
func find(v starlark.Value) []*Later {
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
