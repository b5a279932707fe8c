package builtins

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
)

// factFields lists the fields of each namespace of facts, by its name. The
// runner's answer is where they are defined.
func factFields() map[string][]string {
	namespaces := map[string][]string{}
	for namespace := range reflect.TypeFor[op.FactsResult]().Fields() {
		name := jsonName(namespace)
		for field := range namespace.Type.Elem().Fields() {
			namespaces[name] = append(namespaces[name], jsonName(field))
		}
	}
	return namespaces
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// factStore holds the facts that an evaluation has asked for. It is safe for
// concurrent use, because lambdas come back to it.
type factStore struct {
	scope *Scope

	mu    sync.Mutex
	known map[string]map[string]any // by host and namespace
}

func newFactStore(s *Scope) *factStore { return &factStore{scope: s} }

func (f *factStore) get(host *inventory.Host, namespace string) (map[string]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := host.Name + "\x00" + namespace
	if facts, ok := f.known[key]; ok {
		return facts, nil
	}
	ctx := f.scope.ctx
	if f.scope.ended {
		ctx = context.WithoutCancel(ctx)
	}
	facts, err := f.scope.reader.Facts(ctx, host, namespace)
	if err != nil {
		return nil, fmt.Errorf("facts %s of %s: %w", namespace, host.Name, err)
	}
	put(&f.known, key, facts)
	return facts, nil
}

// factsValue is host.facts, or a part of it on the way to a namespace.
type factsValue struct {
	host   *Host
	prefix string // "", "os"; a namespace's whole name once it is one
}

var _ starlark.HasAttrs = (*factsValue)(nil)

func (f *factsValue) String() string {
	return strings.TrimSuffix("<facts "+f.prefix, " ") + " of " + f.host.inv.Name + ">"
}
func (f *factsValue) Type() string          { return "facts" }
func (f *factsValue) Freeze()               {}
func (f *factsValue) Truth() starlark.Bool  { return true }
func (f *factsValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: facts") }

// AttrNames lists the namespaces, or the fields of a namespace.
func (f *factsValue) AttrNames() []string {
	all := factFields()
	if fields, ok := all[f.prefix]; ok {
		return fields
	}
	var names []string
	for _, namespace := range slices.Sorted(maps.Keys(all)) {
		rest, ok := strings.CutPrefix(namespace, f.join(""))
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// join is the name of something below f.
func (f *factsValue) join(name string) string {
	if f.prefix == "" {
		return name
	}
	return f.prefix + "." + name
}

// Attr goes one step down, or returns a fact.
func (f *factsValue) Attr(name string) (starlark.Value, error) {
	names := f.AttrNames()
	if !slices.Contains(names, name) {
		err := &diag.Error{Summary: fmt.Sprintf("there are no facts %s", f.join(name))}
		if near := diag.Nearest(name, names); near != "" {
			return nil, err.WithHint("did you mean %s?", f.join(near))
		}
		return nil, err.WithHint("there are: %s", f.join(strings.Join(names, ", "+f.join(""))))
	}
	if _, isNamespace := factFields()[f.prefix]; !isNamespace {
		return &factsValue{host: f.host, prefix: f.join(name)}, nil
	}
	return f.fact(name)
}

func (f *factsValue) fact(name string) (starlark.Value, error) {
	s := f.host.scope
	if s.facts == nil {
		return nil, (&diag.Error{Summary: "facts are not known while files are loaded"}).
			WithHint("read them in the function that play() gets as do; call hosts() there, too")
	}
	facts, err := s.facts.get(f.host.inv, f.prefix)
	if err != nil {
		return nil, err
	}
	value, ok := facts[name]
	if !ok {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s did not tell its %s", f.host.inv.Name, f.join(name))}
	}
	s.record.fact(f.host.inv.Name, f.prefix, name, value)
	v, err := plain.FromStruct(value)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", f.join(name), f.host.inv.Name, err)
	}
	v.Freeze()
	return v, nil
}
