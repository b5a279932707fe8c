package builtins

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func handlerDoc() Builtin {
	return Builtin{
		Name: "handler",
		Doc: "Declares what is done once, after the units of a play, if one of those that name it in notify has changed. " +
			"do gets the host. Handlers run in the order in which they are declared. " +
			"One that could not run, because a unit before it failed or froyo was killed, is run by the next apply.",
		Example: `reload = handler("reload nginx", do = lambda host: service("nginx", state = "reloaded"))`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("handler", makeHandler)
		},
	}
}

func flushDoc() Builtin {
	return Builtin{
		Name: "flush_handlers",
		Doc: "Runs the handlers that the units before this place have called for here, " +
			"instead of at the end of the play: where a later unit needs what they do.",
		Example: "flush_handlers()",
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("flush_handlers", flushHandlers)
		},
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

// Plain implements plain.Plainer: a handler is no value.
func (h *Handler) Plain() (any, error) {
	return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q is no value", h.Name)}).WithHint("give it to units: notify = [...]")
}

func makeHandler(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := scopeOf(thread)
	if s.phase == acting || s.part != (unit.Scope{}) {
		return nil, (&diag.Error{Summary: "handler() inside a lambda, a handler or verify"}).
			WithHint("declare handlers at the top level of a file, or in a play's function")
	}
	h := &Handler{order: s.env.handlers()}
	var do starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "name", &h.Name, "do?", &do); err != nil {
		return nil, err
	}
	if h.Name == "" {
		return nil, &diag.Error{Summary: "a handler's name is empty"}
	}
	fn, ok := do.(starlark.Callable)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q needs do, a function that takes a host", h.Name)}).
			WithHint(`handler(%q, do = lambda host: service("nginx", state = "reloaded"))`, h.Name)
	}
	if err := args.Arity(fn, 1); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("handler %q: do: %v", h.Name, err)}).WithHint("it gets the host: lambda host: ...")
	}
	h.Do, h.Pos = fn, Pos(Stack(thread))
	return h, nil
}

func flushHandlers(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := args.Unpack(b.Name(), pos, kw); err != nil {
		return nil, err
	}
	s := scopeOf(thread)
	switch {
	case s.phase == loading: // an implicit play is being looked at
		return starlark.None, nil
	case s.phase != planning:
		return nil, s.needPlanning("flush_handlers()")
	case s.part != unit.Scope{}:
		return nil, (&diag.Error{Summary: "flush_handlers() inside a handler or verify"}).
			WithHint("call it in the play's function")
	}
	s.calls.flushes = append(s.calls.flushes, len(s.order))
	return starlark.None, nil
}

// calls is what the units of a play call for.
type calls struct {
	handlers []*Handler     // that were named in notify
	asked    int            // how many of them were evaluated
	flushes  []int          // places in Scope.order
	barriers []unit.Barrier // their places as well
}

// handlers unpacks notify: a handler or a list of handlers.
func toHandlers(v starlark.Value) ([]*Handler, error) {
	switch v := v.(type) {
	case *Handler:
		return []*Handler{v}, nil
	case *starlark.List, starlark.Tuple, *starlark.Set:
		var all []*Handler
		iter := v.(starlark.Iterable).Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			some, err := toHandlers(e)
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

// call notes that a unit of the play names handlers.
func (s *Scope) call(handlers []*Handler) *diag.Error {
	for _, h := range handlers {
		i := slices.IndexFunc(s.calls.handlers, func(o *Handler) bool { return o.Name == h.Name })
		switch {
		case i < 0:
			s.calls.handlers = append(s.calls.handlers, h)
		case s.calls.handlers[i] != h && !sameCode(s.calls.handlers[i].Do, h.Do):
			return (&diag.Error{
				Summary: fmt.Sprintf("notify: there are two handlers %q that differ, declared at %s and %s", h.Name, s.calls.handlers[i].Pos, h.Pos),
			}).WithHint("give each a name of its own")
		}
	}
	return nil
}

// rescue notes what is done where a unit fails, as a handler of its own.
func (s *Scope) rescue(d *draft) *diag.Error {
	if s.part != (unit.Scope{}) {
		return (&diag.Error{Summary: "on_failure inside a handler, an on_failure or verify"}).
			WithHint("it belongs to units of the play's function")
	}
	u := d.unit
	u.OnFailure = "on failure of " + u.ID.Bare()
	return s.call([]*Handler{{Name: u.OnFailure, Do: d.onFailure, Pos: u.Pos, order: s.env.handlers(), rescue: true}})
}

// NextHandler returns the next handler that the play at work calls for and
// whose units are not declared yet; those that are declared from now on are
// its own. nil is that there is none left.
func (s *Scope) NextHandler() *Handler {
	if s.calls.asked == len(s.calls.handlers) {
		return nil
	}
	h := s.calls.handlers[s.calls.asked]
	s.calls.asked++
	s.part = unit.Scope{Play: s.play.Name, Handler: h.Name}
	return h
}

// Verifying makes the units that are declared from now on those of the play's verify.
func (s *Scope) Verifying() { s.part = unit.Scope{Play: s.play.Name} }
