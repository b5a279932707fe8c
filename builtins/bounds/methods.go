package bounds

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// method looks at a call of a method before it is made. It may replace the arguments.
type method func(recv starlark.Value, args starlark.Tuple, kw []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error)

// methods are the guarded ones, by name; on values of other types they are left alone.
var methods = map[string]method{
	"join":       join,
	"replace":    replace,
	"format":     format,
	"split":      split,
	"rsplit":     split,
	"splitlines": split,
	"extend":     extend,

	"union": grow, "update": grow, "difference": grow, "intersection": grow, "symmetric_difference": grow,
}

// keyMethods are those whose first argument is a key.
var keyMethods = []string{"add", "discard", "get", "pop", "remove", "setdefault"}

// guardOf returns the guard of a method, or nil.
func guardOf(name string) method {
	if m := methods[name]; m != nil {
		return m
	}
	if slices.Contains(keyMethods, name) {
		return keyMethod
	}
	return nil
}

// Methods lists the names of the guarded methods.
func Methods() []string { return slices.Concat(slices.Sorted(maps.Keys(methods)), keyMethods) }

// IsMethod reports whether a method of that name is guarded.
func IsMethod(name string) bool { return guardOf(name) != nil }

// Attr is x.name, where a guarded method is given with its guard.
func Attr(x starlark.Value, name string) (starlark.Value, error) {
	v, err := attrOf(x, name)
	if own, ok := v.(*starlark.Builtin); ok && err == nil && own.Receiver() != nil {
		return guardMethod(name, own), nil
	}
	return v, err
}

// guardMethod returns the method guarded, or as it is where none of ours guards it.
func guardMethod(name string, b *starlark.Builtin) starlark.Value {
	m := guardOf(name)
	if m == nil || !ownType(b.Receiver()) {
		return b
	}
	return starlark.NewBuiltin(b.Name(), func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return m(b.Receiver(), args, kw, func(args starlark.Tuple) (starlark.Value, error) {
			return b.CallInternal(thread, args, kw)
		})
	}).BindReceiver(b.Receiver())
}

// ownType reports whether a value is of one of Starlark's own types.
func ownType(v starlark.Value) bool {
	switch v.(type) {
	case starlark.String, starlark.Bytes, *starlark.List, *starlark.Dict, *starlark.Set:
		return true
	}
	return false
}

// attrOf is x.name, with Starlark's own messages.
func attrOf(x starlark.Value, name string) (starlark.Value, error) {
	none := starlark.NoSuchAttrError(fmt.Sprintf("%s has no .%s field or method", x.Type(), name))
	v, ok := x.(starlark.HasAttrs)
	if !ok {
		return nil, none
	}
	attr, err := v.Attr(name)
	if _, missing := err.(starlark.NoSuchAttrError); missing || attr == nil && err == nil { //nolint:errorlint // as Starlark does
		if err != nil {
			return nil, err
		}
		return nil, none
	}
	return attr, err
}

// join: every element, and the text between them.
func join(recv starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	sep, ok := recv.(starlark.String)
	if !ok || len(args) != 1 {
		return next(args)
	}
	it, ok := args[0].(starlark.Iterable)
	if !ok {
		return next(args)
	}
	var total int64
	iter := it.Iterate()
	defer iter.Done()
	var e starlark.Value
	for iter.Next(&e) {
		text, ok := e.(starlark.String)
		if !ok {
			break // Starlark says what is wrong
		}
		if total = sum(total, int64(len(text)+len(sep))); total > MaxValue {
			return nil, bytesOf("join", total)
		}
	}
	return next(args)
}

// replace: as many replacements as there are, each as long as it is.
func replace(recv starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	text, ok := recv.(starlark.String)
	if !ok || len(args) < 2 {
		return next(args)
	}
	before, ok1 := starlark.AsString(args[0])
	after, ok2 := starlark.AsString(args[1])
	if !ok1 || !ok2 || len(after) <= len(before) {
		return next(args)
	}
	if sum(int64(len(text)), product(int64(len(text)+1), int64(len(after)))) <= MaxValue {
		return next(args)
	}
	n := int64(strings.Count(string(text), before))
	if len(args) > 2 {
		if most, err := starlark.AsInt32(args[2]); err == nil && most >= 0 {
			n = min(n, int64(most))
		}
	}
	if total := sum(int64(len(text)), product(n, int64(len(after)-len(before)))); total > MaxValue {
		return nil, bytesOf("replace", total)
	}
	return next(args)
}

// format: every replacement field prints one argument, and none more than the text has fields.
func format(recv starlark.Value, args starlark.Tuple, kw []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	text, ok := recv.(starlark.String)
	if !ok {
		return next(args)
	}
	var total, largest int64
	values := append(starlark.Tuple(nil), args...)
	for _, pair := range kw {
		values = append(values, pair[1])
	}
	for _, v := range values {
		n, err := printed(v)
		if err != nil {
			return nil, fmt.Errorf("format: %w", err)
		}
		total, largest = sum(total, n), max(largest, n)
	}
	fields := int64(strings.Count(string(text), "{"))
	if fields > int64(len(values)) { // some are printed more than once
		total = product(fields, largest)
	}
	if total = sum(total, int64(len(text))); total > MaxValue {
		return nil, bytesOf("format", total)
	}
	return next(args)
}

// split: a text for each part.
func split(recv starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	const part = 2 * reference
	text, ok := recv.(starlark.String)
	if !ok || len(text) <= MaxValue/part {
		return next(args)
	}
	n := 0
	switch sep, given := firstText(args); {
	case given && sep != "":
		n = strings.Count(string(text), sep) + 1
	case given:
		return next(args) // Starlark says that it is empty
	default:
		n = spaces(string(text)) + 1
	}
	if len(args) > 1 {
		if most, err := starlark.AsInt32(args[1]); err == nil && most >= 0 {
			n = min(n, most+1)
		}
	}
	if n > MaxValue/part {
		return nil, elements("split", n, part)
	}
	return next(args)
}

func firstText(args starlark.Tuple) (string, bool) {
	if len(args) == 0 {
		return "", false
	}
	return starlark.AsString(args[0])
}

// spaces counts the bytes at which a text may be split that is split at spaces or lines.
func spaces(text string) int {
	n := 0
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x80 {
			n++
		}
	}
	return n
}

// extend: the elements of the argument come to those of the list.
func extend(recv starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	list, ok := recv.(*starlark.List)
	if !ok || len(args) != 1 {
		return next(args)
	}
	if n := lengthOf(args[0]); n >= 0 && list.Len()+n > MaxValue/reference {
		return nil, elements("extend", list.Len()+n, reference)
	}
	return counted("extend", args, reference, next)
}

// grow: a set or dict that gets the elements of the arguments.
func grow(recv starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	have := 0
	if s, ok := recv.(starlark.Sequence); ok {
		have = s.Len()
	}
	for _, arg := range args {
		if n := lengthOf(arg); n >= 0 {
			have += n
		}
	}
	if have > MaxValue/entry {
		return nil, elements(recv.Type(), have, entry)
	}
	keys := setKeys
	if _, ok := recv.(*starlark.Dict); ok {
		keys = dictKeys
	}
	if err := keys(args); err != nil {
		return nil, err
	}
	return counted(recv.Type(), args, entry, next)
}
