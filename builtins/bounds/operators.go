package bounds

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Operators are those whose result may be too large.
var Operators = map[string]syntax.Token{
	"+": syntax.PLUS, "*": syntax.STAR, "%": syntax.PERCENT, "<<": syntax.LTLT, "|": syntax.PIPE,
}

// Binary reports, as an error, that the result of an operator of Operators would be too large.
func Binary(name string, x, y starlark.Value) error { return check(name, Operators[name], x, y) }

// InPlace returns what is to be added to x in its place, by an operator such as
// +=, or the error that the result would be too large: y, or, where y does not
// say how many elements it has, a list of them. An empty tuple stands for an x
// that is not known.
func InPlace(name string, x, y starlark.Value) (starlark.Value, error) {
	list, isList := x.(*starlark.List)
	if unknown, ok := x.(starlark.Tuple); ok && len(unknown) == 0 && !isText(y) {
		list, isList = starlark.NewList(nil), true
	}
	if isList && name == "+=" {
		return extension(list, y)
	}
	return y, check(name, Operators[strings.TrimSuffix(name, "=")], x, y)
}

// extension returns what is added to a list in place: y, or its elements where it does not say how many it has.
func extension(list *starlark.List, y starlark.Value) (starlark.Value, error) {
	n := lengthOf(y)
	if n >= 0 {
		if list.Len()+n > MaxValue/reference {
			return nil, elements("+=", list.Len()+n, reference)
		}
		return y, nil
	}
	it, ok := y.(starlark.Iterable)
	if !ok {
		return y, nil // Starlark says what is wrong
	}
	var added []starlark.Value
	iter := it.Iterate()
	defer iter.Done()
	var e starlark.Value
	for iter.Next(&e) {
		if list.Len()+len(added) >= MaxValue/reference {
			return nil, elements("+=", list.Len()+len(added)+1, reference)
		}
		added = append(added, e)
	}
	return starlark.NewList(added), nil
}

// check reports, as an error, that x op y would be too large.
func check(name string, op syntax.Token, x, y starlark.Value) error {
	switch op {
	case syntax.PLUS:
		return checkSum(name, x, y)
	case syntax.STAR:
		return checkProduct(name, x, y)
	case syntax.PERCENT:
		if text, ok := x.(starlark.String); ok {
			return checkFormat(name, string(text), y)
		}
	case syntax.LTLT:
		n, ok1 := x.(starlark.Int)
		shift, ok2 := y.(starlark.Int)
		if ok1 && ok2 {
			if by, ok := shift.Int64(); ok && by > 0 {
				return checkBits(name, sum(bits(n), by))
			}
		}
	case syntax.PIPE:
		n := lengthOf(x) + lengthOf(y)
		if n > MaxValue/entry {
			return elements(name, n, entry)
		}
	}
	return nil
}

func checkSum(name string, x, y starlark.Value) error {
	switch x := x.(type) {
	case starlark.String:
		if y, ok := y.(starlark.String); ok && len(x)+len(y) > MaxValue {
			return bytesOf(name, int64(len(x)+len(y)))
		}
	case starlark.Bytes:
		if y, ok := y.(starlark.Bytes); ok && len(x)+len(y) > MaxValue {
			return bytesOf(name, int64(len(x)+len(y)))
		}
	case *starlark.List:
		if y, ok := y.(*starlark.List); ok && x.Len()+y.Len() > MaxValue/reference {
			return elements(name, x.Len()+y.Len(), reference)
		}
	case starlark.Tuple:
		if y, ok := y.(starlark.Tuple); ok && x.Len()+y.Len() > MaxValue/reference {
			return elements(name, x.Len()+y.Len(), reference)
		}
	}
	return nil
}

func checkProduct(name string, x, y starlark.Value) error {
	n, ok := y.(starlark.Int)
	if !ok {
		x, y = y, x
		if n, ok = y.(starlark.Int); !ok {
			return nil
		}
	}
	if m, ok := x.(starlark.Int); ok {
		return checkBits(name, sum(bits(n), bits(m)))
	}
	have, size := repeated(x)
	if have <= 0 || n.Sign() <= 0 {
		return nil
	}
	times, ok := n.Int64()
	if !ok {
		return &Error{What: name, Text: "the number of repetitions has more than 64 bits", Max: amount(MaxValue) + " for one value"}
	}
	total := product(int64(have), times)
	switch {
	case product(total, size) <= MaxValue:
		return nil
	case size == 1:
		return &Error{
			What: name, Text: fmt.Sprintf("a text of %s, %d times, would take %s", count(int64(have), "byte"), times, amount(total)),
			Max: amount(MaxValue) + " for one value",
		}
	}
	return &Error{
		What: name, Text: fmt.Sprintf("%s, %d times, would take %s", count(int64(have), "element"), times, amount(product(total, size))),
		Max: amount(MaxValue) + " for one value",
	}
}

// repeated returns how many parts a value has that can be repeated, and what one takes.
func repeated(v starlark.Value) (n int, size int64) {
	switch v := v.(type) {
	case starlark.String:
		return len(v), 1
	case starlark.Bytes:
		return len(v), 1
	case *starlark.List:
		return v.Len(), reference
	case starlark.Tuple:
		return len(v), reference
	}
	return 0, 0
}

// checkFormat looks at "..." % y: each verb prints one element of y, or one of its keys.
func checkFormat(name, text string, y starlark.Value) error {
	total := int64(len(text))
	add := func(v starlark.Value) error {
		n, err := printed(v)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if total = sum(total, n); total > MaxValue {
			return bytesOf(name, total)
		}
		return nil
	}
	switch y := y.(type) {
	case starlark.Tuple:
		for _, v := range y {
			if err := add(v); err != nil {
				return err
			}
		}
		return nil
	case starlark.Mapping:
		return checkKeys(text, y, add)
	}
	return add(y)
}

// checkKeys adds up what each %(key) prints.
func checkKeys(text string, y starlark.Mapping, add func(starlark.Value) error) error {
	for {
		_, rest, found := strings.Cut(text, "%(")
		if !found {
			break
		}
		key, after, closed := strings.Cut(rest, ")")
		if !closed {
			break
		}
		text = after
		v, ok, err := y.Get(starlark.String(key))
		if err != nil || !ok {
			break // Starlark says that it is not there
		}
		if err := add(v); err != nil {
			return err
		}
	}
	if strings.Contains(text, "%") {
		return add(y) // "%s" % dict
	}
	return nil
}

func bits(n starlark.Int) int64 {
	if small, ok := n.Int64(); ok && small > -1<<31 && small < 1<<31 {
		return 31
	}
	return int64(n.BigInt().BitLen())
}

func checkBits(name string, n int64) error {
	if n <= MaxIntBits {
		return nil
	}
	return &Error{What: name, Text: fmt.Sprintf("the number would have about %d bits", n), Max: fmt.Sprintf("%d bits", MaxIntBits)}
}
