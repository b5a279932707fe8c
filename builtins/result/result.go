// Package result is what came of a unit or of a question to a host, as a runbook
// reads it: values by their names, of which some may not be whole.
package result

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// Result is what came of a unit or of a question to a host. An output that is
// not whole is not a value: whoever reads it gets an error that says the way out.
type Result struct {
	what   string // "cmd[x]", for messages
	fields []schema.Field
	values map[string]any
}

var (
	_ starlark.HasAttrs = (*Result)(nil)
	_ plain.Plainer     = (*Result)(nil)
)

// New makes a result of values; fields describe those that are the bytes of others.
func New(what string, fields []schema.Field, values map[string]any) *Result {
	return &Result{what: what, fields: fields, values: values}
}

// Get returns an output, nil where there is none of that name.
func (r *Result) Get(name string) (starlark.Value, error) {
	if err := r.incomplete(name); err != nil {
		return nil, err
	}
	value, ok := r.values[name]
	if i := slices.IndexFunc(r.fields, func(f schema.Field) bool { return f.Name == name }); i >= 0 && r.fields[i].BytesOf != "" {
		if ok {
			raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(value))
			if err != nil {
				return nil, err
			}
			return plain.Bytes(raw)
		}
		if text, ok := r.values[r.fields[i].BytesOf].(string); ok {
			return plain.Bytes([]byte(text))
		}
	}
	if !ok {
		return nil, nil
	}
	return plain.FromStruct(value)
}

// incomplete is why an output is not a value, or nil.
func (r *Result) incomplete(name string) error {
	all, _ := r.values[unit.Incomplete].(map[string]any)
	told, ok := all[name].(map[string]any)
	if !ok {
		return nil
	}
	why, _ := told["why"].(string)
	hint, _ := told["hint"].(string)
	return &diag.Error{
		Summary: fmt.Sprintf("%s of %s cannot be used: %s", name, r.what, why), Hint: hint, Code: diag.Failed,
		Cause: &IncompleteError{Output: name},
	}
}

// IncompleteError is the cause of an error about an output that is not whole.
type IncompleteError struct{ Output string }

func (e *IncompleteError) Error() string { return e.Output + " is not whole" }

// String writes what is a value, and says of the rest that it is none.
func (r *Result) String() string {
	var parts []string
	for _, name := range r.AttrNames() {
		text := "<not whole>"
		if v, err := r.Get(name); err == nil {
			text = v.String()
		}
		parts = append(parts, name+" = "+text)
	}
	return "struct(" + strings.Join(parts, ", ") + ")"
}

func (r *Result) Type() string          { return "struct" }
func (r *Result) Freeze()               {}
func (r *Result) Truth() starlark.Bool  { return true }
func (r *Result) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: struct") }

// AttrNames lists the outputs that there are; those of bytes stand beside that of their text.
func (r *Result) AttrNames() []string {
	var names []string
	for name := range r.values {
		isBytes := slices.ContainsFunc(r.fields, func(f schema.Field) bool { return f.Name == name && f.BytesOf != "" })
		if name != unit.Incomplete && !isBytes {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Attr implements starlark.HasAttrs.
func (r *Result) Attr(name string) (starlark.Value, error) { return r.Get(name) }

// Plain gives all outputs, so each must be a value.
func (r *Result) Plain() (any, error) {
	values := map[string]any{}
	for _, name := range r.AttrNames() {
		if err := r.incomplete(name); err != nil {
			return nil, err
		}
		values[name] = r.values[name]
	}
	return values, nil
}
