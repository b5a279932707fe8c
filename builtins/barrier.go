package builtins

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func barrierDoc() Builtin {
	return Builtin{
		Name: "barrier",
		Doc: "A place at which hosts wait for each other: no host of a batch goes on before all of the batch that declare a barrier of this name " +
			"in this play have come to theirs, or have ended because they failed or could not be reached. A host that waits leaves its fork to others.",
		Example: `barrier("all stopped")`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("barrier", makeBarrier)
		},
	}
}

func makeBarrier(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := args.Unpack(b.Name(), pos, kw, "name", &name); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, (&diag.Error{Summary: "a barrier's name is empty"}).WithHint(`barrier("all stopped")`)
	}
	s := scopeOf(thread)
	switch {
	case s.phase == loading: // an implicit play is being looked at
		return starlark.None, nil
	case s.phase != planning:
		return nil, s.needPlanning("barrier()")
	case s.part != unit.Scope{}:
		return nil, (&diag.Error{Summary: "barrier() inside a handler or verify"}).
			WithHint("call it in the play's function")
	}
	if i := slices.IndexFunc(s.calls.barriers, func(o unit.Barrier) bool { return o.Name == name }); i >= 0 {
		return nil, (&diag.Error{Summary: fmt.Sprintf("barrier %q is declared twice; first at %s", name, s.calls.barriers[i].Pos)}).
			WithHint("hosts meet once at a barrier: give each a name of its own")
	}
	s.calls.barriers = append(s.calls.barriers, unit.Barrier{
		Name: name, At: len(s.order), Flushes: len(s.calls.flushes), Pos: Pos(Stack(thread)),
	})
	return starlark.None, nil
}

// barriers are those of the play at work, with their places among its units.
func (s *Scope) barriers() []unit.Barrier {
	placed := slices.Clone(s.calls.barriers)
	for i := range placed {
		at := 0
		for _, h := range s.order[:placed[i].At] {
			if h.play == s.play && h.unit.ID.Scope == (unit.Scope{}) {
				at++
			}
		}
		placed[i].At = at
	}
	return placed
}
