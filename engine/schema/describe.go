package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runner/codec"
)

// newType describes one definition, and the outputs beside it.
func (s *source) newType(name, def string) (*Type, error) {
	value, err := s.definition(def)
	if err != nil {
		return nil, err
	}
	t := &Type{Name: name, Doc: docOf(value), Value: value, index: map[string]int{}}
	t.Fields, t.Rules, t.Plain, err = s.fields(value, def)
	if err != nil {
		return nil, err
	}
	if err := t.link(); err != nil {
		return nil, err
	}
	if err := t.readOrder(); err != nil {
		return nil, err
	}
	result := def + "Result" // a type need not have one
	if !s.root.LookupPath(cue.ParsePath(result)).Exists() {
		return t, nil
	}
	if value, err = s.definition(result); err == nil {
		t.Outputs, t.Results, _, err = s.fields(value, result)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", result, err)
	}
	return t, nil
}

// fields describes the fields of a definition, and reports whether they are all there is to it.
func (s *source) fields(value cue.Value, def string) (fields []Field, rules []Rule, plain bool, err error) {
	syntax := shape.Find(s.files, def)
	at, err := value.Fields(cue.Optional(true))
	if err != nil {
		return nil, nil, false, err
	}
	for at.Next() {
		f, r, err := newField(at, syntax)
		if err != nil {
			return nil, nil, false, fmt.Errorf("%s: %w", f.Name, err)
		}
		fields, rules = append(fields, f), append(rules, r)
	}
	return fields, rules, syntax.Plain(), nil
}

func (s *source) definition(def string) (cue.Value, error) {
	path := cue.ParsePath(def)
	if err := path.Err(); err != nil {
		return cue.Value{}, err
	}
	value := s.root.LookupPath(path)
	if !value.Exists() {
		return value, fmt.Errorf("there is no definition %s", def)
	}
	return value, value.Validate()
}

// newField describes the field at which the iterator stands.
func newField(at *cue.Iterator, syntax *shape.Syntax) (Field, Rule, error) {
	v := at.Value()
	f := Field{Name: at.Selector().Unquoted(), Doc: docOf(v)}
	r := Rule{Value: v, Shape: syntax.Field(f.Name)}
	f.Kind, f.Enum = kindOf(r.Shape, v), shape.Enum(r.Shape)
	kind := at.FieldType().ConstraintType()
	if kind == 0 {
		if err := f.setDefault(v, &r); err != nil {
			return f, r, err
		}
	}
	computed := v.IncompleteKind() == cue.BottomKind // from other fields
	f.Required = kind == cue.RequiredConstraint || kind == 0 && !f.HasDefault && !computed
	var err error
	if r.Label, err = codec.Append(nil, f.Name); err != nil {
		return f, r, err
	}
	r.Label = append(r.Label, ':')
	return f, r, readAttributes(&f, &r)
}

// setDefault fills in the value that a regular field has where nothing is given, if it has one.
func (f *Field) setDefault(v cue.Value, r *Rule) error {
	preset, _ := v.Default()
	if preset.Validate(cue.Concrete(true)) != nil {
		return nil // the value is for the operator to give
	}
	var err error
	f.Default, r.Preset, err = Plain(preset)
	f.HasDefault = err == nil
	return err
}

// link checks what the fields' attributes say of other fields.
func (t *Type) link() error {
	for i, f := range t.Fields {
		t.index[f.Name], t.Sorted = i, append(t.Sorted, i)
	}
	slices.SortFunc(t.Sorted, func(a, b int) int { return strings.Compare(t.Fields[a].Name, t.Fields[b].Name) })
	for i, f := range t.Fields {
		if f.Key {
			if t.Key != "" {
				return fmt.Errorf("both %s and %s are @key", t.Key, f.Name)
			}
			t.Key = f.Name
		}
		if into := f.SourceInto; into != "" && !t.has(into, func(f Field) bool { return f.Blob }) {
			return fmt.Errorf("%s: @source names %s, which is no @blob field", f.Name, into)
		}
		if without := t.Rules[i].Without; without != "" && !t.has(without, func(f Field) bool { return f.Kind == "list of strings" }) {
			return fmt.Errorf("%s: @source names %s, which is no list of strings", f.Name, without)
		}
		if f.Blob && f.HasDefault {
			return fmt.Errorf("%s: a @blob field cannot have a default", f.Name)
		}
		for _, name := range t.Rules[i].mentions() {
			if !t.has(name, func(Field) bool { return true }) {
				return fmt.Errorf("%s: an attribute names %s, which is no field", f.Name, name)
			}
		}
	}
	return t.linkKey()
}

func (t *Type) linkKey() error {
	if t.Key == "" {
		return errors.New("no field is @key")
	}
	key := t.Fields[t.index[t.Key]]
	attr := t.Rules[t.index[t.Key]].Value.Attribute("key")
	alias, with, err := readKey(&attr)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", t.Key, err)
	case alias == "" && key.Later:
		return fmt.Errorf("%s: a key can be @later only where @key names another field for it", t.Key)
	case alias != "" && !t.has(alias, func(f Field) bool { return !f.Required && !f.Later && f.Kind == "string" }):
		return fmt.Errorf("%s: @key names %s, which is no optional string that is known early", t.Key, alias)
	case key.Path && (alias != "" || len(with) > 0) && !slices.ContainsFunc(key.Claims, func(c *Claim) bool { return c.Edits }):
		return fmt.Errorf("%s: a key that is a @path is the whole key, but for @path(edits)", t.Key)
	}
	for _, part := range with {
		for _, name := range part {
			known := func(f Field) bool {
				return (f.Kind == "string" || f.Kind == "int") && (alias != "" || !f.Later)
			}
			if !t.has(name, known) {
				return fmt.Errorf("%s: @key names %s, which is no string or int that must be given early", t.Key, name)
			}
		}
	}
	t.KeyAlias, t.KeyWith = alias, with
	return nil
}

func (t *Type) has(name string, is func(Field) bool) bool {
	i, ok := t.index[name]
	return ok && is(t.Fields[i])
}

// docOf returns the comment above a value, its lines joined into paragraphs.
func docOf(v cue.Value) string {
	var parts []string
	for _, group := range v.Doc() {
		for paragraph := range strings.SplitSeq(group.Text(), "\n\n") {
			if text := strings.Join(strings.Fields(paragraph), " "); text != "" {
				parts = append(parts, text)
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

// kindOf names the kind of a shape, asking CUE where the shape is not known.
func kindOf(s shape.Shape, v cue.Value) string {
	if kind := s.Kind(); kind != "" {
		return kind
	}
	switch kind := v.IncompleteKind(); kind {
	case cue.TopKind, cue.BottomKind:
		return "any"
	default:
		return strings.NewReplacer("(", "", ")", "", "|", " or ", "struct", "object").Replace(kind.String())
	}
}

// Plain returns a concrete value as plain data and as canonical JSON.
func Plain(v cue.Value) (plain any, text []byte, err error) {
	if text, err = v.MarshalJSON(); err != nil {
		return nil, nil, err
	}
	if err = codec.Unmarshal(text, &plain); err != nil {
		return nil, nil, err
	}
	text, err = codec.Append(nil, plain)
	return plain, text, err
}
