package builtins

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

func hostsDoc() Builtin {
	return Builtin{
		Name:    "hosts",
		Doc:     "The hosts of the whole inventory that a selector matches, in the inventory's order.",
		Example: `file("/etc/app/db", content = "\n".join([h.address for h in hosts("role=db")]))`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("hosts", selectHosts)
		},
	}
}

func selectHosts(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	selector := "all"
	if err := args.Unpack(b.Name(), pos, kw, "selector?", &selector); err != nil {
		return nil, err
	}
	s := scopeOf(thread)
	if s.env.Inventory == nil {
		return starlark.NewList(nil), nil
	}
	found, err := s.env.Inventory.Select(selector)
	if err != nil {
		told := selectorError("hosts", err)
		if !isUnknownName(err) {
			return nil, told
		}
		s.warn(told)
	}
	names := make([]string, len(found))
	list := make([]starlark.Value, len(found))
	for i, h := range found {
		names[i] = h.Name
		list[i] = &Host{scope: s, inv: h}
	}
	s.record.selection(selector, names)
	if len(found) == 0 && err == nil {
		s.warn((&diag.Error{Summary: fmt.Sprintf("hosts(%q) matches no host of the inventory", selector)}))
	}
	return starlark.NewList(list), nil
}

func isUnknownName(err error) bool {
	_, ok := errors.AsType[*inventory.UnknownName](err)
	return ok
}

// selectorError puts a name in front of what is wrong with a selector.
func selectorError(what string, err error) *diag.Error {
	out := &diag.Error{Summary: fmt.Sprintf("%s: %v", what, err), Cause: err}
	if cause, ok := errors.AsType[*diag.Error](err); ok {
		out.Summary, out.Detail, out.Hint = what+": "+cause.Summary, cause.Detail, cause.Hint
	}
	return out
}

// Host is a host as a runbook sees it: what the inventory says, and what can be asked of it.
type Host struct {
	scope *Scope
	inv   *inventory.Host
}

var (
	_ starlark.HasAttrs   = (*Host)(nil)
	_ starlark.Comparable = (*Host)(nil)
	_ plain.Plainer       = (*Host)(nil)
)

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

// Plain implements plain.Plainer: a host is no value.
func (h *Host) Plain() (any, error) {
	return nil, (&diag.Error{Summary: "a host is not a value"}).WithHint("use host.name or host.address")
}

var hostFields = []string{"address", "facts", "groups", "labels", "name", "vars"}

// AttrNames lists the fields and methods of hosts.
func (h *Host) AttrNames() []string {
	names := slices.Concat(hostFields, slices.Collect(maps.Keys(hostMethods())))
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
		return &factsValue{host: h}, nil
	}
	if method, ok := hostMethods()[name]; ok {
		return starlark.NewBuiltin("host."+name, method).BindReceiver(h), nil
	}
	return nil, nil
}

func (h *Host) labels() *bag {
	data := make(map[string]any, len(h.inv.Labels))
	for k, v := range h.inv.Labels {
		data[k] = v
	}
	return &bag{what: "label", data: data, hint: "host.labels.get(%q) gives None where it is missing"}
}

// vars are the inventory's variables of the host under those of the command line.
func (h *Host) vars() *bag {
	data := maps.Clone(h.inv.Vars)
	if data == nil {
		data = map[string]any{}
	}
	maps.Copy(data, h.scope.env.Vars)
	return &bag{
		what: "variable", data: data, hint: "set it in the inventory, or give -e %s=VALUE",
		record: func(name string, value any) {
			if !h.scope.ended { // a host from a file's top level is shared by all evaluations
				h.scope.record.variable(h.inv.Name, name, value)
			}
		},
	}
}
