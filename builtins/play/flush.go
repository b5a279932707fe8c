package play

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func flushBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "flush_handlers",
		Doc: "Runs the handlers that units before this place have notified, here " +
			"instead of at the end of the play, if a later unit depends on them.",
		Example: "flush_handlers()",
		Make:    eval.Function("flush_handlers", flushHandlers),
	}
}

func flushHandlers(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := args.Unpack(b.Name(), pos, kw); err != nil {
		return nil, err
	}
	switch s := eval.Of(thread); {
	case s.Phase() == eval.LoadingMain: // an implicit play is being looked at
		return starlark.None, nil
	case s.Phase() != eval.Planning:
		return nil, s.NeedPlanning("flush_handlers()")
	case Of(thread).part != unit.Scope{}:
		return nil, (&diag.Error{Summary: "flush_handlers() inside a handler, a change hook or verify"}).
			WithHint("call it in the play's function")
	}
	c := Of(thread)
	c.flushes = append(c.flushes, len(c.units))
	return starlark.None, nil
}
