package hostapi

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
)

// FactDict is a fact that is a dict, such as the installed packages. It can do
// what a dict can that is not changed. It is no dict itself, so that only the
// entries that were looked at become inputs of the plan: a package that is
// updated beside them makes no plan stale.
type FactDict struct {
	what    string // "pkg.manifest.packages of web1"
	host    *Host
	entries map[string]any
	record  func(part string, value any) // notes each use: "[\"nginx\"]", or "" for all of it
}

var (
	_ starlark.IterableMapping = (*FactDict)(nil)
	_ starlark.Sequence        = (*FactDict)(nil)
	_ starlark.HasAttrs        = (*FactDict)(nil)
	_ plain.Plainer            = (*FactDict)(nil)
)

func (d *FactDict) String() string        { return "<" + d.what + ">" }
func (d *FactDict) Type() string          { return "facts dict" }
func (d *FactDict) Freeze()               {}
func (d *FactDict) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: %s", d.Type()) }

// Truth reports whether there are entries.
func (d *FactDict) Truth() starlark.Bool { return d.Len() > 0 }

// Len implements starlark.Sequence.
func (d *FactDict) Len() int {
	d.record("", d.entries)
	return len(d.entries)
}

// Get implements starlark.Mapping: packages["nginx"] and "nginx" in packages.
func (d *FactDict) Get(key starlark.Value) (starlark.Value, bool, error) {
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

func (d *FactDict) value(name string) (starlark.Value, error) {
	if !isWhole(d.entries[name]) || !isWhole(name) {
		return nil, d.host.notWhole(fmt.Sprintf("%s[%q]", d.what, name))
	}
	v, err := plain.FromStruct(d.entries[name])
	if err != nil {
		return nil, fmt.Errorf("%s[%q]: %w", d.what, name, err)
	}
	v.Freeze()
	return v, nil
}

// Iterate goes through the names, sorted.
func (d *FactDict) Iterate() starlark.Iterator {
	d.record("", d.entries)
	return &sortedNames{left: slices.Sorted(maps.Keys(d.entries))}
}

// Items returns all entries, sorted by name.
func (d *FactDict) Items() []starlark.Tuple {
	dict, err := d.Dict()
	if err != nil {
		panic(err) // ends the evaluation with it: an entry is not a value, and there is no other way to say so
	}
	return dict.Items()
}

// Dict makes a dict of it.
func (d *FactDict) Dict() (*starlark.Dict, error) {
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
func (d *FactDict) AttrNames() []string { return []string{"get", "items", "keys", "values"} }

// Attr returns a method.
func (d *FactDict) Attr(name string) (starlark.Value, error) {
	switch {
	case name == "get":
		return starlark.NewBuiltin("get", d.get), nil
	case !slices.Contains(d.AttrNames(), name):
		return nil, nil
	}
	dict, err := d.Dict()
	if err != nil {
		return nil, err
	}
	dict.Freeze()
	return dict.Attr(name)
}

func (d *FactDict) get(_ *starlark.Thread, fn *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
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
func (d *FactDict) Plain() (any, error) {
	d.record("", d.entries)
	if !isWhole(d.entries) {
		return nil, d.host.notWhole(d.what)
	}
	return maps.Clone(d.entries), nil
}

// sortedNames iterates over texts.
type sortedNames struct{ left []string }

func (n *sortedNames) Next(p *starlark.Value) bool {
	if len(n.left) == 0 {
		return false
	}
	*p, n.left = starlark.String(n.left[0]), n.left[1:]
	return true
}

func (n *sortedNames) Done() {}
