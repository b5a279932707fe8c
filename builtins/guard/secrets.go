package guard

import (
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/secret"
)

// textMethods are those of strings that look into them; what format and join make of a marker is right.
var textMethods = slices.DeleteFunc(starlark.String("").AttrNames(), func(name string) bool { return name == "format" || name == "join" })

// textFunctions are the functions of the language that look into text.
var textFunctions = []string{"len", "int", "float", "ord", "hash", "bytes", "min", "max", "sorted", "repr", "getattr"}

func text(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return plain.Typed(args[0]), nil
}

func key(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return plain.Typed(args[0]), bounds.Key(args[0])
}

// equal looks at secrets themselves.
func equal(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	x, _ := plain.Open(args[0])
	y, _ := plain.Open(args[1])
	same, err := starlark.Equal(x, y)
	return starlark.Bool(same), err
}

func in(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	x, y := args[0], args[1]
	switch y.(type) {
	case *starlark.Dict, *starlark.Set: // text that holds secrets is no key
		if err := bounds.Key(x); err != nil {
			return nil, err
		}
		return starlark.Binary(syntax.IN, plain.Typed(x), y)
	}
	x, _ = plain.Open(x)
	y, _ = plain.Open(y)
	return starlark.Binary(syntax.IN, x, y)
}

func not(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return !args[0].Truth(), nil
}

// joined makes the method join take text that holds secrets as text.
func joined(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	on, words := args[0], args[1]
	if s, ok := on.(plain.Sensitive); ok {
		on = starlark.String(s.String())
	}
	_, isText := on.(starlark.String)
	if isText {
		words = unwrapped(words)
	}
	join, err := bounds.Attr(on, "join")
	if err != nil {
		return nil, err
	}
	v, err := starlark.Call(thread, join, starlark.Tuple{words}, nil)
	if err != nil || !isText {
		return v, err
	}
	return plain.Typed(v), nil
}

// unwrapped gives a list whose text is text, where some of it holds secrets.
func unwrapped(words starlark.Value) starlark.Value {
	list, ok := words.(starlark.Indexable)
	if !ok || !secret.Any() {
		return words
	}
	var all []starlark.Value
	for i := range list.Len() {
		e := list.Index(i)
		if s, ok := e.(plain.Sensitive); ok {
			e = starlark.String(s.String())
		}
		all = append(all, e)
	}
	return starlark.NewList(all)
}
