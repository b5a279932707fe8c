package builtins

import (
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/args"
)

func printDoc() Builtin {
	return Builtin{
		Name:    "print",
		Doc:     "Shows a line to the operator, with the place in the runbook and the host. It changes nothing.",
		Example: `print("deploying", vars.version)`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("print", printLine)
		},
	}
}

func printLine(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	sep := " "
	if err := args.Unpack(b.Name(), nil, kw, "sep?", &sep); err != nil {
		return nil, err
	}
	words := make([]string, len(pos))
	for i, v := range pos {
		switch v := v.(type) {
		case starlark.String:
			words[i] = string(v)
		case *Later:
			words[i] = "(known after apply)"
		default:
			words[i] = v.String()
		}
	}
	s := scopeOf(thread)
	if s.env.Print != nil {
		s.env.Print(Pos(Stack(thread)), s.hostName(), strings.Join(words, sep))
	}
	return starlark.None, nil
}

func structDoc() Builtin {
	return Builtin{
		Name:    "struct",
		Doc:     "A value with named fields, read as attributes. It cannot be changed.",
		Example: `app = struct(user = "app", port = 8080)`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("struct", starlarkstruct.Make)
		},
	}
}
