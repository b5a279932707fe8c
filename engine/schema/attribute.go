package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// attributes lists the names that readAttributes knows.
var attributes = []string{"key", "later", "result", "blob", "host", "source", "expect", "octal", "path", "identity", "conflicts", "needs", "required", "each", "volatile", "resume", "bytes"}

// readAttributes fills in what the attributes of a field say. Foreign ones are
// left alone, those that look like a misspelling are refused.
func readAttributes(f *Field, r *Rule) error {
	for _, a := range r.Value.Attributes(cue.FieldAttr) {
		if err := a.Err(); err != nil {
			return err
		}
		if err := readAttribute(f, r, &a); err != nil {
			return fmt.Errorf("@%s: %w", a.Name(), err)
		}
	}
	return nil
}

func readAttribute(f *Field, r *Rule, a *cue.Attribute) error {
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
	case "bytes":
		of, err := a.String(0)
		if err == nil && (of == "" || f.Kind != "string") {
			err = fmt.Errorf("want (output) of a string field, got (%s) of %s", a.Contents(), f.Kind)
		}
		f.BytesOf, f.Kind = of, "bytes"
		return err
	case "volatile":
		values, err := a.String(0)
		f.Volatile = strings.Split(values, "|")
		return err
	case "host":
		if f.Kind != "string" {
			return fmt.Errorf("want a string field, this is %s", f.Kind)
		}
		f.Host, f.Kind = true, "host"
	case "path":
		if f.Kind != "string" {
			return fmt.Errorf("want a string field, this is %s", f.Kind)
		}
		f.Path = true
		claim, err := claimOf(a, 0, unit.PathNamespace)
		if claim != nil {
			f.Claim = claim
		}
		return err
	case "identity":
		if f.Kind != "string" && f.Kind != "list of strings" {
			return fmt.Errorf("want a field of strings, this is %s", f.Kind)
		}
		claim, err := identity(a)
		f.Claim = claim
		return err
	case "octal":
		r.Octal = true
	case "source":
		into, found, err := a.Lookup(0, "into")
		if err == nil && !found {
			err = fmt.Errorf("want (into=field), got (%s)", a.Contents())
		}
		f.SourceInto = into
		r.Conflicts = append(r.Conflicts, into)
		return err
	case "expect":
		words, err := a.String(0)
		if err == nil && words == "" {
			err = errors.New("want words in quotes")
		}
		r.Expect = words
		return err
	case "conflicts":
		for arg := range a.Args(0) {
			r.Conflicts = append(r.Conflicts, arg.AsString())
		}
	case "needs":
		r.Needs = conditions(a)
	case "required":
		r.Required = conditions(a)
	default:
		if near := diag.Nearest(a.Name(), attributes); near != "" {
			return fmt.Errorf("no such attribute, did you mean @%s", near)
		}
	}
	return nil
}

// conditions reads (state="directory|absent").
func conditions(a *cue.Attribute) []Condition {
	var out []Condition
	for arg := range a.Args(0) {
		out = append(out, Condition{Field: arg.Key, Values: strings.Split(arg.AsString(), "|")})
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
func (r *Rule) mentions() []string {
	names := append([]string(nil), r.Conflicts...)
	for _, c := range r.Needs {
		names = append(names, c.Field)
	}
	for _, c := range r.Required {
		names = append(names, c.Field)
	}
	return names
}

// Read reads a value of a condition on the field, as one of the field's kind.
func (f *Field) Read(text string) any {
	switch f.Kind {
	case "bool":
		return text == "true"
	case "int":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}
