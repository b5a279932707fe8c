// Package py gives Starlark's values the meaning that Python gives to its own: how they are printed, compared,
// combined and iterated over, and which methods they have.
//
// Values are Starlark's None, booleans, numbers, strings, bytes, lists, tuples and dicts, and this package's Undefined,
// View and Range. Strings are sequences of characters, not of bytes. Others are read through the interfaces of the
// Starlark library.
//
// It imports the Starlark library, package pymath and the limits of package bounds only.
package py

import (
	"fmt"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Value is any value of a template.
type Value = starlark.Value

// Error is an operation that a value does not have. Its text is like Python's.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(format string, args ...any) error { return &Error{Message: fmt.Sprintf(format, args...)} }

// Undefined is what a name has for which there is no value. It may be passed on and asked for, and nothing else.
type Undefined struct {
	Name string // the name, or the attribute, that is missing
	Of   string // the type of what has no such attribute; "" for a variable
	Hint string // why, where the rest does not say it
	// Lenient is the value of an inline if without else: it is printed as nothing, counts as false and has no elements.
	Lenient bool
}

// Error is the error of using it.
func (u *Undefined) Error() string {
	switch {
	case u.Hint != "":
		return u.Hint
	case u.Of != "":
		return fmt.Sprintf("%s has no attribute %s", u.Of, Quoted(u.Name))
	}
	return fmt.Sprintf("%q is not defined", u.Name)
}

func (u *Undefined) String() string        { return "undefined" }
func (u *Undefined) Type() string          { return "undefined" }
func (u *Undefined) Freeze()               {}
func (u *Undefined) Truth() starlark.Bool  { return false }
func (u *Undefined) Hash() (uint32, error) { return 0, u }

// Defined returns the error of an undefined value.
func Defined(values ...Value) error {
	for _, v := range values {
		if u, ok := v.(*Undefined); ok {
			return u
		}
	}
	return nil
}

// Strict returns the error of an undefined value that may not even be printed.
func Strict(values ...Value) error {
	for _, v := range values {
		if u, ok := v.(*Undefined); ok && !u.Lenient {
			return u
		}
	}
	return nil
}

// View is what keys(), values() and items() of a dict give.
type View struct {
	Name  string // dict_keys
	Items []Value
}

func (v *View) String() string       { return v.Name }
func (v *View) Type() string         { return v.Name }
func (v *View) Freeze()              {}
func (v *View) Truth() starlark.Bool { return len(v.Items) > 0 }
func (v *View) Len() int             { return len(v.Items) }

// Hash lets dict_values be a key, as what it is itself: the others are sets to Python.
func (v *View) Hash() (uint32, error) {
	if v.Name != "dict_values" {
		return 0, unhashable(v)
	}
	return starlark.String(v.Name).Hash()
}

// Range is what range() gives.
type Range struct{ Start, Stop, Step int }

func (r *Range) String() string        { return "range" }
func (r *Range) Type() string          { return "range" }
func (r *Range) Freeze()               {}
func (r *Range) Truth() starlark.Bool  { return r.Len() > 0 }
func (r *Range) Hash() (uint32, error) { return starlark.String(r.String()).Hash() }

// CompareSameType lets a range be a key.
func (r *Range) CompareSameType(op syntax.Token, other starlark.Value, depth int) (bool, error) {
	same, err := equal(r, other, depth)
	switch op {
	case syntax.EQL:
		return same, err
	case syntax.NEQ:
		return !same, err
	}
	return false, Errorf("ranges have no order")
}

// Len is how many numbers there are.
func (r *Range) Len() int {
	switch {
	case r.Step > 0 && r.Start < r.Stop:
		return (r.Stop-r.Start-1)/r.Step + 1
	case r.Step < 0 && r.Start > r.Stop:
		return (r.Start-r.Stop-1)/-r.Step + 1
	}
	return 0
}

// At is the number at an index.
func (r *Range) At(i int) Value { return starlark.MakeInt(r.Start + i*r.Step) }

// Object is a value of the template engine that has attributes, and may be called or iterated over.
type Object interface {
	Value
	// Get returns an attribute, or nil where there is none.
	Get(name string) (Value, error)
}

// TypeName is Python's name of a value's type.
func TypeName(v Value) string {
	switch v := v.(type) {
	case starlark.NoneType:
		return "NoneType"
	case starlark.Bool:
		return "bool"
	case starlark.Int:
		return "int"
	case starlark.Float:
		return "float"
	case starlark.String:
		return "str"
	case starlark.Bytes:
		return "bytes"
	case *starlark.List:
		return "list"
	case starlark.Tuple:
		return "tuple"
	case *starlark.Dict:
		return "dict"
	case *starlark.Set:
		return "set"
	case *Undefined:
		return "AnsibleUndefined"
	default:
		return v.Type()
	}
}

func unhashable(v Value) error { return Errorf("unhashable type: '%s'", TypeName(v)) }

// Len returns how many elements or characters a value has; ok is false where it has no length.
func Len(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case starlark.String:
		return utf8.RuneCountInString(string(v)), true
	case *Range:
		return v.Len(), true
	case *Undefined:
		return 0, v.Lenient
	case starlark.Sequence:
		return v.Len(), true
	case interface{ Len() int }:
		return v.Len(), true
	}
	return 0, false
}

// Truth is whether a value counts as true. An undefined one is an error.
func Truth(v Value) (bool, error) {
	switch v := v.(type) {
	case starlark.Bool:
		return bool(v), nil
	case *Undefined:
		return false, Strict(v)
	}
	return bool(v.Truth()), nil
}

// Number returns a value as a number: booleans are 0 and 1.
func Number(v Value) (Value, bool) {
	switch v := v.(type) {
	case starlark.Int, starlark.Float:
		return v, true
	case starlark.Bool:
		if v {
			return starlark.MakeInt(1), true
		}
		return starlark.MakeInt(0), true
	}
	return nil, false
}

// Int returns a whole number that fits an int, also from a boolean.
func Int(v Value) (int, bool) {
	n, ok := Number(v)
	if !ok {
		return 0, false
	}
	i, ok := n.(starlark.Int)
	if !ok {
		return 0, false
	}
	small, ok := i.Int64()
	return int(small), ok
}
