package resource

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

func lifecycleBuiltin() eval.Builtin {
	return eval.Builtin{
		Name: "lifecycle",
		Doc: "Differences that a unit ignores, and protection of its resource. Differences in the arguments that ignore_changes names are ignored if the " +
			"resource exists; if it is created, all are set. prevent_destroy = True protects it from being removed or replaced: by this " +
			"unit, by another one that removes a directory above it, overwrites it or replaces it by a link, also through " +
			"links and bind mounts, or by a later runbook that no longer says so: the state " +
			"records it. prevent_destroy = False lifts the protection, as does `froyo state protections drop`.",
		Example: `file("/srv/app/settings.ini", source = "settings.ini", lifecycle = lifecycle(prevent_destroy = True, ignore_changes = ["content"]))`,
		Make:    eval.Function("lifecycle", makeLifecycle),
	}
}

// Lifecycle is what a unit's resource is kept from.
type Lifecycle struct {
	prevent args.Optional
	ignore  args.Strings
}

var _ plain.Plainer = (*Lifecycle)(nil)

func (l *Lifecycle) String() string {
	var parts []string
	if l.prevent.Given {
		parts = append(parts, "prevent_destroy = "+starlark.Bool(l.prevent.Value).String())
	}
	if len(l.ignore) > 0 {
		parts = append(parts, `ignore_changes = ["`+strings.Join(l.ignore, `", "`)+`"]`)
	}
	return "lifecycle(" + strings.Join(parts, ", ") + ")"
}
func (l *Lifecycle) Type() string { return "lifecycle" }

// Freeze implements starlark.Value.
func (l *Lifecycle) Freeze()               {}
func (l *Lifecycle) Truth() starlark.Bool  { return true }
func (l *Lifecycle) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable: lifecycle") }

// Plain implements plain.Plainer: a lifecycle is not a value.
func (l *Lifecycle) Plain() (any, error) {
	return nil, (&diag.Error{Summary: "lifecycle(...) is not a value"}).
		WithHint("give it to a unit: lifecycle = lifecycle(prevent_destroy = True)")
}

func makeLifecycle(_ *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if len(pos) > 0 {
		return nil, (&diag.Error{Summary: "lifecycle takes no positional arguments"}).
			WithHint(`write lifecycle(prevent_destroy = True) or lifecycle(ignore_changes = ["mode"])`)
	}
	l := &Lifecycle{}
	if err := args.Unpack(b.Name(), pos, kw, "prevent_destroy?", &l.prevent, "ignore_changes?", &l.ignore); err != nil {
		return nil, err
	}
	return l, nil
}

// toLifecycle unpacks the argument.
func toLifecycle(v starlark.Value) (*Lifecycle, error) {
	if l, ok := v.(*Lifecycle); ok {
		return l, nil
	}
	return nil, fmt.Errorf("got %s, want lifecycle(prevent_destroy = ..., ignore_changes = ...)", v.Type())
}

// lifecycle gives the unit what it is kept from, once that is known to make
// sense for its type.
func (r *resource) lifecycle(l *Lifecycle, d *draft, fail func(*diag.Error)) {
	if l == nil {
		return
	}
	if l.prevent.Given {
		d.unit.Lifecycle.PreventDestroy = new(l.prevent.Value)
	}
	for _, name := range l.ignore {
		field := r.fields[name]
		switch {
		case field == nil:
			fail(r.noField(name))
			continue
		case field.Key || name == r.typ.Key || name == r.typ.KeyAlias || slices.ContainsFunc(r.typ.KeyWith, func(part []string) bool { return slices.Contains(part, name) }):
			fail((&diag.Error{Summary: fmt.Sprintf("ignore_changes of %s: %s says which resource it is, and cannot be ignored", r.typ.Name, name)}).
				WithHint("another %s is another resource", name))
			continue
		case field.SourceInto != "":
			name = field.SourceInto // that is what differs
		}
		if !slices.Contains(d.unit.Lifecycle.IgnoreChanges, name) {
			d.unit.Lifecycle.IgnoreChanges = append(d.unit.Lifecycle.IgnoreChanges, name)
		}
	}
	slices.Sort(d.unit.Lifecycle.IgnoreChanges)
}

// noField is the error for an argument to ignore that the type does not have.
func (r *resource) noField(name string) *diag.Error {
	names := make([]string, len(r.typ.Fields))
	for i := range r.typ.Fields {
		names[i] = r.typ.Fields[i].Name
	}
	err := &diag.Error{Summary: fmt.Sprintf("ignore_changes: %s has no argument %q", r.typ.Name, name)}
	if near := diag.Nearest(name, names); near != "" {
		return err.WithHint("did you mean %q?", near)
	}
	return err.WithHint("its arguments are: %s", strings.Join(names, ", "))
}
