package hostapi

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
)

// Facts is host.facts, or a part of it on the way to a namespace.
type Facts struct {
	host   *Host
	prefix string // "", "os"; a namespace's whole name once it is one
}

var _ starlark.HasAttrs = (*Facts)(nil)

func (f *Facts) String() string {
	return strings.TrimSuffix("<facts "+f.prefix, " ") + " of " + f.host.inv.Name + ">"
}
func (f *Facts) Type() string          { return "facts" }
func (f *Facts) Freeze()               {}
func (f *Facts) Truth() starlark.Bool  { return true }
func (f *Facts) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: facts") }

// AttrNames lists the namespaces, or the fields of a namespace.
func (f *Facts) AttrNames() []string { return f.registry().Below(f.prefix) }

// Namespace is the namespace that it is, nil on the way to one.
func (f *Facts) Namespace() *facts.Namespace { return f.registry().Lookup(f.prefix) }

// Prefix is the name of the namespace, or of what is above some: "os", or "" for all.
func (f *Facts) Prefix() string { return f.prefix }

// registry has the namespaces that there are.
func (f *Facts) registry() *facts.Registry { return f.host.scope.Env().Facts }

// join is the name of something below f.
func (f *Facts) join(name string) string {
	if f.prefix == "" {
		return name
	}
	return f.prefix + "." + name
}

// Attr goes one step down, or returns a fact.
func (f *Facts) Attr(name string) (starlark.Value, error) {
	names := f.AttrNames()
	if !slices.Contains(names, name) {
		err := &diag.Error{Summary: fmt.Sprintf("there are no facts %s", f.join(name))}
		if near := diag.Nearest(name, names); near != "" {
			return nil, err.WithHint("did you mean %s?", f.join(near))
		}
		return nil, err.WithHint("there are: %s", f.join(strings.Join(names, ", "+f.join(""))))
	}
	namespace := f.registry().Lookup(f.prefix)
	if namespace == nil {
		return &Facts{host: f.host, prefix: f.join(name)}, nil
	}
	return f.fact(namespace, namespace.Field(name))
}

func (f *Facts) fact(n *facts.Namespace, field *facts.Field) (starlark.Value, error) {
	told, err := f.host.scope.Facts(f.host.inv, n)
	if err != nil {
		return nil, err
	}
	value, ok := told[field.Name]
	if !ok {
		return nil, eval.BadAnswer(f.host.inv.Name, nil, "%s did not tell its %s", f.host.inv.Name, f.join(field.Name))
	}
	what := f.join(field.Name) + " of " + f.host.inv.Name
	record := func(part string, value any) {
		f.host.scope.Used().Fact(f.host.inv.Name, f.prefix, field.Name+part, value)
	}
	if entries, ok := value.(map[string]any); ok && field.Form == facts.Dict {
		return &FactDict{what: what, host: f.host, entries: entries, record: record}, nil
	}
	if !isWhole(value) {
		return nil, f.host.notWhole(what)
	}
	record("", value)
	v, err := plain.FromStruct(value)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", f.join(field.Name), f.host.inv.Name, err)
	}
	v.Freeze()
	return v, nil
}

// isWhole reports whether no text within a fact has a mark of what was replaced or cut off.
func isWhole(value any) bool {
	switch v := value.(type) {
	case string:
		return !strings.Contains(v, replaced)
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !isWhole(e) })
	case map[string]any:
		for _, e := range v {
			if !isWhole(e) {
				return false
			}
		}
	}
	return true
}

// notWhole is a fact that is not a value.
func (h *Host) notWhole(what string) error {
	return eval.BadAnswer(h.inv.Name, &result.IncompleteError{Output: what}, "%s cannot be used: it is not UTF-8 text, or too long", what).
		WithHint("host.query can ask for it")
}

// Collect has a function of the workspace tell the facts of a host, and holds them to their definition.
func Collect(s *eval.Scope, h *inventory.Host, n *facts.Namespace, fn starlark.Callable) (map[string]any, error) {
	v, err := eval.OnlyAsking(s, func() (starlark.Value, error) { return starlark.Call(s.Thread(), fn, starlark.Tuple{Of(s, h)}, nil) })
	if err != nil {
		return nil, err
	}
	told, err := plain.To(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Own.Script, err)
	}
	values, ok := told.(map[string]any)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s of %s returned %s, expected a dict or a struct of facts", facts.Collect, n.Own.Script, v.Type())}).
			WithHint("the fields are in %s", n.Own.File)
	}
	if secret.MarkedValue(values) {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s of %s returned a secret, and facts are kept and shown", facts.Collect, n.Own.Script)}
	}
	if err := n.Check(values); err != nil {
		return nil, (&diag.Error{Summary: fmt.Sprintf("%s of %s: %v", facts.Collect, n.Own.Script, err), Cause: err}).
			WithHint("the fields are in %s", n.Own.File)
	}
	return values, nil
}
