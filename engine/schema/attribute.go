package schema

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
)

// attributes reads the attributes of fields by their names.
var attributes = map[string]func(f *Field, r *Rule, a *cue.Attribute) error{
	"key":    mark(func(f *Field, _ *Rule) *bool { return &f.Key }),
	"later":  mark(func(f *Field, _ *Rule) *bool { return &f.Later }),
	"result": mark(func(f *Field, _ *Rule) *bool { return &f.Result }),
	"blob":   mark(func(f *Field, _ *Rule) *bool { return &f.Blob }),
	"each":   mark(func(f *Field, _ *Rule) *bool { return &f.Each }),
	"resume": mark(func(f *Field, _ *Rule) *bool { return &f.Resume }),
	"octal":  mark(func(_ *Field, r *Rule) *bool { return &r.Octal }),
	"bytes":  readBytes, "volatile": readVolatile, "includes": readIncludes, "host": readHost, "source": readSource, "expect": readExpect,
	"meant": readMeant, "called": readCalled,
	"brings": func(_ *Field, r *Rule, a *cue.Attribute) (err error) {
		r.Brings, err = kinds(a)
		return err
	},
	"replaces": func(_ *Field, r *Rule, a *cue.Attribute) error {
		r.Replaces = []string{}
		if values, err := a.String(0); err == nil && values != "" {
			r.Replaces = strings.Split(values, "|")
		}
		return nil
	},
	"path": readPath, "identity": readIdentity, "conflicts": readConflicts,
	"needs": func(_ *Field, r *Rule, a *cue.Attribute) error {
		r.Needs = conditions(a)
		return nil
	},
	"secret": func(_ *Field, r *Rule, a *cue.Attribute) error {
		if r.Secret = true; a.Contents() != "" {
			r.SecretIf = conditions(a)
		}
		return nil
	},
	"required": func(_ *Field, r *Rule, a *cue.Attribute) error {
		r.Required = conditions(a)
		return nil
	},
}

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
	if read := attributes[a.Name()]; read != nil {
		return read(f, r, a)
	}
	if near := diag.Nearest(a.Name(), slices.Sorted(maps.Keys(attributes))); near != "" {
		return fmt.Errorf("no such attribute, did you mean @%s", near)
	}
	return nil
}

// mark reads an attribute that says nothing but that it is there.
func mark(what func(f *Field, r *Rule) *bool) func(*Field, *Rule, *cue.Attribute) error {
	return func(f *Field, r *Rule, _ *cue.Attribute) error {
		*what(f, r) = true
		return nil
	}
}

func readBytes(f *Field, _ *Rule, a *cue.Attribute) error {
	of, err := a.String(0)
	if err == nil && (of == "" || f.Kind != "string") {
		err = fmt.Errorf("want (output) of a string field, got (%s) of %s", a.Contents(), f.Kind)
	}
	f.BytesOf, f.Kind = of, "bytes"
	return err
}

func readVolatile(f *Field, _ *Rule, a *cue.Attribute) error {
	values, err := a.String(0)
	f.Volatile = strings.Split(values, "|")
	return err
}

// readIncludes reads (a="b"), where both are values that act at every apply.
func readIncludes(f *Field, _ *Rule, a *cue.Attribute) error {
	f.Includes = map[string]string{}
	for arg := range a.Args(0) {
		if !slices.Contains(f.Enum, arg.Key) || !slices.Contains(f.Enum, arg.AsString()) {
			return fmt.Errorf("want value=value, both of the field, got (%s)", a.Contents())
		}
		f.Includes[arg.Key] = arg.AsString()
	}
	return nil
}

func readHost(f *Field, _ *Rule, _ *cue.Attribute) error {
	if f.Kind != "string" {
		return fmt.Errorf("want a string field, this is %s", f.Kind)
	}
	f.Host, f.Kind = true, "host"
	return nil
}

func readPath(f *Field, _ *Rule, a *cue.Attribute) error {
	if f.Kind != "string" {
		return fmt.Errorf("want a string field, this is %s", f.Kind)
	}
	claim, err := claimOf(a, 0, unit.PathNamespace)
	f.Path = f.Path || claim == nil || claim.In == ""
	if claim != nil {
		f.Claims = append(f.Claims, claim)
	}
	return err
}

func readIdentity(f *Field, _ *Rule, a *cue.Attribute) error {
	if f.Kind != "string" && f.Kind != "list of strings" {
		return fmt.Errorf("want a field of strings, this is %s", f.Kind)
	}
	claim, err := identity(a)
	if err == nil {
		f.Claims = append(f.Claims, claim)
	}
	return err
}

func readSource(f *Field, r *Rule, a *cue.Attribute) error {
	into, found, err := a.Lookup(0, "into")
	if err == nil && !found {
		err = fmt.Errorf("want (into=field), got (%s)", a.Contents())
	}
	f.SourceInto = into
	r.Conflicts = append(r.Conflicts, into)
	if err == nil {
		r.Without, _, err = a.Lookup(0, "exclude")
	}
	return err
}

func readExpect(_ *Field, r *Rule, a *cue.Attribute) error {
	words, err := a.String(0)
	if err == nil && words == "" {
		err = errors.New("want words in quotes")
	}
	r.Expect = words
	return err
}

// readMeant reads (word="value"); the values must be among those that are allowed.
func readMeant(f *Field, r *Rule, a *cue.Attribute) error {
	r.Meant = map[string]string{}
	for arg := range a.Args(0) {
		if arg.Key == "" || !slices.Contains(f.Enum, arg.AsString()) {
			return fmt.Errorf("want word=value with one of the values of the field, got (%s)", a.Contents())
		}
		r.Meant[arg.Key] = arg.AsString()
	}
	return nil
}

func readCalled(_ *Field, r *Rule, a *cue.Attribute) error {
	for arg := range a.Args(0) {
		r.Called = append(r.Called, arg.AsString())
	}
	return nil
}

func readConflicts(_ *Field, r *Rule, a *cue.Attribute) error {
	for arg := range a.Args(0) {
		r.Conflicts = append(r.Conflicts, arg.AsString())
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

// readKey reads (alias, with=field, with="one|other"), each of which may be left out.
func readKey(a *cue.Attribute) (alias string, with [][]string, err error) {
	for arg := range a.Args(0) {
		switch {
		case arg.Key == "with":
			with = append(with, strings.Split(arg.AsString(), "|"))
		case arg.Key != "":
			return "", nil, fmt.Errorf("@key: want (alias, with=field), got (%s)", a.Contents())
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
