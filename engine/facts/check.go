package facts

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of what a host tells.
const (
	maxText    = 4 << 10 // bytes of a text
	maxName    = 256     // bytes of a name in a dict
	maxEntries = 100_000 // of a list or a dict
)

// Of returns what a host's runner told of one of froyo's namespaces as plain data, if that is there
// and is what it can be. The error names the namespace and the field.
func Of(told *op.FactsResult, namespace string) (map[string]any, error) {
	n := Lookup(namespace)
	if n == nil {
		return nil, fmt.Errorf("there are no facts %s", namespace)
	}
	var values map[string]any
	for name, v := range present(told) {
		if name != namespace {
			continue
		}
		data, err := codec.Marshal(v)
		if err == nil {
			err = codec.Unmarshal(data, &values)
		}
		if err != nil {
			return nil, &BadError{fmt.Errorf("%s: %w", namespace, err)}
		}
	}
	if values == nil {
		return nil, &BadError{fmt.Errorf("the host tells no %s", namespace)}
	}
	if err := n.Check(values); err != nil {
		return nil, err
	}
	return values, nil
}

// Check holds what a host told of the namespace to its definition. What is told beside that is an error, too. The error is a
// BadError that names the field.
func (n *Namespace) Check(values map[string]any) error {
	if err := checkRecord(n.Name, n.Fields, values); err != nil {
		return &BadError{err}
	}
	return nil
}

// BadError is a host that tells what facts cannot be. The host is to blame, and
// neither the runbook nor other hosts.
type BadError struct{ err error }

func (e *BadError) Error() string { return e.err.Error() }
func (e *BadError) Unwrap() error { return e.err }

// Hint says what to do about it.
func (e *BadError) Hint() string {
	return "no machine says that of itself; look at the host before you trust it"
}

// checkRecord checks the fields of a record; at is where it is.
func checkRecord(at string, fields []Field, v any) error {
	values, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: want an object, got %s", at, shape.Brief(v))
	}
	for i := range fields {
		f := &fields[i]
		value, ok := values[f.Name]
		if !ok {
			return fmt.Errorf("%s.%s is missing", at, f.Name)
		}
		if err := f.check(at+"."+f.Name, value); err != nil {
			return err
		}
	}
	if len(values) > len(fields) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
				return fmt.Errorf("%s: %s is no field of it", at, shape.Brief(name))
			}
		}
	}
	return nil
}

func (f *Field) check(at string, v any) error {
	if err := bounded(at, v); err != nil {
		return err
	}
	if f.shape != nil {
		if f.shape.Accept(v) == shape.Yes {
			return nil
		}
		r := shape.Refuse(at, f.shape, v)
		return fmt.Errorf("%s: want %s, got %s", r.At, r.Want(), r.Got())
	}
	switch v := v.(type) {
	case []any:
		if f.Form == List {
			for i, e := range v {
				if err := checkRecord(fmt.Sprintf("%s[%d]", at, i), f.Fields, e); err != nil {
					return err
				}
			}
			return nil
		}
	case map[string]any:
		if f.Form == Dict {
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if err := checkRecord(fmt.Sprintf("%s[%q]", at, name), f.Fields, v[name]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return fmt.Errorf("%s: want a %s, got %s", at, f.Kind, shape.Brief(v))
}

// bounded refuses what is too much, and names that no thing has.
func bounded(at string, v any) error {
	switch v := v.(type) {
	case string:
		if len(v) > maxText {
			return fmt.Errorf("%s: want at most %d bytes, got %d", at, maxText, len(v))
		}
	case []any:
		if len(v) > maxEntries {
			return fmt.Errorf("%s: want at most %d entries, got %d", at, maxEntries, len(v))
		}
		for i, e := range v {
			if text, ok := e.(string); ok && len(text) > maxText {
				return fmt.Errorf("%s[%d]: want at most %d bytes, got %d", at, i, maxText, len(text))
			}
		}
	case map[string]any:
		if len(v) > maxEntries {
			return fmt.Errorf("%s: want at most %d entries, got %d", at, maxEntries, len(v))
		}
		for name, e := range v {
			if len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
				return fmt.Errorf("%s: %s is no name", at, shape.Brief(name))
			}
			if text, ok := e.(string); ok && len(text) > maxText {
				return fmt.Errorf("%s[%q]: want at most %d bytes, got %d", at, name, maxText, len(text))
			}
		}
	}
	return nil
}

// present gives the namespaces that were told, with what was told.
func present(told *op.FactsResult) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if told == nil {
			return
		}
		for field, v := range reflect.ValueOf(told).Elem().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !v.IsNil() && !yield(name, v.Interface()) {
				return
			}
		}
	}
}

// Bad is what a host told of a namespace that cannot be facts, with why.
func Bad(namespace string, err error) error { return &BadError{fmt.Errorf("%s: %w", namespace, err)} }
