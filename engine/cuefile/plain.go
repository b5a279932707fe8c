package cuefile

import (
	"fmt"

	"cuelang.org/go/cue"
)

// Plain turns a concrete value into plain data: nil, bool, int64, float64, string, []any and
// map[string]any. A default counts where nothing else is said.
func Plain(v cue.Value) (any, error) {
	if d, ok := v.Default(); ok {
		v = d
	}
	switch kind := v.Kind(); kind {
	case cue.NullKind:
		return nil, nil
	case cue.BoolKind:
		return v.Bool()
	case cue.IntKind:
		n, err := v.Int64()
		if err != nil {
			return nil, fmt.Errorf("%v does not fit into 64 bits", v)
		}
		return n, nil
	case cue.FloatKind, cue.NumberKind:
		return v.Float64()
	case cue.StringKind:
		return v.String()
	case cue.ListKind:
		return plainList(v)
	case cue.StructKind:
		return plainStruct(v)
	default:
		return nil, fmt.Errorf("%s cannot be used here", kind)
	}
}

func plainList(v cue.Value) (any, error) {
	elements, err := v.List()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for elements.Next() {
		e, err := Plain(elements.Value())
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func plainStruct(v cue.Value) (any, error) {
	fields, err := v.Fields()
	if err != nil {
		return nil, err
	}
	data := map[string]any{}
	for fields.Next() {
		if data[fields.Selector().Unquoted()], err = Plain(fields.Value()); err != nil {
			return nil, err
		}
	}
	return data, nil
}
