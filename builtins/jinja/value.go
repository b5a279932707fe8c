package jinja

import (
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// Object is a value of ours whose attributes a template reads.
type Object struct {
	Text func() string
	// Get returns an attribute; false where there is none.
	Get func(name string) (any, bool, error)
}

var (
	_ exec.AttributeGetter = (*Object)(nil)
	_ exec.ItemGetter      = (*Object)(nil)
)

func (o *Object) String() string { return o.Text() }

// GetAttribute implements gonja's attribute access: host.name.
func (o *Object) GetAttribute(name string) (*exec.Value, bool) {
	value, found, err := o.Get(name)
	if err != nil {
		return exec.AsValue(err), true
	}
	if !found {
		return exec.AsValue(nil), false
	}
	return exec.AsValue(value), true
}

// GetItem implements gonja's index: host["name"].
func (o *Object) GetItem(key any) (*exec.Value, bool) {
	name, ok := key.(string)
	if !ok {
		return exec.AsValue(nil), false
	}
	return o.GetAttribute(name)
}

// Pair is an entry of a dict.
type Pair struct{ Key, Value any }

// Dict makes a dict for templates. They go through its keys in sorted order.
func Dict(pairs []Pair) any {
	m := make(map[string]any, len(pairs))
	folded := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		key, ok := p.Key.(string)
		if !ok || folded[strings.ToLower(key)] {
			return ordered(pairs)
		}
		folded[strings.ToLower(key)] = true
		m[key] = p.Value
	}
	return m
}

// ordered keeps the order of the pairs. It stands in where gonja's sorting,
// which ignores case, would not always give the same order.
func ordered(pairs []Pair) *exec.Dict {
	d := exec.NewDict()
	for _, p := range pairs {
		d.Pairs = append(d.Pairs, &exec.Pair{Key: exec.AsValue(p.Key), Value: exec.AsValue(p.Value)})
	}
	return d
}
