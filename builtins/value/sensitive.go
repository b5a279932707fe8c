// Package value is what the language knows beyond Starlark that belongs to no
// host and no unit: variables, structs, sensitive text, and print, which shows them.
package value

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Builtins documents vars, struct() and print().
func Builtins() []eval.Builtin {
	return []eval.Builtin{varsBuiltin(), structBuiltin(), printBuiltin()}
}

// Sensitive documents sensitive().
func Sensitive() eval.Builtin {
	return eval.Builtin{
		Name: "sensitive",
		Doc: "Marks a text as secret: it can be joined to other text and passed to resources and templates, " +
			"and plans, logs and state show (sensitive) in its place. A unit that is given it is sensitive, and so is all output of its program. " +
			"A variable is marked with --sensitive NAME, or by the variable froyo_sensitive of the inventory.",
		Example: `cmd("mysql --execute 'SELECT 1'", name = "ping", env = {"MYSQL_PWD": sensitive(vars.password)})`,
		Make:    eval.Function("sensitive", makeSensitive),
	}
}

func makeSensitive(_ *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "value", &v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case plain.Sensitive:
		return plain.Text(secret.Given(v.String())), nil
	case starlark.String:
		return plain.Text(secret.Given(string(v))), nil
	case starlark.Int:
		return plain.Text(secret.Given(v.String())), nil
	case *lambda.Later:
		return nil, (&diag.Error{Summary: "sensitive: got a later value"}).
			WithHint("put the call inside the lambda: later(lambda: sensitive(...))")
	}
	return nil, (&diag.Error{Summary: fmt.Sprintf("sensitive: got %s, want a text", v.Type())}).
		WithHint("mark each text of a list or dict of its own")
}
