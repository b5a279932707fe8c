package args

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/engine/unit"
)

// Size is a number of hosts: 3, or "25%".
type Size unit.Size

var _ starlark.Unpacker = (*Size)(nil)

// Unpack implements starlark.Unpacker.
func (s *Size) Unpack(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.Int:
		if n, err := starlark.AsInt32(v); err == nil && n >= 0 {
			*s = Size{N: n}
			return nil
		}
	case starlark.String:
		text := strings.TrimSpace(string(v))
		share, percent := strings.CutSuffix(text, "%")
		if n, err := strconv.Atoi(share); err == nil && n >= 0 && (!percent || n <= 100) {
			*s = Size{N: n, Percent: percent}
			return nil
		}
	}
	return fmt.Errorf("got %s, want a number of hosts, such as 3, or a share of them, such as \"25%%\"", v)
}

// Sizes are one size, or several in a list.
type Sizes []unit.Size

var _ starlark.Unpacker = (*Sizes)(nil)

// Unpack implements starlark.Unpacker.
func (s *Sizes) Unpack(v starlark.Value) error {
	values := []starlark.Value{v}
	if list, ok := v.(starlark.Sequence); ok {
		values = nil
		iter := list.Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			values = append(values, e)
		}
	}
	for _, v := range values {
		var one Size
		if err := one.Unpack(v); err != nil {
			return err
		}
		if one.N == 0 {
			return fmt.Errorf("got %s, want at least one host", v)
		}
		*s = append(*s, unit.Size(one))
	}
	return nil
}
