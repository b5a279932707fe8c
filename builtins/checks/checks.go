// Package checks is the builtin check(): a condition that is decided while the
// runbook is evaluated, or else a unit that asks when it is executed.
//
// It imports builtins/lambda and what that imports.
package checks

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/engine/diag"
)

// Name is the builtin's, and that of the resource type of its units.
const Name = "check"

// Of makes the builtin from the one that declares units of the type.
func Of(declare *starlark.Builtin) *starlark.Builtin {
	return starlark.NewBuiltin(Name, func(thread *starlark.Thread, _ *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		c, err := unpack(pos, kw)
		if err != nil {
			return nil, err
		}
		switch given := c.condition.(type) {
		case starlark.Bool:
			if given {
				return starlark.None, nil
			}
			return nil, &diag.Error{Summary: string(c.message)}
		case *lambda.Later:
		case starlark.Callable:
			if c.condition, err = lambda.NewLater(thread, given); err != nil {
				return nil, err
			}
		default:
			return nil, wrong(fmt.Sprintf("check: condition: got %s, want True, False or a lambda", c.condition.Type()))
		}
		unit := append(c.rest, starlark.Tuple{starlark.String("message"), c.message}, starlark.Tuple{starlark.String("condition"), c.condition})
		return starlark.Call(thread, declare, nil, unit)
	})
}

// call is what check() was given.
type call struct {
	condition starlark.Value
	message   starlark.String
	rest      []starlark.Tuple // what every unit takes
}

func unpack(pos starlark.Tuple, kw []starlark.Tuple) (call, error) {
	var c call
	names := []string{"condition", "message"}
	if len(pos) > len(names) {
		return c, wrong(fmt.Sprintf("check: got %d arguments, want a condition and a message", len(pos)))
	}
	given := map[string]starlark.Value{}
	for i, v := range pos {
		given[names[i]] = v
	}
	for _, pair := range kw {
		switch name := string(pair[0].(starlark.String)); {
		case name != names[0] && name != names[1]:
			c.rest = append(c.rest, pair)
		case given[name] != nil:
			return c, wrong("check: " + name + " is given twice")
		default:
			given[name] = pair[1]
		}
	}
	message, ok := given["message"].(starlark.String)
	if c.condition = given["condition"]; c.condition == nil || !ok || message == "" {
		return c, wrong("check needs a condition, and a text that says what is wrong where it does not hold")
	}
	c.message = message
	return c, nil
}

func wrong(summary string) *diag.Error {
	return (&diag.Error{Summary: summary}).WithHint(`check(host.facts.hw.cpu.cores > 1, "needs two CPUs"), or check(lambda: made.rc == 0, "not made")`)
}
