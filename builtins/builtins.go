// Package builtins is what the language of runbooks knows beyond Starlark:
// resources made from their schemas, plays, values known only after apply,
// hosts and what can be asked of them, variables and templates.
//
// Each family of builtins is a package below this one, which only puts them
// together. It stands between runtime/script, which parses and runs files, and
// the engine, whose units it makes. It may import the engine and what lies below.
package builtins

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/play"
	"github.com/openfroyo/froyo/builtins/resource"
	"github.com/openfroyo/froyo/builtins/template"
	"github.com/openfroyo/froyo/builtins/value"
)

// All lists every builtin that is no resource, methods of hosts included.
func All() []eval.Builtin {
	return slices.Concat(
		play.Builtins(), resource.Builtins(), lambda.Builtins(), []eval.Builtin{value.Sensitive(), value.Secret()}, template.Builtins(),
		[]eval.Builtin{hostapi.Hosts()}, value.Builtins(), hostapi.Methods(),
	)
}

// Predeclared returns the names that every file of a program can use.
func Predeclared(env *eval.Env) starlark.StringDict {
	names := starlark.StringDict{}
	for _, b := range All() {
		if b.Make != nil {
			names[b.Name] = b.Make(env)
		}
	}
	for _, t := range env.Types {
		names[t.Name] = resource.New(env, t, nil)
	}
	names.Freeze()
	return names
}
