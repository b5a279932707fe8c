package value

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

// Bag is named data from outside, read as attributes, by index, or with get.
type Bag struct {
	what   string // "variable", "label of web1"
	data   map[string]any
	hint   string                       // for a missing name, which it is given
	record func(name string, value any) // notes each use; may be nil
	other  map[string]bool              // names that are true have values of their own on hosts
	// resolve makes the value of one that is a template; may be nil.
	resolve func(name string, value starlark.Value) (starlark.Value, error)
}

var (
	_ starlark.HasAttrs = (*Bag)(nil)
	_ starlark.Mapping  = (*Bag)(nil)
	_ plain.Plainer     = (*Bag)(nil)
)

// NewBag makes a bag of data. what says what one entry is; hint is for a missing
// name, which it is given; record, which may be nil, notes each use.
func NewBag(what string, data map[string]any, hint string, record func(name string, value any)) *Bag {
	return &Bag{what: what, data: data, hint: hint, record: record}
}

// Except makes the names that are true an error: they have values of their own on hosts.
func (b *Bag) Except(names map[string]bool) *Bag {
	b.other = names
	return b
}

// Resolve sets what makes the value of one that is a template.
func (b *Bag) Resolve(f func(name string, value starlark.Value) (starlark.Value, error)) *Bag {
	b.resolve = f
	return b
}

func (b *Bag) String() string        { return "<" + b.what + "s>" }
func (b *Bag) Type() string          { return b.what + "s" }
func (b *Bag) Freeze()               {}
func (b *Bag) Truth() starlark.Bool  { return len(b.data) > 0 }
func (b *Bag) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", b.Type()) }

// AttrNames lists the names.
func (b *Bag) AttrNames() []string {
	return append(slices.Sorted(maps.Keys(b.data)), "get")
}

// Attr returns the value of a name, or an error with the nearest one.
func (b *Bag) Attr(name string) (starlark.Value, error) {
	if _, ok := b.data[name]; !ok && name == "get" {
		return starlark.NewBuiltin("get", b.get), nil
	}
	v, found, err := b.Lookup(name)
	if err != nil || found {
		return v, err
	}
	missing := &diag.Error{Summary: fmt.Sprintf("there is no %s %q", b.what, name)}
	if near := diag.Nearest(name, slices.Sorted(maps.Keys(b.data))); near != "" {
		return nil, missing.WithHint("did you mean %q?", near)
	}
	return nil, missing.WithHint(b.hint, name)
}

// Get implements starlark.Mapping: vars["k"] and "k" in vars.
func (b *Bag) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok {
		return nil, false, fmt.Errorf("got %s, want a string", key.Type())
	}
	return b.Lookup(name)
}

// Lookup returns the value of a name, and false where there is none.
func (b *Bag) Lookup(name string) (starlark.Value, bool, error) {
	if b.other[name] {
		return nil, false, (&diag.Error{Summary: fmt.Sprintf("the %s %q has values of its own on hosts", b.what, name)}).
			WithHint("read it of a host: host.vars.%s", name)
	}
	v, ok := b.data[name]
	if !ok {
		return nil, false, nil
	}
	if b.record != nil {
		b.record(name, v)
	}
	value, err := plain.From(v)
	if err != nil {
		return nil, false, fmt.Errorf("%s %q: %w", b.what, name, err)
	}
	if b.resolve != nil {
		if value, err = b.resolve(name, value); err != nil {
			return nil, false, err
		}
	}
	value.Freeze()
	return value, true, nil
}

func (b *Bag) get(_ *starlark.Thread, fn *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		name     string
		fallback starlark.Value = starlark.None
	)
	if err := args.Unpack(fn.Name(), pos, kw, "name", &name, "default?", &fallback); err != nil {
		return nil, err
	}
	v, found, err := b.Lookup(name)
	if err != nil || found {
		return v, err
	}
	return fallback, nil
}

// Plain implements plain.Plainer.
func (b *Bag) Plain() (any, error) {
	out := maps.Clone(b.data)
	for _, name := range slices.Sorted(maps.Keys(b.data)) {
		if b.resolve == nil {
			if b.record != nil {
				b.record(name, b.data[name])
			}
			continue
		}
		v, _, err := b.Lookup(name)
		if err == nil {
			out[name], err = plain.To(v)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
