package py

import (
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// Iterator gives one element after the other; ok is false after the last.
type Iterator func() (v Value, ok bool, err error)

// Iterate goes over a value's elements: of a string its characters, of a dict its keys. A list may grow meanwhile.
func Iterate(v Value) (Iterator, error) {
	i := 0
	switch v := v.(type) {
	case *Undefined:
		return over(nil), Strict(v)
	case starlark.String:
		s := string(v)
		return func() (Value, bool, error) {
			if s == "" {
				return nil, false, nil
			}
			_, n := utf8.DecodeRuneInString(s)
			c := s[:n]
			s = s[n:]
			return starlark.String(c), true, nil
		}, nil
	case *starlark.List:
		return func() (Value, bool, error) {
			if i >= v.Len() {
				return nil, false, nil
			}
			i++
			return v.Index(i - 1), true, nil
		}, nil
	case starlark.Tuple:
		return over(v), nil
	case *View:
		return over(v.Items), nil
	case *Range:
		n := v.Len()
		return func() (Value, bool, error) {
			if i >= n {
				return nil, false, nil
			}
			i++
			return v.At(i - 1), true, nil
		}, nil
	case *starlark.Dict:
		keys := v.Keys()
		return func() (Value, bool, error) {
			if v.Len() != len(keys) {
				return nil, false, Errorf("dictionary changed size during iteration")
			}
			if i >= len(keys) {
				return nil, false, nil
			}
			i++
			return keys[i-1], true, nil
		}, nil
	case interface{ Iterator() Iterator }:
		return v.Iterator(), nil
	case starlark.Iterable:
		return over(elements(v)), nil
	}
	return nil, Errorf("'%s' object is not iterable", TypeName(v))
}

func over(items []Value) Iterator {
	i := 0
	return func() (Value, bool, error) {
		if i >= len(items) {
			return nil, false, nil
		}
		i++
		return items[i-1], true, nil
	}
}

func elements(v starlark.Iterable) []Value {
	it := v.Iterate()
	defer it.Done()
	var out []Value
	for e := Value(nil); it.Next(&e); {
		out = append(out, e)
	}
	return out
}

// Elements returns a value's elements. The slice must not be changed.
func Elements(v Value) ([]Value, error) {
	switch v := v.(type) {
	case starlark.Tuple:
		return v, nil
	case *View:
		return v.Items, nil
	case *starlark.Dict:
		return v.Keys(), nil
	case *starlark.List:
		out := make([]Value, v.Len())
		for i := range out {
			out[i] = v.Index(i)
		}
		return out, nil
	}
	next, err := Iterate(v)
	if err != nil {
		return nil, err
	}
	var out []Value
	for {
		e, ok, err := next()
		if err != nil || !ok {
			return out, err
		}
		out = append(out, e)
	}
}

// IsSequence reports whether a value is a list or a tuple, or what is one when it is used.
func IsSequence(v Value) bool {
	switch v.(type) {
	case *starlark.List, starlark.Tuple, *View, *Range:
		return true
	}
	return false
}

// Texts is a list of strings.
func Texts(parts []string) *starlark.List {
	out := make([]Value, len(parts))
	for i, p := range parts {
		out[i] = starlark.String(p)
	}
	return starlark.NewList(out)
}
