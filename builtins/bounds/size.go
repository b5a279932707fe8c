package bounds

import (
	"fmt"
	"math"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// MaxDepth is how deep values may be nested where they are printed or written:
// what is deeper would exhaust the process's stack.
const MaxDepth = 1000

// Printable reports, as an error, that str(v) would be too long or is nested too deep.
func Printable(what string, v starlark.Value) error {
	n, err := printed(v)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n > MaxValue {
		return bytesOf(what, n)
	}
	return nil
}

// printed returns about how many bytes v has when it is printed: exact for
// lists of texts without anything to escape, never more than a few times off.
func printed(v starlark.Value) (int64, error) {
	switch v := v.(type) {
	case starlark.String:
		return int64(len(v)), nil
	case starlark.Bytes:
		return int64(len(v)), nil
	case starlark.Int, starlark.Bool, starlark.NoneType, starlark.Float:
		return scalar(v), nil
	}
	m := measure{known: map[starlark.Value]int64{}}
	return m.value(v, 0)
}

func scalar(v starlark.Value) int64 {
	if n, ok := v.(starlark.Int); ok {
		if small, ok := n.Int64(); ok && small < 1e6 && small > -1e6 {
			return 7
		}
		return int64(n.BigInt().BitLen())/3 + 2
	}
	return 8
}

// measure adds up sizes. What is held in several places is looked at once and
// counted each time, as it is printed each time.
type measure struct {
	known map[starlark.Value]int64 // of containers that are pointers
}

// open marks a container that is being measured; one that holds itself is printed as "...".
const open = -1

func (m *measure) value(v starlark.Value, depth int) (int64, error) {
	if depth > MaxDepth {
		return 0, fmt.Errorf("the value is nested more than %d levels deep", MaxDepth)
	}
	switch v := v.(type) {
	case starlark.String:
		return int64(len(v)) + 2, nil
	case starlark.Bytes:
		return int64(len(v)) + 3, nil
	case starlark.Tuple:
		return m.tuple(v, depth)
	case *starlark.List, *starlark.Dict, *starlark.Set, *starlarkstruct.Struct:
		if n, ok := m.known[v]; ok {
			return max(n, 3), nil
		}
		m.known[v] = open
		n, err := m.container(v, depth)
		m.known[v] = n
		return n, err
	}
	return scalar(v), nil
}

func (m *measure) tuple(v starlark.Tuple, depth int) (int64, error) {
	total := int64(2)
	var last starlark.Value
	var n int64
	for i, e := range v {
		if i == 0 || !sameTuple(last, e) { // t = (s, s, s) costs one look
			var err error
			if n, err = m.value(e, depth+1); err != nil {
				return 0, err
			}
			last = e
		}
		if total = sum(total, n+2); total > MaxValue {
			return total, nil
		}
	}
	return total, nil
}

// sameTuple reports whether two values are one tuple.
func sameTuple(a, b starlark.Value) bool {
	ta, ok := a.(starlark.Tuple)
	if !ok {
		return false
	}
	tb, ok := b.(starlark.Tuple)
	return ok && len(ta) == len(tb) && len(ta) > 0 && &ta[0] == &tb[0]
}

func (m *measure) container(v starlark.Value, depth int) (int64, error) {
	total := int64(2)
	add := func(e starlark.Value) error {
		n, err := m.value(e, depth+1)
		total = sum(total, n+2)
		return err
	}
	switch v := v.(type) {
	case *starlark.List:
		for i := range v.Len() {
			if err := add(v.Index(i)); err != nil || total > MaxValue {
				return total, err
			}
		}
	case *starlark.Set:
		for e := range v.Elements() {
			if err := add(e); err != nil || total > MaxValue {
				return total, err
			}
		}
	case *starlark.Dict:
		for key, e := range v.Entries() {
			if err := add(key); err != nil {
				return total, err
			}
			if err := add(e); err != nil || total > MaxValue {
				return total, err
			}
		}
	case *starlarkstruct.Struct:
		for name, e := range v.Entries() {
			total += int64(len(name)) + 3
			if err := add(e); err != nil || total > MaxValue {
				return total, err
			}
		}
	}
	return total, nil
}

// sum adds without overflow.
func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// product multiplies without overflow.
func product(a, b int64) int64 {
	if a <= 0 || b <= 0 {
		return 0
	}
	if a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}
