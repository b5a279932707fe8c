package value

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
)

func varsBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "vars",
		Doc: "The variables of the command line: -e k=v, -e @file and FROYO_VAR_k, and the defaults that vars.cue declares; " +
			"a declared variable that the inventory sets is read of a host: host.vars. " +
			"A missing one is an error; vars.get(name, default) gives the default. " +
			"A dict in a variable is read by name or by index, also in host.vars: vars.app.user is vars[\"app\"][\"user\"]; " +
			"a key that is the name of a method of dicts (get, items, keys, values, pop, update, ...) only by index.",
		Example: `file("/etc/app.conf", content = "port=%s\n" % vars.get("port", "8080"))`,
		Make: func(e *eval.Env) starlark.Value {
			return NewBag("variable", e.Vars, "give it on the command line: -e %s=VALUE", nil).Except(e.Declared)
		},
	}
}
