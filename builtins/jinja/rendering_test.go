package jinja_test

import (
	"testing"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
)

// given are the variables of a test's template.
type given map[string]any

// rendering is what a test renders a template with. Values that are Starlark's stay as they are.
func rendering(t *testing.T, vars given) jinja.Rendering {
	t.Helper()
	d := starlark.NewDict(len(vars))
	for name, v := range vars {
		value, ok := v.(starlark.Value)
		if !ok {
			var err error
			if value, err = plain.From(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.SetKey(starlark.String(name), value); err != nil {
			t.Fatal(err)
		}
	}
	return jinja.Rendering{Context: t.Context(), Vars: jinja.Dict(d)}
}
