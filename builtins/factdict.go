package builtins

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
)

// factDict is a fact that is a dict, such as the installed packages. It can do
// what a dict can that is not changed. It is no dict itself, so that only the
// entries that were looked at become inputs of the plan: a package that is
// updated beside them makes no plan stale.
type factDict struct {
	what    string // "pkg.manifest.packages of web1"
	entries map[string]any
	record  func(part string, value any) // notes each use: "[\"nginx\"]", or "" for all of it
}

var (
	_ starlark.IterableMapping = (*factDict)(nil)
	_ starlark.Sequence        = (*factDict)(nil)
	_ starlark.HasAttrs        = (*factDict)(nil)
	_ plain.Plainer            = (*factDict)(nil)
)

func (d *factDict) String() string        { return "<" + d.what + ">" }
func (d *factDict) Type() string          { return "facts dict" }
func (d *factDict) Freeze()               {}
func (d *factDict) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", d.Type()) }

// Truth reports whether there are entries.
func (d *factDict) Truth() starlark.Bool { return d.Len() > 0 }

// Len implements starlark.Sequence.
func (d *factDict) Len() int {
	d.record("", d.entries)
	return len(d.entries)
}

// Get implements starlark.Mapping: packages["nginx"] and "nginx" in packages.
func (d *factDict) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok {
		return nil, false, fmt.Errorf("got %s, want a string", key.Type())
	}
	entry, found := d.entries[name]
	d.record(fmt.Sprintf("[%q]", name), entry)
	if !found {
		return nil, false, nil
	}
	v, err := d.value(name)
	return v, true, err
}

func (d *factDict) value(name string) (starlark.Value, error) {
	v, err := plain.FromStruct(d.entries[name])
	if err != nil {
		return nil, fmt.Errorf("%s[%q]: %w", d.what, name, err)
	}
	v.Freeze()
	return v, nil
}

// Iterate goes through the names, sorted.
func (d *factDict) Iterate() starlark.Iterator {
	d.record("", d.entries)
	return &names{left: slices.Sorted(maps.Keys(d.entries))}
}

// Items returns all entries, sorted by name.
func (d *factDict) Items() []starlark.Tuple {
	dict, err := d.dict()
	if err != nil {
		return nil // never: what is in facts has a form in a runbook
	}
	return dict.Items()
}

// dict makes a dict of it.
func (d *factDict) dict() (*starlark.Dict, error) {
	d.record("", d.entries)
	dict := starlark.NewDict(len(d.entries))
	for _, name := range slices.Sorted(maps.Keys(d.entries)) {
		v, err := d.value(name)
		if err == nil {
			err = dict.SetKey(starlark.String(name), v)
		}
		if err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// AttrNames lists the methods, which are those of a dict that change nothing.
func (d *factDict) AttrNames() []string { return []string{"get", "items", "keys", "values"} }

// Attr returns a method.
func (d *factDict) Attr(name string) (starlark.Value, error) {
	switch {
	case name == "get":
		return starlark.NewBuiltin("get", d.get), nil
	case !slices.Contains(d.AttrNames(), name):
		return nil, nil
	}
	dict, err := d.dict()
	if err != nil {
		return nil, err
	}
	dict.Freeze()
	return dict.Attr(name)
}

func (d *factDict) get(_ *starlark.Thread, fn *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var key, fallback starlark.Value = nil, starlark.None
	if err := starlark.UnpackPositionalArgs(fn.Name(), pos, kw, 1, &key, &fallback); err != nil {
		return nil, err
	}
	v, found, err := d.Get(key)
	if err != nil || found {
		return v, err
	}
	return fallback, nil
}

// Plain implements plain.Plainer.
func (d *factDict) Plain() (any, error) {
	d.record("", d.entries)
	return maps.Clone(d.entries), nil
}

// names iterates over texts.
type names struct{ left []string }

func (n *names) Next(p *starlark.Value) bool {
	if len(n.left) == 0 {
		return false
	}
	*p, n.left = starlark.String(n.left[0]), n.left[1:]
	return true
}

func (n *names) Done() {}
