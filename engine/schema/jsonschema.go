package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/encoding/jsonschema"
)

// object is a JSON Schema, or a part of one.
type object = map[string]any

// JSONSchema returns the type's arguments as JSON Schema (2020-12), with the
// outputs as $defs/result. Arguments that CUE alone understands are told by
// CUE's own generator; all others are written here, because that generator
// leaves out defaults, and limits beside them.
func JSONSchema(t *Type) ([]byte, error) {
	foreign, err := t.generate()
	if err != nil {
		return nil, fmt.Errorf("JSON Schema of %s: %w", t.Name, err)
	}
	root := properties(t.Fields, t.rules, foreign)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = t.Name
	if t.Doc != "" {
		root["description"] = t.Doc
	}
	root["additionalProperties"] = false
	if rules := t.relations(); rules != nil {
		root["allOf"] = rules
	}
	if len(t.Outputs) > 0 {
		foreign.defs["result"] = properties(t.Outputs, t.results, generated{})
	}
	if len(foreign.defs) > 0 {
		root["$defs"] = foreign.defs
	}
	return json.MarshalIndent(root, "", "  ")
}

// generated is what CUE's generator makes of a type.
type generated struct{ root, defs object }

// generate asks CUE's generator, if there is a field to ask about.
func (t *Type) generate() (generated, error) {
	out := generated{defs: object{}}
	if !slices.ContainsFunc(t.rules, func(r rule) bool { return r.shape.Schema() == nil }) {
		return out, nil
	}
	expr, err := jsonschema.Generate(t.value, &jsonschema.GenerateConfig{Version: jsonschema.VersionDraft2020_12})
	if err != nil {
		return out, err
	}
	text, err := cuecontext.New().BuildExpr(expr).MarshalJSON()
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out.root); err != nil {
		return out, err
	}
	if defs, ok := out.root["$defs"].(object); ok {
		out.defs = defs
	}
	return out, nil
}

// property returns what the generator says of a field: where the type
// stands in $defs itself, or at the root.
func (g generated) property(field string) object {
	at := g.root
	if ref, ok := at["$ref"].(string); ok {
		at, _ = g.defs[strings.TrimPrefix(ref, "#/$defs/")].(object)
	}
	all, _ := at["properties"].(object)
	part, _ := all[field].(object)
	if part == nil {
		return object{}
	}
	return maps.Clone(part)
}

// properties describes fields, each with what the generator says where its shape is not known.
func properties(fields []Field, rules []rule, foreign generated) object {
	all, required := object{}, []string{}
	for i, f := range fields {
		part := rules[i].shape.Schema()
		if part == nil {
			part = foreign.property(f.Name)
		}
		if f.Doc != "" {
			part["description"] = f.Doc
		}
		if f.Host {
			part["description"] = strings.TrimSpace(f.Doc + " The name of a host.")
		}
		if f.HasDefault {
			part["default"] = f.Default
		}
		all[f.Name] = part
		if f.Required {
			required = append(required, f.Name)
		}
	}
	return object{"type": "object", "properties": all, "required": required}
}

// relations says in JSON Schema what the fields' attributes say of each other.
func (t *Type) relations() []any {
	var out []any
	for i := range t.Fields {
		for _, other := range t.rules[i].conflicts {
			out = append(out, object{"not": object{"allOf": []any{t.used(i), t.used(t.index[other])}}})
		}
		for _, c := range t.rules[i].needs {
			out = append(out, object{"if": t.used(i), "then": t.holds(c)})
		}
		for _, c := range t.rules[i].required {
			out = append(out, object{"if": t.holds(c), "then": object{"required": []string{t.Fields[i].Name}}})
		}
	}
	return out
}

// used is the schema of calls that give field i as something else than its default.
func (t *Type) used(i int) object {
	f := t.Fields[i]
	out := object{"required": []string{f.Name}}
	if f.HasDefault {
		out["properties"] = object{f.Name: object{"not": object{"const": f.Default}}}
	}
	return out
}

// holds is the schema of calls for which a condition holds.
func (t *Type) holds(c condition) object {
	f := t.Fields[t.index[c.field]]
	values := make([]any, len(c.values))
	preset := false
	for i, text := range c.values {
		values[i] = conditionValue(f.Kind, text)
		preset = preset || f.HasDefault && reflect.DeepEqual(values[i], f.Default)
	}
	out := object{"properties": object{c.field: object{"enum": values}}}
	if !preset {
		out["required"] = []string{c.field}
	}
	return out
}

// conditionValue reads a value of a condition as one of the field's kind.
func conditionValue(kind, text string) any {
	switch kind {
	case "bool":
		return text == "true"
	case "int":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}
