package bounds

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// MaxKeyParts is how many values a key may consist of. Starlark hashes all of
// them, one inside the other, on the stack and without counting a step.
const MaxKeyParts = 100_000

// Key reports, as an error, that a value is nested too deep or has too many
// parts to be the key of a dict or an element of a set.
func Key(v starlark.Value) error {
	switch v.(type) {
	case starlark.Tuple, *starlarkstruct.Struct:
		left := MaxKeyParts
		return key(v, 0, &left)
	}
	return nil
}

func key(v starlark.Value, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("the key has more than %d parts", MaxKeyParts)
	}
	if depth > MaxDepth {
		return fmt.Errorf("the key is nested more than %d levels deep", MaxDepth)
	}
	switch v := v.(type) {
	case starlark.Tuple:
		for _, e := range v {
			if err := key(e, depth+1, left); err != nil {
				return err
			}
		}
	case *starlarkstruct.Struct:
		for _, e := range v.Entries() {
			if err := key(e, depth+1, left); err != nil {
				return err
			}
		}
	}
	return nil
}

// setKeys looks at the elements of what becomes a set.
func setKeys(args starlark.Tuple) error {
	return eachKey(args, func(e starlark.Value) starlark.Value { return e })
}

// dictKeys looks at the first of each pair of what becomes a dict.
func dictKeys(args starlark.Tuple) error {
	return eachKey(args, func(e starlark.Value) starlark.Value {
		if pair, ok := e.(starlark.Indexable); ok && pair.Len() == 2 {
			return pair.Index(0)
		}
		return starlark.None
	})
}

func eachKey(args starlark.Tuple, keyOf func(starlark.Value) starlark.Value) error {
	for _, arg := range args {
		list, ok := arg.(starlark.Indexable)
		if !ok || isText(arg) {
			continue
		}
		for i := range list.Len() {
			if err := Key(keyOf(list.Index(i))); err != nil {
				return err
			}
		}
	}
	return nil
}

// keyMethod is what a method does whose first argument is a key.
func keyMethod(_ starlark.Value, args starlark.Tuple, _ []starlark.Tuple, next func(starlark.Tuple) (starlark.Value, error)) (starlark.Value, error) {
	if len(args) > 0 {
		if err := Key(args[0]); err != nil {
			return nil, err
		}
	}
	return next(args)
}
