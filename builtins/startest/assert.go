package startest

import (
	"fmt"
	"regexp"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// Assert is the module that chunks check values with. A check that fails is
// an error at its place.
func Assert() *starlarkstruct.Module {
	m := &starlarkstruct.Module{Name: "assert", Members: starlark.StringDict{
		"eq":       comparison("eq", syntax.EQL),
		"ne":       comparison("ne", syntax.NEQ),
		"true":     starlark.NewBuiltin("assert.true", assertTrue),
		"contains": starlark.NewBuiltin("assert.contains", assertContains),
		"fails":    starlark.NewBuiltin("assert.fails", assertFails),
	}}
	m.Freeze()
	return m
}

func comparison(name string, op syntax.Token) *starlark.Builtin {
	return starlark.NewBuiltin("assert."+name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		var x, y starlark.Value
		if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 2, &x, &y); err != nil {
			return nil, err
		}
		ok, err := starlark.Compare(op, x, y)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("%s: got %s, want it %s %s", b.Name(), x, op, y)
		}
		return starlark.None, nil
	})
}

func assertTrue(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		cond starlark.Value
		text = "the condition is false"
	)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 1, &cond, &text); err != nil {
		return nil, err
	}
	if !cond.Truth() {
		return nil, fmt.Errorf("%s: %s", b.Name(), text)
	}
	return starlark.None, nil
}

func assertContains(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var whole, part starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 2, &whole, &part); err != nil {
		return nil, err
	}
	found, err := starlark.Binary(syntax.IN, part, whole)
	if err != nil {
		return nil, err
	}
	if !found.Truth() {
		return nil, fmt.Errorf("%s: %s does not contain %s", b.Name(), whole, part)
	}
	return starlark.None, nil
}

// assertFails calls a function and checks the error that it ends with.
func assertFails(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		fn      starlark.Callable
		pattern string
	)
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kw, 2, &fn, &pattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	_, err = starlark.Call(thread, fn, nil, nil)
	if err == nil {
		return nil, fmt.Errorf("%s: want an error matching %q, got none", b.Name(), pattern)
	}
	if !re.MatchString(err.Error()) {
		return nil, fmt.Errorf("%s: got the error %q, want it to match %q", b.Name(), err.Error(), pattern)
	}
	return starlark.None, nil
}
