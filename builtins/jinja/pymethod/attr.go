// Package pymethod is the methods of Python's str, list and dict, and how a template finds attributes and elements of a value.
//
// It imports packages py and pyformat and the Starlark library only.
package pymethod

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// Attr returns v.name as Jinja looks it up: a method or an attribute, else the element with that key; undefined where
// there is neither.
func Attr(v py.Value, name string) (py.Value, error) {
	switch v := v.(type) {
	case *py.Undefined:
		if v.Lenient {
			return nil, v
		}
		return v, nil
	case py.Object:
		attr, err := v.Get(name)
		if attr != nil || err != nil {
			return attr, err
		}
		return missing(v, name), nil
	}
	if m := method(v, name); m != nil {
		return &bound{on: v, name: name, call: m}, nil
	}
	if d, ok := v.(*starlark.Dict); ok {
		if item, found, err := d.Get(starlark.String(name)); found || err != nil {
			return item, err
		}
		return missing(v, name), nil
	}
	if attr, err := py.Attribute(v, name); attr != nil || err != nil {
		return attr, err
	}
	item, found, err := py.Item(v, starlark.String(name))
	if found || err != nil {
		return item, err
	}
	return missing(v, name), nil
}

// Subscript returns v[key] as Jinja looks it up: an element, else the attribute of that name; undefined where there is
// neither.
func Subscript(v, key py.Value) (py.Value, error) {
	if u, ok := v.(*py.Undefined); ok {
		if u.Lenient {
			return nil, u
		}
		return u, nil
	}
	item, found, err := py.Item(v, key)
	if found || err != nil {
		return item, err
	}
	if name, ok := key.(starlark.String); ok {
		if o, ok := v.(py.Object); ok {
			attr, err := o.Get(string(name))
			if attr != nil || err != nil {
				return attr, err
			}
		} else if m := method(v, string(name)); m != nil {
			return &bound{on: v, name: string(name), call: m}, nil
		}
		if attr, err := py.Attribute(v, string(name)); attr != nil || err != nil {
			return attr, err
		}
		return missing(v, string(name)), nil
	}
	if err := py.Defined(key); err != nil {
		return nil, err
	}
	s, err := py.Repr(key)
	if err != nil {
		return nil, err
	}
	return &py.Undefined{Name: s, Of: objectName(v), Hint: objectName(v) + " has no element " + s}, nil
}

func missing(v py.Value, name string) *py.Undefined {
	return &py.Undefined{Name: name, Of: objectName(v)}
}

// objectName is what a message calls a value.
func objectName(v py.Value) string {
	if v == starlark.None {
		return "None"
	}
	return "'" + py.TypeName(v) + " object'"
}

// Method is a function of a value.
type Method func(on py.Value, args py.Args) (py.Value, error)

// bound is a method of a value that is not called yet.
type bound struct {
	on   py.Value
	name string
	call Method
}

func (b *bound) String() string       { return b.name }
func (b *bound) Type() string         { return "builtin_function_or_method" }
func (b *bound) Freeze()              {}
func (b *bound) Truth() starlark.Bool { return true }
func (b *bound) Hash() (uint32, error) {
	return 0, py.Errorf("unhashable type: 'builtin_function_or_method'")
}

// Text is refused: what Python prints has an address in memory.
func (b *bound) Text() (string, error) {
	return "", py.Errorf("%s is a method of %s; call it: %s()", b.name, py.TypeName(b.on), b.name)
}

// Call calls the method.
func (b *bound) Call(args py.Args) (py.Value, error) { return b.call(b.on, args) }

// CallMethod calls a method of a value; called is false where it has none of that name.
func CallMethod(v py.Value, name string, args py.Args) (out py.Value, called bool, err error) {
	m := method(v, name)
	if m == nil {
		return nil, false, nil
	}
	out, err = m(v, args)
	return out, true, err
}

// method finds a method of one of Python's types.
func method(v py.Value, name string) Method {
	switch v.(type) {
	case starlark.String:
		return stringMethods[name]
	case *starlark.List:
		return listMethods[name]
	case *starlark.Dict:
		return dictMethods[name]
	case starlark.Tuple, *py.Range:
		return sequenceMethods[name]
	case starlark.Int, starlark.Bool:
		return intMethods[name]
	case starlark.Float:
		return floatMethods[name]
	case starlark.Bytes:
		return bytesMethods[name]
	}
	return nil
}
