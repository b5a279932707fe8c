package py

import (
	"errors"

	"go.starlark.net/starlark"
)

// attribute is an attribute of a value of the runbook, or nil.
func Attribute(v Value, name string) (Value, error) {
	o, ok := v.(starlark.HasAttrs)
	if !ok || own(v) {
		return nil, nil
	}
	attr, err := o.Attr(name)
	return attr, NoSuchAttr(err)
}

// own reports whether a value's methods are Python's, not Starlark's.
func own(v Value) bool {
	switch v.(type) {
	case starlark.String, starlark.Bytes, *starlark.List, *starlark.Dict, *starlark.Set:
		return true
	}
	return false
}

// noSuchAttr drops the error that says only that there is no such attribute.
func NoSuchAttr(err error) error {
	if _, ok := errors.AsType[starlark.NoSuchAttrError](err); ok {
		return nil
	}
	return err
}

// Callable is a value that can be called.
type Callable interface {
	Value
	Call(args Args) (Value, error)
}
