// Package bounds keeps one step of an evaluation from taking memory without
// bound: it replaces the builtins, methods and operators of Starlark whose
// result can be far larger than their source text by ones that first look at
// how large it would be.
//
// A name of the universe is replaced by predeclaring it. Methods and operators
// cannot be replaced from outside; package guard turns them into calls that look
// here first. What grows step by step is not looked at here: a watchdog in
// runtime/script ends it.
//
// It imports the Starlark library only.
package bounds

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"
)

// Limits of one value.
const (
	// MaxValue is how many bytes one value may take, counting what it refers to by reference only.
	MaxValue = 256 << 20
	// MaxParse is how many bytes a text may have that is taken apart: JSON, YAML, CSV, expressions.
	MaxParse = 16 << 20
	// MaxIntBits is how many bits a whole number may have.
	MaxIntBits = 1 << 20
	// MaxDigits is how many characters a text may have that int() reads.
	MaxDigits = 300_000
	// MaxElements is how many elements one call may go through without making anything of them.
	MaxElements = 10_000_000
)

// What an element takes, in bytes.
const (
	reference = 16 // an element of a list or tuple
	header    = 24 // a tuple itself
	entry     = 64 // an entry of a dict or set
)

// Error is a value that would be too large.
type Error struct {
	What string // "list"
	Text string // "the result would have 2000000000 elements"
	Max  string // "268435456 bytes"
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s; the limit is %s", e.What, e.Text, e.Max)
}

// Hint says what to do.
func (e *Error) Hint() string {
	return "work on a part, or keep large content in a file: file(..., source = \"...\") sends it as it is"
}

// elements is the error of too many elements of a size.
func elements(what string, n, size int) error {
	return &Error{
		What: what, Text: fmt.Sprintf("a value of %s would take %s", count(int64(n), "element"), amount(int64(n)*int64(size))),
		Max: amount(MaxValue) + " for one value",
	}
}

// bytesOf is the error of a text that is too long; n is at least that.
func bytesOf(what string, n int64) error {
	return &Error{What: what, Text: "the text would take " + amount(n), Max: amount(MaxValue) + " for one value"}
}

// Text reports, as an error, that a text of n bytes would be too large.
func Text(what string, n int64) error {
	if n <= MaxValue {
		return nil
	}
	return bytesOf(what, n)
}

// Parsable reports, as an error, that a text is too large to be taken apart.
// Values that are no text are fine.
func Parsable(what string, v starlark.Value) error {
	var n int
	switch v := v.(type) {
	case starlark.String:
		n = len(v)
	case starlark.Bytes:
		n = len(v)
	}
	if n <= MaxParse {
		return nil
	}
	return &Error{What: what, Text: "the text has " + amount(int64(n)), Max: amount(MaxParse)}
}

// amount writes a number of bytes for people.
func amount(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return count(n, "byte")
}

// count writes a number of things.
func count(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// fn is a builtin's implementation.
type fn = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// Guarded lists what is guarded by the size of its result, for the documentation: builtins, methods and operators.
func Guarded() (functions, methodNames, operatorNames []string) {
	return slices.Sorted(maps.Keys(universe())), slices.Sorted(maps.Keys(methods)), slices.Sorted(maps.Keys(Operators))
}
