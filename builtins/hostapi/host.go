// Package hostapi is a host as a runbook sees it: what the inventory says of it,
// its facts, and the questions that can be put to it.
package hostapi

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/value"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// Host is a host as a runbook sees it: what the inventory says, and what can be asked of it.
type Host struct {
	scope *eval.Scope
	inv   *inventory.Host
}

var (
	_ starlark.HasAttrs   = (*Host)(nil)
	_ starlark.Comparable = (*Host)(nil)
	_ plain.Plainer       = (*Host)(nil)
)

// Of returns a host of the inventory for a runbook that is evaluated.
func Of(s *eval.Scope, host *inventory.Host) *Host { return &Host{scope: s, inv: host} }

// Inventory returns what the inventory says of the host.
func (h *Host) Inventory() *inventory.Host { return h.inv }

func (h *Host) String() string        { return h.inv.Name }
func (h *Host) Type() string          { return "host" }
func (h *Host) Freeze()               {}
func (h *Host) Truth() starlark.Bool  { return true }
func (h *Host) Hash() (uint32, error) { return starlark.String(h.inv.Name).Hash() }

// CompareSameType makes hosts equal that have the same name.
func (h *Host) CompareSameType(op syntax.Token, other starlark.Value, _ int) (bool, error) {
	same := h.inv.Name == other.(*Host).inv.Name
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("hosts have no order; compare their names")
}

// Plain implements plain.Plainer: a host is not a value.
func (h *Host) Plain() (any, error) {
	return nil, (&diag.Error{Summary: "a host is not a value"}).WithHint("use host.name or host.address")
}

var hostFields = []string{"address", "facts", "groups", "labels", "name", "vars"}

// AttrNames lists the fields and methods of hosts.
func (h *Host) AttrNames() []string {
	names := slices.Concat(hostFields, slices.Collect(maps.Keys(methods())))
	slices.Sort(names)
	return names
}

// Attr returns a field or method.
func (h *Host) Attr(name string) (starlark.Value, error) {
	switch name {
	case "name":
		return starlark.String(h.inv.Name), nil
	case "address":
		return starlark.String(h.inv.Address), nil
	case "groups":
		groups, err := plain.From(h.inv.Groups)
		if err == nil {
			groups.Freeze()
		}
		return groups, err
	case "labels":
		return h.labels(), nil
	case "vars":
		return h.vars(), nil
	case "facts":
		return &Facts{host: h}, nil
	}
	if method, ok := methods()[name]; ok {
		return starlark.NewBuiltin("host."+name, method).BindReceiver(h), nil
	}
	return nil, nil
}

func (h *Host) labels() *value.Bag {
	data := make(map[string]any, len(h.inv.Labels))
	for k, v := range h.inv.Labels {
		data[k] = v
	}
	return value.NewBag("label", data, "host.labels.get(%q) gives None where it is missing", nil)
}

// vars are the inventory's variables of the host under those of the command line.
func (h *Host) vars() *value.Bag {
	data := maps.Clone(h.inv.Vars)
	if data == nil {
		data = map[string]any{}
	}
	maps.Copy(data, h.scope.Env().Vars)
	t := &templated{host: h, data: data, done: map[string]starlark.Value{}}
	t.bag = value.NewBag("variable", data, "set it in the inventory, or give -e %s=VALUE",
		func(name string, v any) {
			if !h.scope.Ended() { // a host from a file's top level is shared by all evaluations
				h.scope.Used().Variable(h.inv.Name, name, v)
			}
		}).Resolve(t.resolve)
	return t.bag
}
