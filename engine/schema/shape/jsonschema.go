package shape

import (
	"reflect"

	"cuelang.org/go/cue/token"
)

// The Schema methods tell each shape as JSON Schema, nil where a part of it is opaque.

// object is a JSON Schema, or a part of one.
type object = map[string]any

func (opaque) Schema() object { return nil }

func (e exact) Schema() object { return object{"const": e.value} }

func (d dict) Schema() object {
	if value := d.value.Schema(); value != nil {
		return object{"type": "object", "additionalProperties": value}
	}
	return nil
}

// jsonTypes names kinds as JSON Schema does; number comes before integer, which it includes.
var jsonTypes = []struct {
	kind kinds
	name string
}{
	{kindString, "string"},
	{kindBool, "boolean"},
	{kindInt | kindFloat, "number"},
	{kindInt, "integer"},
	{kindNull, "null"},
}

func (s scalar) Schema() object {
	var types []string
	left := s.kinds
	for _, t := range jsonTypes {
		if left&t.kind == t.kind {
			types, left = append(types, t.name), left&^t.kind
		}
	}
	out := object{"type": types}
	if len(types) == 1 {
		out["type"] = types[0]
	}
	var also []any
	for _, text := range s.not {
		if text == "" {
			out["minLength"] = 1
		} else {
			also = append(also, object{"not": object{"const": text}})
		}
	}
	for _, p := range s.patterns {
		match := object{"pattern": p.re.String()}
		if p.negate {
			match = object{"not": match}
		}
		also = append(also, match)
	}
	for _, b := range s.bounds {
		also = append(also, object{boundNames[b.op]: b.n})
	}
	return joined(out, also)
}

var boundNames = map[token.Token]string{
	token.GEQ: "minimum", token.GTR: "exclusiveMinimum", token.LEQ: "maximum", token.LSS: "exclusiveMaximum",
}

// joined adds conditions to a schema: directly where their words are free, else under allOf.
func joined(out object, also []any) object {
	var rest []any
	for _, one := range also {
		for word, value := range one.(object) {
			if _, taken := out[word]; taken {
				rest = append(rest, one)
			} else {
				out[word] = value
			}
		}
	}
	if rest != nil {
		out["allOf"] = rest
	}
	return out
}

func (l list) Schema() object {
	out := object{"type": "array", "items": false}
	if l.rest != nil {
		rest := l.rest.Schema()
		if rest == nil {
			return nil
		}
		out["items"] = rest
	}
	var items []any
	same := true
	for _, item := range l.items {
		part := item.Schema()
		if part == nil {
			return nil
		}
		same = same && reflect.DeepEqual(any(part), out["items"])
		items = append(items, part)
	}
	if len(items) > 0 {
		out["minItems"] = len(items)
	}
	if !same {
		out["prefixItems"] = items
	}
	return out
}

func (c choice) Schema() object {
	var values, parts []any
	for _, option := range c.options {
		part := option.Schema()
		if part == nil {
			return nil
		}
		parts = append(parts, part)
		if e, ok := option.(exact); ok {
			values = append(values, e.value)
		}
	}
	if len(values) == len(parts) {
		return object{"enum": values}
	}
	return object{"anyOf": parts}
}
