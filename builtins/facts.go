package builtins

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
)

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
	if told, ok := f.known[key]; ok {
		return told, nil
	}
	ctx := f.scope.ctx
	if f.scope.ended {
		ctx = context.WithoutCancel(ctx)
	}
	told, err := f.scope.reader.Facts(ctx, host, namespace)
	if err != nil {
		return nil, fmt.Errorf("facts %s of %s: %w", namespace, host.Name, err)
	}
	put(&f.known, key, told)
	return told, nil
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
	var names []string
	if namespace := facts.Lookup(f.prefix); namespace != nil {
		for _, field := range namespace.Fields {
			names = append(names, field.Name)
		}
		return names
	}
	for _, namespace := range facts.All() {
		rest, ok := strings.CutPrefix(namespace.Name, f.join(""))
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
	namespace := facts.Lookup(f.prefix)
	if namespace == nil {
		return &factsValue{host: f.host, prefix: f.join(name)}, nil
	}
	return f.fact(namespace.Field(name))
}

func (f *factsValue) fact(field *facts.Field) (starlark.Value, error) {
	s := f.host.scope
	if s.facts == nil {
		return nil, (&diag.Error{Summary: "facts are not known while files are loaded"}).
			WithHint("read them in the function that play() gets as do; call hosts() there, too")
	}
	told, err := s.facts.get(f.host.inv, f.prefix)
	if err != nil {
		return nil, err
	}
	value, ok := told[field.Name]
	if !ok {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s did not tell its %s", f.host.inv.Name, f.join(field.Name))}
	}
	record := func(part string, value any) { s.record.fact(f.host.inv.Name, f.prefix, field.Name+part, value) }
	if entries, ok := value.(map[string]any); ok && field.Form == facts.Dict {
		return &factDict{what: f.join(field.Name) + " of " + f.host.inv.Name, entries: entries, record: record}, nil
	}
	record("", value)
	v, err := plain.FromStruct(value)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", f.join(field.Name), f.host.inv.Name, err)
	}
	v.Freeze()
	return v, nil
}
