package resource

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

func delegateBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "delegate",
		Doc: "Another host of the inventory, by its name or as hosts() gives it, on which units of this host act: its attributes are all " +
			"resource types. Such a unit is executed in order with those of this host, and reads and changes the other one, as the user that the " +
			"other one's units act as. The other host need not be in the play or in --limit. " +
			"\"localhost\" is the machine that runs froyo; the inventory need not list it.",
		Example: "lb = delegate(\"lb1\")\n" +
			"lb.cmd(\"drain %s\" % host.name)\npkg(\"nginx\", state = \"latest\")\nlb.cmd(\"undrain %s\" % host.name)",
		Make: eval.Function("delegate", makeDelegate),
	}
}

// Delegate is another host on which units of the host that is evaluated act.
type Delegate struct {
	env *eval.Env
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

// Plain implements plain.Plainer: a delegate is not a value.
func (d *Delegate) Plain() (any, error) {
	return nil, (&diag.Error{Summary: d.String() + " is not a value"}).WithHint("its name is that of the host: %q", d.inv.Name)
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
			return New(d.env, t, d.inv), nil
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
	s := eval.Of(thread)
	if s.Phase() != eval.Planning && s.Phase() != eval.LoadingMain {
		return nil, s.NeedPlanning("delegate()")
	}
	inv, err := hostOf(s, v)
	if err != nil {
		return nil, err
	}
	return &Delegate{env: s.Env(), inv: inv}, nil
}

// hostOf finds the host that a runbook names.
func hostOf(s *eval.Scope, v starlark.Value) (*inventory.Host, error) {
	if h, ok := v.(*hostapi.Host); ok {
		return h.Inventory(), nil
	}
	name, ok := starlark.AsString(v)
	if !ok {
		return nil, (&diag.Error{Summary: fmt.Sprintf("delegate: got %s, want a host or its name", v.Type())}).
			WithHint(`write delegate("lb1") or delegate(hosts("role=lb")[0])`)
	}
	var names []string
	if s.Env().Inventory != nil {
		if h := s.Env().Inventory.Host(name); h != nil {
			return h, nil
		}
		for _, h := range s.Env().Inventory.Hosts() {
			names = append(names, h.Name)
		}
	}
	err := &diag.Error{Summary: fmt.Sprintf("delegate: the inventory has no host %q", name)}
	if near := diag.Nearest(name, names); near != "" {
		return nil, err.WithHint("did you mean %q?", near)
	}
	return nil, err.WithHint("a host to delegate to has to be in the inventory; it need not be in the play")
}

// other is the host that the resource's units act on, or nil where that is the one that is evaluated.
func (r *resource) other(s *eval.Scope) *inventory.Host {
	if r.on == nil || r.on.Name == s.HostName() {
		return nil
	}
	return r.on
}
