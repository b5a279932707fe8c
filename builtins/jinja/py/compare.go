package py

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Equal reports whether two values are equal: numbers and booleans by what they count, others only within their type.
func Equal(a, b Value) (bool, error) { return equal(a, b, 0) }

func equal(a, b Value, depth int) (bool, error) {
	if depth > maxNesting {
		return false, Errorf("values are nested more than %d levels deep, or hold themselves", maxNesting)
	}
	if err := Strict(a, b); err != nil {
		return false, err
	}
	if x, ok := Number(a); ok {
		y, ok := Number(b)
		if !ok {
			return false, nil
		}
		c, ordered := compareNumbers(x, y)
		return ordered && c == 0, nil
	}
	switch a := a.(type) {
	case *Undefined:
		_, same := b.(*Undefined)
		return same, nil
	case starlark.String:
		b, ok := b.(starlark.String)
		return ok && a == b, nil
	case *starlark.List:
		b, ok := b.(*starlark.List)
		if !ok || a.Len() != b.Len() {
			return false, nil
		}
		for i := range a.Len() {
			if same, err := equal(a.Index(i), b.Index(i), depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case starlark.Tuple:
		b, ok := b.(starlark.Tuple)
		if !ok || len(a) != len(b) {
			return false, nil
		}
		for i := range a {
			if same, err := equal(a[i], b[i], depth+1); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case *starlark.Dict:
		return equalDicts(a, b, depth)
	case *Range:
		b, ok := b.(*Range)
		if !ok || a.Len() != b.Len() {
			return false, nil
		}
		n := a.Len()
		return n == 0 || a.Start == b.Start && (n == 1 || a.Step == b.Step), nil
	case *View:
		b, ok := b.(*View)
		if !ok || a.Name != b.Name || a.Name == "dict_values" || len(a.Items) != len(b.Items) {
			return false, nil
		}
		for _, x := range a.Items {
			if in, err := member(b.Items, x); err != nil || !in {
				return false, err
			}
		}
		return true, nil
	}
	if a.Type() == b.Type() {
		return starlark.EqualDepth(a, b, maxNesting-depth)
	}
	return false, nil
}

func equalDicts(a *starlark.Dict, other Value, depth int) (bool, error) {
	b, ok := other.(*starlark.Dict)
	if !ok || a.Len() != b.Len() {
		return false, nil
	}
	for _, item := range a.Items() {
		v, found, err := b.Get(item[0])
		if err != nil || !found {
			return false, err
		}
		if same, err := equal(item[1], v, depth+1); err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// compareNumbers compares numbers exactly; ordered is false where one is not a number.
func compareNumbers(a, b Value) (c int, ordered bool) {
	x, xInt := a.(starlark.Int)
	y, yInt := b.(starlark.Int)
	if xInt && yInt {
		m, small := x.Int64()
		n, both := y.Int64()
		if small && both {
			return cmp.Compare(m, n), true
		}
		return x.BigInt().Cmp(y.BigInt()), true
	}
	if !xInt && !yInt {
		return compareFloats(float64(a.(starlark.Float)), float64(b.(starlark.Float)))
	}
	if !xInt {
		c, ordered := compareNumbers(b, a)
		return -c, ordered
	}
	f := float64(b.(starlark.Float))
	switch {
	case math.IsNaN(f):
		return 0, false
	case math.IsInf(f, 1):
		return -1, true
	case math.IsInf(f, -1):
		return 1, true
	}
	return new(big.Rat).SetInt(x.BigInt()).Cmp(new(big.Rat).SetFloat64(f)), true
}

func compareFloats(a, b float64) (int, bool) {
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, a == b
}

// Less reports whether a comes before b. Values of different types have no order.
func Less(a, b Value) (bool, error) {
	c, ordered, err := order(a, b, "<", 0)
	return ordered && c < 0, err
}

// order compares two values; ordered is false where one of them is not a number.
func order(a, b Value, op string, depth int) (c int, ordered bool, err error) {
	if depth > maxNesting {
		return 0, false, Errorf("values are nested more than %d levels deep, or hold themselves", maxNesting)
	}
	if err := Defined(a, b); err != nil {
		return 0, false, err
	}
	if x, ok := Number(a); ok {
		if y, ok := Number(b); ok {
			c, ordered := compareNumbers(x, y)
			return c, ordered, nil
		}
	}
	switch x := a.(type) {
	case starlark.String:
		if y, ok := b.(starlark.String); ok {
			return strings.Compare(string(x), string(y)), true, nil
		}
	case *starlark.List:
		if y, ok := b.(*starlark.List); ok {
			return orderItems(x, y, op, depth)
		}
	case starlark.Tuple:
		if y, ok := b.(starlark.Tuple); ok {
			return orderItems(x, y, op, depth)
		}
	case starlark.Indexable:
		if y, ok := b.(starlark.Indexable); ok && TypeName(a) == "tuple" && TypeName(b) == "tuple" {
			return orderItems(x, y, op, depth)
		}
	case starlark.Comparable:
		if a.Type() == b.Type() {
			if less, err := starlark.Compare(syntax.LT, a, b); err != nil || less {
				return -1, true, err
			}
			same, err := starlark.Equal(a, b)
			if same {
				return 0, true, err
			}
			return 1, true, err
		}
	}
	return 0, false, Errorf("'%s' not supported between instances of '%s' and '%s'", op, TypeName(a), TypeName(b))
}

func orderItems(a, b starlark.Indexable, op string, depth int) (int, bool, error) {
	for i := range min(a.Len(), b.Len()) {
		same, err := equal(a.Index(i), b.Index(i), depth+1)
		if err != nil {
			return 0, false, err
		}
		if !same {
			return order(a.Index(i), b.Index(i), op, depth+1)
		}
	}
	c, ordered := compareFloats(float64(a.Len()), float64(b.Len()))
	return c, ordered, nil
}

// Compare answers one of the operators == != < <= > >= in notin.
func Compare(op string, a, b Value) (bool, error) {
	switch op {
	case "==", "!=":
		same, err := Equal(a, b)
		return same == (op == "=="), err
	case "in", "notin":
		in, err := Contains(b, a)
		return in == (op == "in"), err
	}
	c, ordered, err := order(a, b, op, 0)
	if err != nil || !ordered {
		return false, err
	}
	switch op {
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

// Contains reports whether a value is an element of another, a key of a dict, or a part of a string.
func Contains(in, v Value) (bool, error) {
	switch c := in.(type) {
	case *Undefined:
		return false, c
	case starlark.String:
		part, ok := v.(starlark.String)
		if !ok {
			if err := Defined(v); err != nil {
				return false, err
			}
			return false, Errorf("'in <string>' requires string as left operand, not %s", TypeName(v))
		}
		return strings.Contains(string(c), string(part)), nil
	case *starlark.Dict:
		_, found, err := Lookup(c, v)
		return found, err
	case *Range:
		items, err := Elements(c)
		if err != nil {
			return false, err
		}
		return member(items, v)
	case starlark.Iterable, *View, interface{ Iterator() Iterator }:
		items, err := Elements(in)
		if err != nil {
			return false, err
		}
		return member(items, v)
	case starlark.Container:
		return c.Has(v)
	case starlark.HasAttrs:
		attr, err := c.Attr(text(v))
		return attr != nil, NoSuchAttr(err)
	}
	return false, Errorf("argument of type '%s' is not iterable", TypeName(in))
}

func text(v Value) string {
	s, _ := v.(starlark.String)
	return string(s)
}

// member reports whether a value equals one of others. What is the very same undefined value does, as in Python.
func member(items []Value, v Value) (bool, error) {
	for _, item := range items {
		if same, err := Equal(item, v); err != nil || same {
			return same, err
		}
	}
	return false, nil
}

// Member reports whether a value equals one of others.
func Member(items []Value, v Value) (bool, error) { return member(items, v) }

// Lookup finds a key of a dict.
func Lookup(d *starlark.Dict, key Value) (Value, bool, error) {
	if err := Hashable(key); err != nil {
		return nil, false, err
	}
	v, found, err := d.Get(key)
	if found || err != nil {
		return v, found, err
	}
	if other := otherKey(key); other != nil && d.Len() > 0 {
		return d.Get(other)
	}
	return nil, false, nil
}

// Hashable reports, as an error, that a value cannot be a key.
func Hashable(v Value) error {
	switch v := v.(type) {
	case *Undefined:
		return v
	case starlark.Tuple:
		for _, e := range v {
			if err := Hashable(e); err != nil {
				return err
			}
		}
	case *View:
		_, err := v.Hash()
		return err
	case *starlark.List, *starlark.Dict, *starlark.Set:
		return unhashable(v)
	}
	return nil
}

// Sort sorts values, keeping the order of equal ones.
func Sort(items []Value, down bool) error { return SortBy(items, items, down) }

// SortBy sorts values by keys, of which each has one, keeping the order of equal ones.
func SortBy(items, keys []Value, down bool) error {
	type pair struct{ item, key Value }
	pairs := make([]pair, len(items))
	for i := range items {
		pairs[i] = pair{items[i], keys[i]}
	}
	var failed error
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if failed != nil {
			return 0
		}
		if down {
			a, b = b, a
		}
		c, _, err := order(a.key, b.key, "<", 0)
		if err != nil {
			failed = err
		}
		return c
	})
	for i, p := range pairs {
		items[i] = p.item
	}
	return failed
}
