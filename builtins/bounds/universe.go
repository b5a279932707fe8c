package bounds

import (
	"fmt"

	"go.starlark.net/starlark"
)

// universe returns the builtins of Starlark that are guarded, by name.
func universe() map[string]fn {
	return map[string]fn{
		"bytes":     iterables("bytes", 1),
		"dict":      keyed("dict", dictKeys),
		"enumerate": iterables("enumerate", 3*reference+header),
		"list":      iterables("list", reference),
		"reversed":  iterables("reversed", reference),
		"set":       keyed("set", setKeys),
		"sorted":    iterables("sorted", 2*reference), // the keys, too
		"tuple":     iterables("tuple", reference),
		"zip":       zip,

		"all": passing("all"), "any": passing("any"), "max": passing("max"), "min": passing("min"),

		"fail": printing("fail"), "repr": printing("repr"), "str": printing("str"),

		"int":     integer,
		"getattr": attribute,
	}
}

// Universe returns the builtins of Starlark that are guarded, to be predeclared.
func Universe() starlark.StringDict {
	names := starlark.StringDict{}
	for name, f := range universe() {
		names[name] = starlark.NewBuiltin(name, f)
	}
	return names
}

// original calls Starlark's own builtin.
func original(name string, thread *starlark.Thread, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	return starlark.Universe[name].(*starlark.Builtin).CallInternal(thread, args, kw)
}

// iterables guards a builtin that makes an element of a size for each of its argument's.
func iterables(name string, size int) fn {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		next := func(args starlark.Tuple) (starlark.Value, error) { return original(name, thread, args, kw) }
		return counted(name, args, size, next)
	}
}

// keyed guards a builtin that makes an entry for each of its argument's elements;
// look refuses those that cannot be keys, once there are few enough of them.
func keyed(name string, look func(starlark.Tuple) error) fn {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		return counted(name, args, entry, func(args starlark.Tuple) (starlark.Value, error) {
			if err := look(args); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return original(name, thread, args, kw)
		})
	}
}

// counted calls next with arguments that have few enough elements of a size, or that end where they would not.
func counted(name string, args starlark.Tuple, size int, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	limit := MaxValue / size
	var c *counter
	copied := false
	for i, arg := range args {
		switch n := lengthOf(arg); {
		case n > limit:
			return nil, elements(name, n, size)
		case n >= 0:
		default:
			if it, ok := arg.(starlark.Iterable); ok && !isText(arg) {
				if !copied {
					args, copied = append(starlark.Tuple(nil), args...), true
				}
				c = &counter{Iterable: it, left: limit}
				args[i] = c
			}
		}
	}
	v, err := next(args)
	if c != nil && c.over {
		return nil, elements(name, limit+1, size)
	}
	return v, err
}

func isText(v starlark.Value) bool {
	switch v.(type) {
	case starlark.String, starlark.Bytes:
		return true
	}
	return false
}

// lengthOf returns how many elements a value has, -1 where it does not say.
func lengthOf(v starlark.Value) int {
	switch v := v.(type) {
	case starlark.String, starlark.Bytes:
		return -1
	case starlark.Sequence:
		return v.Len()
	}
	return -1
}

// counter is an iterable that ends after a number of elements.
type counter struct {
	starlark.Iterable
	left int
	over bool
}

// Iterate implements starlark.Iterable.
func (c *counter) Iterate() starlark.Iterator {
	return &counting{Iterator: c.Iterable.Iterate(), of: c}
}

type counting struct {
	starlark.Iterator
	of *counter
}

// Next implements starlark.Iterator.
func (c *counting) Next(v *starlark.Value) bool {
	if !c.Iterator.Next(v) {
		return false
	}
	if c.of.left == 0 {
		c.of.over = true
		return false
	}
	c.of.left--
	return true
}

// zip guards zip, whose result is as long as the shortest argument.
func zip(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	next := func(args starlark.Tuple) (starlark.Value, error) { return original("zip", thread, args, kw) }
	size := header + reference*(len(args)+1)
	shortest := -1
	for _, arg := range args {
		if n := lengthOf(arg); n >= 0 && (shortest < 0 || n < shortest) {
			shortest = n
		}
	}
	switch {
	case shortest > MaxValue/size:
		return nil, elements("zip", shortest, size)
	case shortest >= 0:
		return next(args)
	}
	return counted("zip", args, size, next)
}

// passing guards a builtin that goes through its argument and keeps nothing:
// no step is counted and it cannot be interrupted meanwhile.
func passing(name string) fn {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if len(args) != 1 {
			return original(name, thread, args, kw)
		}
		it, ok := args[0].(starlark.Iterable)
		if !ok || lengthOf(args[0]) >= 0 && lengthOf(args[0]) <= MaxElements {
			return original(name, thread, args, kw)
		}
		c := &counter{Iterable: it, left: MaxElements}
		v, err := original(name, thread, starlark.Tuple{c}, kw)
		if c.over {
			return nil, &Error{What: name, Text: "the argument has too many elements", Max: fmt.Sprintf("%d elements", MaxElements)}
		}
		return v, err
	}
}

// printing guards a builtin that prints its arguments.
func printing(name string) fn {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := PrintableAll(name, args); err != nil {
			return nil, err
		}
		return original(name, thread, args, kw)
	}
}

// PrintableAll is Printable for several values that are printed as one text.
func PrintableAll(what string, values starlark.Tuple) error {
	var total int64
	for _, v := range values {
		n, err := printed(v)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if total = sum(total, n); total > MaxValue {
			return bytesOf(what, total)
		}
	}
	return nil
}

// integer guards int(), which takes long for long texts.
func integer(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		if text, ok := args[0].(starlark.String); ok && len(text) > MaxDigits {
			return nil, &Error{What: "int", Text: fmt.Sprintf("the text has %d characters", len(text)), Max: fmt.Sprintf("%d", MaxDigits)}
		}
	}
	return original("int", thread, args, kw)
}

// attribute guards getattr, which gives methods without a call that a rewritten file shows.
func attribute(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	v, err := original("getattr", thread, args, kw)
	if b, ok := v.(*starlark.Builtin); ok && err == nil && len(args) > 1 {
		if name, ok := starlark.AsString(args[1]); ok && b.Receiver() != nil {
			return guardMethod(name, b), nil
		}
	}
	return v, err
}
