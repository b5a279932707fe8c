package builtins

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

func delegateDoc() Builtin {
	return Builtin{
		Name: "delegate",
		Doc: "Another host of the inventory, by its name or as hosts() gives it, on which units of this host act: its attributes are all " +
			"resource types. Such a unit has its turn among those of this host, and reads and changes the other one, as the user that the " +
			"other one's units act as. That host need be neither in the play nor in --limit.",
		Example: "lb = delegate(\"lb1\")\n" +
			"lb.cmd(\"drain %s\" % host.name)\npkg(\"nginx\", state = \"latest\")\nlb.cmd(\"undrain %s\" % host.name)",
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("delegate", makeDelegate)
		},
	}
}

// Delegate is another host on which units of the host at work act.
type Delegate struct {
	env *Env
	inv *inventory.Host
}

var (
	_ starlark.HasAttrs = (*Delegate)(nil)
	_ plain.Plainer     = (*Delegate)(nil)
)

func (d *Delegate) String() string        { return fmt.Sprintf("delegate(%q)", d.inv.Name) }
func (d *Delegate) Type() string          { return "delegate" }
func (d *Delegate) Freeze()               {}
func (d *Delegate) Truth() starlark.Bool  { return true }
func (d *Delegate) Hash() (uint32, error) { return starlark.String(d.inv.Name).Hash() }

// Plain implements plain.Plainer: a delegate is no value.
func (d *Delegate) Plain() (any, error) {
	return nil, (&diag.Error{Summary: d.String() + " is no value"}).WithHint("its name is that of the host: %q", d.inv.Name)
}

// AttrNames lists the resource types.
func (d *Delegate) AttrNames() []string {
	names := make([]string, len(d.env.Types))
	for i, t := range d.env.Types {
		names[i] = t.Name
	}
	return names
}

// Attr returns a resource type whose units act on the delegate.
func (d *Delegate) Attr(name string) (starlark.Value, error) {
	for _, t := range d.env.Types {
		if t.Name == name {
			return newResource(d.env, t, d.inv), nil
		}
	}
	err := &diag.Error{Summary: fmt.Sprintf("delegate(...) has no resource type %q", name)}
	if near := diag.Nearest(name, d.AttrNames()); near != "" {
		return nil, err.WithHint("did you mean %q?", near)
	}
	return nil, err.WithHint("its attributes are the resource types, such as lb.cmd(...)")
}

func makeDelegate(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "host", &v); err != nil {
		return nil, err
	}
	s := scopeOf(thread)
	if s.phase != planning && s.phase != loading {
		return nil, s.needPlanning("delegate()")
	}
	inv, err := s.delegate(v)
	if err != nil {
		return nil, err
	}
	return &Delegate{env: s.env, inv: inv}, nil
}

// delegate finds the host that a runbook names.
func (s *Scope) delegate(v starlark.Value) (*inventory.Host, error) {
	if h, ok := v.(*Host); ok {
		return h.inv, nil
	}
	name, ok := starlark.AsString(v)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("delegate: got %s, want a host or its name", v.Type())}).
			WithHint(`write delegate("lb1") or delegate(hosts("role=lb")[0])`)
	}
	var names []string
	if s.env.Inventory != nil {
		if h := s.env.Inventory.Host(name); h != nil {
			return h, nil
		}
		for _, h := range s.env.Inventory.Hosts() {
			names = append(names, h.Name)
		}
	}
	err := &diag.Error{Summary: fmt.Sprintf("delegate: the inventory has no host %q", name)}
	if near := diag.Nearest(name, names); near != "" {
		return nil, err.WithHint("did you mean %q?", near)
	}
	return nil, err.WithHint("a host to delegate to has to be in the inventory; it need not be in the play")
}

// other is the host that the resource's units act on, or nil where that is the one at work.
func (r *resource) other(s *Scope) *inventory.Host {
	if r.on == nil || r.on.Name == s.hostName() {
		return nil
	}
	return r.on
}
