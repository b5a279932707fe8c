package value

import (
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/lambda"
)

func printBuiltin() eval.Builtin {
	return eval.Builtin{
		Name:    "print",
		Doc:     "Prints a line for the operator, with the place in the runbook and the host. It changes nothing.",
		Example: `print("deploying", vars.version)`,
		Make:    eval.Function("print", printLine),
	}
}

func printLine(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	sep := " "
	if err := args.Unpack(b.Name(), nil, kw, "sep?", &sep); err != nil {
		return nil, err
	}
	if err := bounds.PrintableAll(b.Name(), pos); err != nil {
		return nil, err
	}
	words := make([]string, len(pos))
	for i, v := range pos {
		switch v := v.(type) {
		case starlark.String:
			words[i] = string(v)
		case *lambda.Later:
			words[i] = "(known after apply)"
		default:
			words[i] = v.String()
		}
	}
	return starlark.None, eval.Of(thread).Print(strings.Join(words, sep))
}

func structBuiltin() eval.Builtin {
	return eval.Builtin{
		Name:    "struct",
		Doc:     "A value with named fields, read as attributes. It cannot be changed.",
		Example: `app = struct(user = "app", port = 8080)`,
		Make:    eval.Function("struct", starlarkstruct.Make),
	}
}
