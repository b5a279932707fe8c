package py

import (
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// ASCII reports whether each byte of a string is a character.
func ASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Item returns v[key]; found is false where there is no such element.
func Item(v, key Value) (item Value, found bool, err error) {
	switch v := v.(type) {
	case *Undefined:
		return v, true, nil
	case *starlark.Dict:
		if Hashable(key) != nil {
			return nil, false, Defined(key)
		}
		return Lookup(v, key)
	case starlark.String:
		runes := []rune(nil)
		n := len(v)
		if !ASCII(string(v)) {
			runes = []rune(string(v))
			n = len(runes)
		}
		i, ok := at(key, n)
		if !ok {
			return nil, false, nil
		}
		if runes != nil {
			return starlark.String(runes[i]), true, nil
		}
		return v[i : i+1], true, nil
	case starlark.Indexable: // lists and tuples
		if i, ok := at(key, v.Len()); ok {
			return v.Index(i), true, nil
		}
		return nil, false, nil
	case *Range:
		if i, ok := at(key, v.Len()); ok {
			return v.At(i), true, nil
		}
		return nil, false, nil
	case starlark.Mapping:
		item, found, err := v.Get(key)
		if err != nil || found {
			return item, found, err
		}
	}
	return nil, false, nil
}

// at is the index that a key is, counted from the end if it is negative.
func at(key Value, n int) (int, bool) {
	i, ok := Int(key)
	if i < 0 {
		i += n
	}
	return i, ok && i >= 0 && i < n
}

// SliceOf returns v[lo:hi:step], of which each may be nil or None.
func SliceOf(v, lo, hi, step Value) (Value, error) {
	by, n := 1, 0
	if step != nil && step != starlark.None {
		var ok bool
		if by, ok = Int(step); !ok {
			return nil, Errorf("slice indices must be integers or None or have an __index__ method")
		}
		if by == 0 {
			return nil, Errorf("slice step cannot be zero")
		}
	}
	n, ok := Len(v)
	if !ok {
		return nil, Errorf("'%s' object is not subscriptable", TypeName(v))
	}
	from, to, err := Limits(lo, hi, by, n)
	if err != nil {
		return nil, err
	}
	r := Range{from, to, by}
	switch v := v.(type) {
	case starlark.String:
		if ASCII(string(v)) {
			if by == 1 {
				return v[from:max(from, to)], nil
			}
			var b strings.Builder
			for i := range r.Len() {
				b.WriteByte(v[from+i*by])
			}
			return starlark.String(b.String()), nil
		}
		runes := []rune(string(v))
		var b strings.Builder
		for i := range r.Len() {
			b.WriteRune(runes[from+i*by])
		}
		return starlark.String(b.String()), nil
	case *starlark.List:
		return starlark.NewList(picked(v, r)), nil
	case starlark.Tuple:
		return starlark.Tuple(picked(v, r)), nil
	case *Range:
		return &Range{v.Start + from*v.Step, v.Start + to*v.Step, v.Step * by}, nil
	}
	return nil, Errorf("'%s' object is not subscriptable", TypeName(v))
}

func picked(v starlark.Indexable, r Range) []Value {
	out := make([]Value, r.Len())
	for i := range out {
		out[i] = v.Index(r.Start + i*r.Step)
	}
	return out
}

// limits are the bounds of a slice within n elements.
func Limits(lo, hi Value, by, n int) (int, int, error) {
	first, last := 0, n
	least, most := 0, n
	if by < 0 {
		first, last = n-1, -1
		least, most = -1, n-1
	}
	get := func(v Value, otherwise int) (int, error) {
		if v == nil || v == starlark.None {
			return otherwise, nil
		}
		if err := Defined(v); err != nil {
			return 0, err
		}
		i, ok := Int(v)
		if !ok {
			if big, whole := v.(starlark.Int); whole {
				if big.Sign() < 0 {
					return least, nil
				}
				return most, nil
			}
			return 0, Errorf("slice indices must be integers or None or have an __index__ method")
		}
		if i < 0 {
			i += n
		}
		return min(max(i, least), most), nil
	}
	from, err := get(lo, first)
	if err != nil {
		return 0, 0, err
	}
	to, err := get(hi, last)
	return from, to, err
}
