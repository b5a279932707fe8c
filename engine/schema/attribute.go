package schema

import (
	"errors"
	"fmt"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/diag"
)

// attributes lists the names that readAttributes knows.
var attributes = []string{"key", "later", "result", "blob", "host", "source", "expect", "octal", "conflicts", "needs", "required", "each", "volatile", "resume"}

// readAttributes fills in what the attributes of a field say. Foreign ones are
// left alone, those that look like a misspelling are refused.
func readAttributes(f *Field, r *rule) error {
	for _, a := range r.value.Attributes(cue.FieldAttr) {
		if err := a.Err(); err != nil {
			return err
		}
		if err := readAttribute(f, r, &a); err != nil {
			return fmt.Errorf("@%s: %w", a.Name(), err)
		}
	}
	return nil
}

func readAttribute(f *Field, r *rule, a *cue.Attribute) error {
	switch a.Name() {
	case "key":
		f.Key = true
	case "later":
		f.Later = true
	case "result":
		f.Result = true
	case "blob":
		f.Blob = true
	case "each":
		f.Each = true
	case "resume":
		f.Resume = true
	case "volatile":
		values, err := a.String(0)
		f.Volatile = strings.Split(values, "|")
		return err
	case "host":
		if f.Kind != "string" {
			return fmt.Errorf("want a string field, this is %s", f.Kind)
		}
		f.Host, f.Kind = true, "host"
	case "octal":
		r.octal = true
	case "source":
		into, found, err := a.Lookup(0, "into")
		if err == nil && !found {
			err = fmt.Errorf("want (into=field), got (%s)", a.Contents())
		}
		f.SourceInto = into
		r.conflicts = append(r.conflicts, into)
		return err
	case "expect":
		words, err := a.String(0)
		if err == nil && words == "" {
			err = errors.New("want words in quotes")
		}
		r.expect = words
		return err
	case "conflicts":
		for arg := range a.Args(0) {
			r.conflicts = append(r.conflicts, arg.AsString())
		}
	case "needs":
		r.needs = conditions(a)
	case "required":
		r.required = conditions(a)
	default:
		if near := diag.Nearest(a.Name(), attributes); near != "" {
			return fmt.Errorf("no such attribute, did you mean @%s", near)
		}
	}
	return nil
}

// conditions reads (state="directory|absent").
func conditions(a *cue.Attribute) []condition {
	var out []condition
	for arg := range a.Args(0) {
		out = append(out, condition{field: arg.Key, values: strings.Split(arg.AsString(), "|")})
	}
	return out
}

// readKey reads (alias, with=field), either of which may be left out.
func readKey(a *cue.Attribute) (alias, with string, err error) {
	for arg := range a.Args(0) {
		switch {
		case arg.Key == "with":
			with = arg.AsString()
		case arg.Key != "":
			return "", "", fmt.Errorf("@key: want (alias, with=field), got (%s)", a.Contents())
		default:
			alias = arg.AsString()
		}
	}
	return alias, with, nil
}

// mentions lists the other fields that the rule's attributes name.
func (r *rule) mentions() []string {
	names := append([]string(nil), r.conflicts...)
	for _, c := range r.needs {
		names = append(names, c.field)
	}
	for _, c := range r.required {
		names = append(names, c.field)
	}
	return names
}
