package play

import (
	"fmt"
	"slices"
	"strings"

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
	return starlark.None, addBarrier(thread, unit.Barrier{Name: name}, "hosts meet once at a barrier: give each a name of its own")
}

func pauseBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "pause",
		Doc: "A place at which the run waits until the operator confirms. All hosts of a batch that declare a pause with this message in this play wait for each other, " +
			"as at a barrier; then apply shows the message and asks once for all of them: Enter or y continues, n ends the run, and froyo resume asks again and does the rest. " +
			"A plan that changes nothing does not ask, and neither does --no-pause; -y does. Where there is no terminal to ask on, nothing is begun without --no-pause.",
		Example: `pause("look at the dashboard of the first hosts")`,
		Make:    eval.Function("pause", makePause),
	}
}

func makePause(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var message string
	if err := args.Unpack(b.Name(), pos, kw, "message", &message); err != nil {
		return nil, err
	}
	if strings.TrimSpace(message) == "" {
		return nil, (&diag.Error{Summary: "a pause's message is empty"}).WithHint(`say what is to be confirmed: pause("is the first host well?")`)
	}
	return starlark.None, addBarrier(thread, unit.Barrier{Name: message, Pause: true}, "each is asked about once: give each a message of its own")
}

// addBarrier adds a barrier or a pause at the place that the evaluation has come to.
func addBarrier(thread *starlark.Thread, b unit.Barrier, distinct string) error {
	switch s := eval.Of(thread); {
	case s.Phase() == eval.LoadingMain: // an implicit play is being looked at
		return nil
	case s.Phase() != eval.Planning:
		return s.NeedPlanning(b.Kind() + "()")
	case Of(thread).part != unit.Scope{}:
		return (&diag.Error{Summary: b.Kind() + "() inside a handler, a change hook or verify"}).
			WithHint("call it in the play's function")
	}
	c := Of(thread)
	if i := slices.IndexFunc(c.barriers, b.Same); i >= 0 {
		return (&diag.Error{Summary: fmt.Sprintf("%s %q is declared twice; first at %s", b.Kind(), b.Name, c.barriers[i].Pos)}).
			WithHint("%s", distinct)
	}
	b.At, b.Flushes, b.Pos = len(c.units), len(c.flushes), eval.Pos(eval.Stack(thread))
	c.barriers = append(c.barriers, b)
	return nil
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
