package facts

import (
	"slices"
	"strings"
)

// Registry is the namespaces that there are: froyo's, and those of a workspace. The zero value has none.
type Registry struct{ all []*Namespace }

// BuiltIn has froyo's namespaces.
func BuiltIn() *Registry { return load() }

// All returns the namespaces, froyo's first. They must not be changed.
func (r *Registry) All() []*Namespace { return r.all }

// Lookup returns the namespace of a name, or nil.
func (r *Registry) Lookup(name string) *Namespace {
	for _, n := range r.all {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Names are the names of all namespaces.
func (r *Registry) Names() []string {
	names := make([]string, len(r.all))
	for i, n := range r.all {
		names[i] = n.Name
	}
	return names
}

// Below lists the names that may follow prefix: the next parts of namespaces, or where prefix is a namespace its fields.
// "" is before all.
func (r *Registry) Below(prefix string) []string {
	var names []string
	if n := r.Lookup(prefix); n != nil {
		for i := range n.Fields {
			names = append(names, n.Fields[i].Name)
		}
		return names
	}
	if prefix != "" {
		prefix += "."
	}
	for _, n := range r.all {
		rest, ok := strings.CutPrefix(n.Name, prefix)
		if name, _, _ := strings.Cut(rest, "."); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
