// Package args unpacks the arguments of builtins: convenient forms, and
// errors that name the argument, what is allowed and the nearest right name.
//
// It imports engine/diag, engine/unit and the Starlark library only.
package args

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/diag"
)

// Unpack is starlark.UnpackArgs with suggestions for every misspelt name.
func Unpack(fn string, pos starlark.Tuple, kw []starlark.Tuple, pairs ...any) error {
	var names []string
	for i := 0; i < len(pairs); i += 2 {
		names = append(names, strings.TrimRight(pairs[i].(string), "?"))
	}
	for _, pair := range kw {
		if name := string(pair[0].(starlark.String)); !slices.Contains(names, name) {
			return Unknown(fn, name, names)
		}
	}
	if err := starlark.UnpackArgs(fn, pos, kw, pairs...); err != nil {
		return &diag.Error{Summary: err.Error(), Cause: err}
	}
	return nil
}

// Unknown is the error for an argument that a builtin does not have.
func Unknown(fn, name string, allowed []string) *diag.Error {
	err := &diag.Error{Summary: fmt.Sprintf("%s has no argument %q", fn, name)}
	if near := diag.Nearest(name, allowed); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	if len(allowed) == 0 {
		return err.WithHint("it takes no arguments")
	}
	return err.WithHint("its arguments are: %s", strings.Join(allowed, ", "))
}

// Strings is a list of strings; a single string stands for a list of one.
type Strings []string

var _ starlark.Unpacker = (*Strings)(nil)

// Unpack implements starlark.Unpacker.
func (s *Strings) Unpack(v starlark.Value) error {
	if one, ok := starlark.AsString(v); ok {
		*s = Strings{one}
		return nil
	}
	iterable, ok := v.(starlark.Iterable)
	if !ok {
		return fmt.Errorf("got %s, want a string or a list of strings", v.Type())
	}
	list := Strings{}
	iter := iterable.Iterate()
	defer iter.Done()
	var elem starlark.Value
	for i := 0; iter.Next(&elem); i++ {
		text, ok := starlark.AsString(elem)
		if !ok {
			return fmt.Errorf("got %s at index %d, want a string", elem.Type(), i)
		}
		list = append(list, text)
	}
	*s = list
	return nil
}

// Optional is a bool that knows whether it was given; None is as good as not given.
type Optional struct {
	Given bool
	Value bool
}

var _ starlark.Unpacker = (*Optional)(nil)

// Unpack implements starlark.Unpacker.
func (o *Optional) Unpack(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.NoneType:
		return nil
	case starlark.Bool:
		*o = Optional{Given: true, Value: bool(v)}
		return nil
	}
	return fmt.Errorf("got %s, want True or False", v.Type())
}

// Arity checks that fn can be called with n positional arguments. Builtins
// are trusted: they check themselves.
func Arity(fn starlark.Callable, n int) error {
	f, ok := fn.(*starlark.Function)
	if !ok {
		return nil
	}
	params := f.NumParams()
	if f.HasKwargs() {
		params--
	}
	if f.HasVarargs() {
		params--
	}
	required := 0
	for i := range params {
		if f.ParamDefault(i) == nil {
			required++
		}
	}
	positional := params - f.NumKwonlyParams()
	if required > n || (positional < n && !f.HasVarargs()) {
		return fmt.Errorf("%s must take %s", f.Name(), count(n))
	}
	return nil
}

func count(n int) string {
	switch n {
	case 0:
		return "no arguments, or only such with defaults"
	case 1:
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
