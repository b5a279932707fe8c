package play

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

func barrierBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "barrier",
		Doc: "A place at which hosts wait for each other: no host of a batch continues before all hosts of the batch that declare a barrier of this name " +
			"in this play have reached it, or have failed or could not be reached. A host that waits does not count for --forks.",
		Example: `barrier("all stopped")`,
		Make:    eval.Function("barrier", makeBarrier),
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
	switch s := eval.Of(thread); {
	case s.Phase() == eval.LoadingMain: // an implicit play is being looked at
		return starlark.None, nil
	case s.Phase() != eval.Planning:
		return nil, s.NeedPlanning("barrier()")
	case Of(thread).part != unit.Scope{}:
		return nil, (&diag.Error{Summary: "barrier() inside a handler, a change hook or verify"}).
			WithHint("call it in the play's function")
	}
	c := Of(thread)
	if i := slices.IndexFunc(c.barriers, func(o unit.Barrier) bool { return o.Name == name }); i >= 0 {
		return nil, (&diag.Error{Summary: fmt.Sprintf("barrier %q is declared twice; first at %s", name, c.barriers[i].Pos)}).
			WithHint("hosts meet once at a barrier: give each a name of its own")
	}
	c.barriers = append(c.barriers, unit.Barrier{
		Name: name, At: len(c.units), Flushes: len(c.flushes), Pos: eval.Pos(eval.Stack(thread)),
	})
	return starlark.None, nil
}

// placed are the barriers with their places among the play's own units.
func (c *Collector) placed() []unit.Barrier {
	placed := slices.Clone(c.barriers)
	for i := range placed {
		at := 0
		for _, u := range c.units[:placed[i].At] {
			if u.ID.Scope == (unit.Scope{}) {
				at++
			}
		}
		placed[i].At = at
	}
	return placed
}
