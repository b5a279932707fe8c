package py

import "go.starlark.net/starlark"

// Update adds the elements of a dict, or of a list of pairs, to a dict.
func Update(d *starlark.Dict, other Value) error {
	if o, ok := other.(*starlark.Dict); ok {
		for _, item := range o.Items() {
			if err := SetKey(d, item[0], item[1]); err != nil {
				return err
			}
		}
		return nil
	}
	items, err := Elements(other)
	if err != nil {
		return err
	}
	for i, item := range items {
		pair, err := Elements(item)
		if err != nil {
			return err
		}
		if len(pair) != 2 {
			return Errorf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := Hashable(pair[0]); err != nil {
			return err
		}
		if err := SetKey(d, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// CopyDict is a dict with the same elements.
func CopyDict(d *starlark.Dict) (*starlark.Dict, error) {
	out := starlark.NewDict(d.Len())
	return out, Update(out, d)
}

// SetKey sets an element of a dict. True and 1 are one key in Python, and so are False and 0; the first one stays.
func SetKey(d *starlark.Dict, key, v Value) error {
	if other := otherKey(key); other != nil {
		if _, had, err := d.Get(other); err == nil && had {
			return d.SetKey(other, v)
		}
	}
	return d.SetKey(key, v)
}

// otherKey is the key of another type that a key equals, or nil.
func otherKey(key Value) Value {
	switch k := key.(type) {
	case starlark.Bool:
		n, _ := Number(k)
		return n
	case starlark.Int, starlark.Float:
		for _, b := range []starlark.Bool{false, true} {
			if n, _ := Number(b); n != nil {
				if same, err := starlark.Equal(n, key); err == nil && same {
					return b
				}
			}
		}
	}
	return nil
}
