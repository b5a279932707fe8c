package facts

import "maps"

// JSONSchema describes what namespaces hold, each a property of one object, as JSON Schema.
func JSONSchema(namespaces []*Namespace) map[string]any {
	properties := map[string]any{}
	for _, n := range namespaces {
		o := objectOf(n.Fields)
		o["description"] = n.Doc
		properties[n.Name] = o
	}
	return map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties}
}

// objectOf describes a record.
func objectOf(fields []Field) map[string]any {
	properties := map[string]any{}
	required := []string{}
	for i := range fields {
		f := &fields[i]
		properties[f.Name] = f.schema()
		required = append(required, f.Name)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// schema describes a field.
func (f *Field) schema() map[string]any {
	described := map[string]any{}
	switch {
	case f.shape != nil:
		maps.Copy(described, f.shape.Schema())
	case f.Form == List:
		described["type"], described["items"] = "array", objectOf(f.Fields)
	case f.Form == Dict:
		described["type"], described["additionalProperties"] = "object", objectOf(f.Fields)
	}
	if f.Doc != "" {
		described["description"] = f.Doc
	}
	return described
}
