package play

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func handlerBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "handler",
		Doc: "Declares units that are executed once, after the units of a play, if one of those that name the handler in notify has changed. " +
			"do is called with the host. Handlers run in the order in which they are declared. " +
			"A handler that did not run, because a unit before it failed or froyo was killed, stays pending and is run by the next apply.",
		Example: `reload = handler("reload nginx", do = lambda host: service("nginx", state = "reloaded"))`,
		Make:    eval.Function("handler", makeHandler),
	}
}

// Handler is what is done where units that notify it have changed.
type Handler struct {
	Name string
	Do   starlark.Callable
	Pos  diag.Pos

	order  int  // of its declaration
	rescue bool // it is one unit's on_failure
}

var _ plain.Plainer = (*Handler)(nil)

func (h *Handler) String() string        { return fmt.Sprintf("<handler %q>", h.Name) }
func (h *Handler) Type() string          { return "handler" }
func (h *Handler) Freeze()               { h.Do.Freeze() }
func (h *Handler) Truth() starlark.Bool  { return true }
func (h *Handler) Hash() (uint32, error) { return starlark.String(h.Name).Hash() }

// Plain implements plain.Plainer: a handler is not a value.
func (h *Handler) Plain() (any, error) {
	return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q is not a value", h.Name)}).WithHint("give it to units: notify = [...]")
}

func makeHandler(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := eval.Of(thread)
	if s.Phase() == eval.Asking {
		return nil, s.NeedPlanning("handler()")
	}
	if s.Phase() == eval.Applying || Of(thread).part != (unit.Scope{}) {
		return nil, (&diag.Error{Summary: "handler() inside a lambda, a handler, a change hook or verify"}).
			WithHint("declare handlers at the top level of a file, or in a play's function")
	}
	h := &Handler{order: s.Env().NextHandler()}
	var do starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "name", &h.Name, "do?", &do); err != nil {
		return nil, err
	}
	if h.Name == "" {
		return nil, &diag.Error{Summary: "a handler's name is empty"}
	}
	if unit.IsHook(h.Name) {
		return nil, (&diag.Error{Summary: fmt.Sprintf("a handler cannot be named %q, as a change hook is", h.Name)}).
			WithHint("give it another name; change hooks are arguments of play()")
	}
	fn, ok := do.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q needs do, a function that takes a host", h.Name)}).
			WithHint(`handler(%q, do = lambda host: service("nginx", state = "reloaded"))`, h.Name)
	}
	if err := args.Arity(fn, 1); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q: do: %v", h.Name, err)}).WithHint("it gets the host: lambda host: ...")
	}
	h.Do, h.Pos = fn, eval.Pos(eval.Stack(thread))
	return h, nil
}

// Handlers unpacks notify: a handler or a list of handlers.
func Handlers(v starlark.Value) ([]*Handler, error) {
	switch v := v.(type) {
	case *Handler:
		return []*Handler{v}, nil
	case *starlark.List, starlark.Tuple, *starlark.Set:
		var all []*Handler
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			some, err := Handlers(e)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case starlark.String:
		return nil, fmt.Errorf("got the string %s, want a handler: the value that handler() returned", v)
	}
	return nil, fmt.Errorf("got %s, want a handler or a list of handlers", v.Type())
}
