// Package plain turns Starlark values into plain data and back: nil, bool,
// int64, float64, string, []any and map[string]any, the shapes that JSON has.
//
// Beside the Starlark library it imports engine/secret and engine/diag: text that holds
// secrets has a type of its own.
package plain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// MaxDepth bounds nesting, so that a list that holds itself ends in an error.
const MaxDepth = 64

// MaxSize bounds plain data, in bytes: a list that holds one value in ten
// places ten levels deep is small, and ten billion values as plain data.
const MaxSize = 64 << 20

// element is about what a value takes beside its text.
const element = 16

// Plainer is a value of ours that knows its plain form, or says why it has none.
type Plainer interface {
	Plain() (any, error)
}

// Error is a value that has no plain form, with the way to it: ["a"][2].
type Error struct {
	Path  string
	Cause error
}

func (e *Error) Error() string {
	if e.Path == "" {
		return e.Cause.Error()
	}
	return "at " + e.Path + ": " + e.Cause.Error()
}

func (e *Error) Unwrap() error { return e.Cause }

// To turns a Starlark value into plain data.
func To(v starlark.Value) (any, error) { return Convert(v, nil) }

// Convert is To, but asks special first for every value within v; where that
// reports true, its answer stands.
func Convert(v starlark.Value, special func(starlark.Value) (any, bool, error)) (any, error) {
	return (&converter{special: special, left: MaxSize}).to(v, 0)
}

type converter struct {
	special func(starlark.Value) (any, bool, error)
	left    int // bytes
}

// ErrTooLarge is of a value that is much larger as plain data: what is held in
// several places is in each of them.
var ErrTooLarge = fmt.Errorf("value is too large: as plain data it takes more than %d MiB", MaxSize>>20)

// Size is about what a value takes as plain data, without what it holds.
func Size(v starlark.Value) int {
	if text, ok := v.(starlark.String); ok {
		return element + len(text)
	}
	return element
}

func (c *converter) to(v starlark.Value, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, errors.New("value is nested too deeply, or holds itself")
	}
	if c.left -= Size(v); c.left < 0 {
		return nil, ErrTooLarge
	}
	if c.special != nil {
		if value, ok, err := c.special(v); ok || err != nil {
			return value, err
		}
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.String:
		return text(string(v))
	case starlark.Int:
		n, ok := v.Int64()
		if !ok {
			return nil, fmt.Errorf("number %s does not fit into 64 bits", shortNumber(v))
		}
		return n, nil
	case starlark.Float:
		return float64(v), nil
	case Plainer:
		return v.Plain()
	case *starlark.Dict:
		return c.fromItems(v.Items(), depth)
	case *starlarkstruct.Struct:
		return c.fromStruct(v, depth)
	case starlark.Callable:
		return nil, fmt.Errorf("a function (%s) is not a value", v.Name())
	case starlark.Iterable: // list, tuple, set, range
		return c.fromIterable(v, depth)
	}
	return nil, fmt.Errorf("%s cannot be used as a value here", v.Type())
}

// shortNumber writes a number that fits into a message.
func shortNumber(n starlark.Int) string {
	if big := n.BigInt(); big.BitLen() > 256 {
		return fmt.Sprintf("of %d bits", big.BitLen())
	}
	return n.String()
}

func text(s string) (any, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("text is not valid UTF-8")
	}
	return s, nil
}

func (c *converter) fromItems(items []starlark.Tuple, depth int) (any, error) {
	m := make(map[string]any, len(items))
	for _, item := range items {
		key, ok := starlark.AsString(item[0])
		if !ok {
			return nil, notText(item[0])
		}
		if c.left -= len(key); c.left < 0 {
			return nil, ErrTooLarge
		}
		value, err := c.to(item[1], depth+1)
		if err != nil {
			return nil, at(fmt.Sprintf("[%q]", key), err)
		}
		m[key] = value
	}
	return m, nil
}

func notText(key starlark.Value) error {
	switch key := key.(type) {
	case starlark.Tuple: // may be large
		return errors.New("a key that is a tuple is not a string")
	case starlark.Int:
		return fmt.Errorf("key %s is not a string", shortNumber(key))
	}
	return fmt.Errorf("key %s is not a string", key)
}

func (c *converter) fromStruct(s *starlarkstruct.Struct, depth int) (any, error) {
	m := make(map[string]any, s.Len())
	for name, v := range s.Entries() {
		value, err := c.to(v, depth+1)
		if err != nil {
			return nil, at("."+name, err)
		}
		m[name] = value
	}
	return m, nil
}

func (c *converter) fromIterable(v starlark.Iterable, depth int) (any, error) {
	list := []any{}
	iter := v.Iterate()
	defer iter.Done()
	var elem starlark.Value
	for i := 0; iter.Next(&elem); i++ {
		value, err := c.to(elem, depth+1)
		if err != nil {
			return nil, at(fmt.Sprintf("[%d]", i), err)
		}
		list = append(list, value)
	}
	return list, nil
}

// at puts a step in front of an error's path.
func at(step string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Path: step + e.Path, Cause: e.Cause}
	}
	return &Error{Path: step, Cause: err}
}

// From turns plain data into Starlark values; maps become dicts with sorted keys.
func From(v any) (starlark.Value, error) {
	return from(v, func(m map[string]starlark.Value) starlark.Value {
		d := starlark.NewDict(len(m))
		for _, k := range slices.Sorted(maps.Keys(m)) {
			d.SetKey(starlark.String(k), m[k]) //nolint:errcheck // a new dict takes every string as key
		}
		return d
	})
}

// FromStruct is From, but maps become structs, whose fields are read as attributes.
func FromStruct(v any) (starlark.Value, error) {
	return from(v, func(m map[string]starlark.Value) starlark.Value {
		return starlarkstruct.FromStringDict(starlarkstruct.Default, m)
	})
}

func from(v any, object func(map[string]starlark.Value) starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(v), nil
	case string:
		return Text(v), nil
	case int:
		return starlark.MakeInt(v), nil
	case int64:
		return starlark.MakeInt64(v), nil
	case uint32:
		return starlark.MakeUint64(uint64(v)), nil
	case uint64:
		return starlark.MakeUint64(v), nil
	case float64:
		return starlark.Float(v), nil
	case []string:
		return starlark.NewList(strs(v)), nil
	case []any:
		list := make([]starlark.Value, len(v))
		for i, e := range v {
			value, err := from(e, object)
			if err != nil {
				return nil, at(fmt.Sprintf("[%d]", i), err)
			}
			list[i] = value
		}
		return starlark.NewList(list), nil
	case map[string]any:
		m := make(map[string]starlark.Value, len(v))
		for k, e := range v {
			value, err := from(e, object)
			if err != nil {
				return nil, at(fmt.Sprintf("[%q]", k), err)
			}
			m[k] = value
		}
		return object(m), nil
	case map[string]string:
		m := make(map[string]starlark.Value, len(v))
		for k, e := range v {
			m[k] = Text(e)
		}
		return object(m), nil
	}
	return nil, fmt.Errorf("data of type %s has no form in a runbook", strings.TrimPrefix(fmt.Sprintf("%T", v), "*"))
}

func strs(list []string) []starlark.Value {
	out := make([]starlark.Value, len(list))
	for i, s := range list {
		out[i] = Text(s)
	}
	return out
}
