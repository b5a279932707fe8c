package reference

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/encoding/jsonschema"
	"github.com/openfroyo/froyo/engine/schema"
)

// object is a JSON Schema, or a part of one.
type object = map[string]any

// JSONSchema returns the type's arguments as JSON Schema (2020-12), with the
// outputs as $defs/result. Arguments that CUE alone understands are told by
// CUE's own generator; all others are written here, because that generator
// leaves out defaults, and limits beside them.
func JSONSchema(t *schema.Type) ([]byte, error) {
	foreign, err := generate(t)
	if err != nil {
		return nil, fmt.Errorf("JSON Schema of %s: %w", t.Name, err)
	}
	root := properties(t.Fields, t.Rules, foreign)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = t.Name
	if t.Doc != "" {
		root["description"] = t.Doc
	}
	root["additionalProperties"] = false
	if rules := relations(t); rules != nil {
		root["allOf"] = rules
	}
	if len(t.Outputs) > 0 {
		foreign.defs["result"] = properties(t.Outputs, t.Results, generated{})
	}
	if len(foreign.defs) > 0 {
		root["$defs"] = foreign.defs
	}
	return json.MarshalIndent(root, "", "  ")
}

// generated is what CUE's generator makes of a type.
type generated struct{ root, defs object }

// generate asks CUE's generator, if there is a field to ask about.
func generate(t *schema.Type) (generated, error) {
	out := generated{defs: object{}}
	if !slices.ContainsFunc(t.Rules, func(r schema.Rule) bool { return r.Shape.Schema() == nil }) {
		return out, nil
	}
	expr, err := jsonschema.Generate(t.Value, &jsonschema.GenerateConfig{Version: jsonschema.VersionDraft2020_12})
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
func properties(fields []schema.Field, rules []schema.Rule, foreign generated) object {
	all, required := object{}, []string{}
	for i, f := range fields {
		part := rules[i].Shape.Schema()
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
func relations(t *schema.Type) []any {
	var out []any
	for i := range t.Fields {
		for _, other := range t.Rules[i].Conflicts {
			out = append(out, object{"not": object{"allOf": []any{used(t, i), used(t, t.Index(other))}}})
		}
		for _, c := range t.Rules[i].Needs {
			out = append(out, object{"if": used(t, i), "then": holds(t, c)})
		}
		for _, c := range t.Rules[i].Required {
			out = append(out, object{"if": holds(t, c), "then": object{"required": []string{t.Fields[i].Name}}})
		}
	}
	return out
}

// used is the schema of calls that give field i as something else than its default.
func used(t *schema.Type, i int) object {
	f := t.Fields[i]
	out := object{"required": []string{f.Name}}
	if f.HasDefault {
		out["properties"] = object{f.Name: object{"not": object{"const": f.Default}}}
	}
	return out
}

// holds is the schema of calls for which a condition holds.
func holds(t *schema.Type, c schema.Condition) object {
	f := t.Fields[t.Index(c.Field)]
	values := make([]any, len(c.Values))
	preset := false
	for i, text := range c.Values {
		values[i] = f.Read(text)
		preset = preset || f.HasDefault && reflect.DeepEqual(values[i], f.Default)
	}
	out := object{"properties": object{c.Field: object{"enum": values}}}
	if !preset {
		out["required"] = []string{c.Field}
	}
	return out
}
