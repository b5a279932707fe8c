package resource

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/source"
	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// draft is a unit in the making.
type draft struct {
	unit    *unit.Unit
	host    *inventory.Host // that it acts on
	args    map[string]any
	later   []string
	lambdas []units.Lambda  // what Finish looks into, beside the unit
	trees   []*schema.Field // that name directories which are not listed yet
	// onFailure is what is done where the unit fails; nil is nothing.
	onFailure starlark.Callable
	guard     bool // it is applied under guard
	failed    bool
	marked    bool // an argument holds a secret
	holes     bool // an argument could not be read, so checking the rest would mislead
}

// declare makes one unit.
func (r *resource) declare(thread *starlark.Thread, s *units.Set, pos starlark.Tuple, kw []starlark.Tuple) *units.Handle {
	stack := eval.Stack(thread)
	at := eval.Pos(stack)
	if s.Scope().Phase() == eval.LoadingMain {
		s.AtTopLevel(diag.Frame{Name: r.typ.Name, Pos: at})
	}
	d := &draft{
		unit: &unit.Unit{Pos: at, Stack: stack},
		args: make(map[string]any, len(kw)+1),
		host: s.Scope().Host(),
	}
	if other := r.other(s.Scope()); other != nil {
		d.host, d.unit.ID.Delegate = other, other.Name
	}
	fail := func(err *diag.Error) {
		d.failed = true
		err.Pos, err.Stack = at, stack
		s.Scope().Report(err)
	}
	r.arguments(s, d, pos, kw, fail)
	r.secrecy(d, fail)
	d.unit.ID = unit.ID{Host: s.Scope().HostName(), Scope: s.Plays().Part(), Delegate: d.unit.ID.Delegate, Type: r.typ.Name, Key: r.sealed(s.Scope(), d, r.key(d), fail)}
	if n := len(d.unit.ID.Key); n > MaxName {
		d.holes, d.unit.ID.Key = true, d.unit.ID.Key[:40]+"…"
		fail((&diag.Error{Summary: fmt.Sprintf("the name of this %s has %d bytes; the limit is %d", r.typ.Name, n, MaxName)}).
			WithHint("give it a short name, or put a long script into a file"))
	}
	r.check(d, fail)
	r.volatile(s, d, fail)
	if d.onFailure != nil && !d.failed {
		if err := s.Plays().OnFailure(d.unit, d.onFailure); err != nil {
			fail(err)
		}
	}
	if d.failed {
		return units.Failed(d.unit, r.typ)
	}
	return s.Add(d.unit, r.typ, d.lambdas)
}

// arguments sorts what was given into the unit's own arguments and those of every resource.
func (r *resource) arguments(s *units.Set, d *draft, pos starlark.Tuple, kw []starlark.Tuple, fail func(*diag.Error)) {
	if len(pos) > 1 {
		fail((&diag.Error{Summary: fmt.Sprintf("%s takes one positional argument, %s; got %d", r.typ.Name, r.typ.Key, len(pos))}).
			WithHint("write the others as name = value"))
	}
	meta := metaArgs{}
	if len(pos) > 0 {
		r.argument(s, d, r.typ.Key, pos[0], fail)
	}
	for _, pair := range kw {
		name := string(pair[0].(starlark.String))
		if name == r.typ.Key && len(pos) > 0 {
			fail(&diag.Error{Summary: fmt.Sprintf("%s got its %s twice", r.typ.Name, name)})
			continue
		}
		switch {
		case r.fields[name] != nil:
			r.argument(s, d, name, pair[1], fail)
		case slices.Contains(metaNames, name):
			if err := meta.set(name, pair[1]); err != nil {
				fail(err)
			}
		default:
			fail(r.unknown(name))
		}
	}
	r.takeTrees(s, d, fail)
	meta.apply(s, d, fail)
	r.lifecycle(meta.lifecycle, d, fail)
}

func (r *resource) argumentNames() []string {
	var names []string
	for i := range r.typ.Fields {
		names = append(names, r.typ.Fields[i].Name)
	}
	return append(names, metaNames...)
}

// argument takes one of the type's own arguments. None means "not given".
func (r *resource) argument(s *units.Set, d *draft, name string, v starlark.Value, fail func(*diag.Error)) {
	if v == starlark.None {
		return
	}
	field := r.fields[name]
	if fn, ok := v.(starlark.Callable); ok && field.Result {
		r.resultLambda(s, d, name, fn, fail)
		return
	}
	if host, ok := v.(*hostapi.Host); ok && field.Host {
		d.args[name] = host.Inventory().Name
		return
	}
	if err := bounds.Printable(name+" of "+r.typ.Name, v); err != nil {
		d.holes = true
		fail(&diag.Error{Summary: err.Error(), Cause: err})
		return
	}
	if fn := lambda.Of(s.Scope(), v); fn != nil {
		d.later = append(d.later, name)
		d.lambdas = append(d.lambdas, units.Lambda{Arg: name, Func: fn})
		return
	}
	if field.Host {
		d.holes = true
		fail((&diag.Error{Summary: fmt.Sprintf("%s of %s: got %s, want a host", name, r.typ.Name, v.Type())}).
			WithHint("%s = host", name))
		return
	}
	value, err := lambda.ToPlain(v)
	if err != nil {
		d.holes = true
		summary := fmt.Sprintf("%s of %s: %v", name, r.typ.Name, err)
		fail(lambda.WithHint(&diag.Error{Summary: summary, Cause: err}, v))
		return
	}
	if field.SourceInto != "" {
		r.takeSource(s, d, field, value, fail)
		return
	}
	d.args[name] = field.Spell(value)
}

func (r *resource) resultLambda(s *units.Set, d *draft, name string, fn starlark.Callable, fail func(*diag.Error)) {
	if err := args.Arity(fn, 1); err != nil {
		fail((&diag.Error{Summary: fmt.Sprintf("%s of %s: %v", name, r.typ.Name, err)}).
			WithHint(`the argument is the unit's result: lambda r: "created" in r.stdout`))
		return
	}
	if r.fields[name].Later {
		d.later = append(d.later, name)
	} // else the provider goes by the default, and the engine asks the function
	d.lambdas = append(d.lambdas, units.Lambda{Arg: name, Func: lambda.New(s.Scope(), fn, 1)})
}

// takeSource puts a file's content in the place of the field that names it.
func (r *resource) takeSource(s *units.Set, d *draft, field *schema.Field, value any, fail func(*diag.Error)) {
	if _, both := d.args[field.SourceInto]; both || slices.Contains(d.later, field.SourceInto) {
		fail((&diag.Error{Summary: fmt.Sprintf("%s got both %s and %s", r.typ.Name, field.Name, field.SourceInto)}).
			WithHint("give one: %s is the value itself, %s a file that holds it", field.SourceInto, field.Name))
		return
	}
	d.args[field.Name] = value
	if _, ok := value.(string); !ok {
		return // the schema says what is wanted
	}
	if r.rule(field).Without != "" { // what is left out is known when all arguments are
		d.trees = append(d.trees, field)
		return
	}
	r.sourced(s, d, field, nil, fail)
}

func (r *resource) rule(field *schema.Field) *schema.Rule {
	return &r.typ.Rules[r.typ.Index(field.Name)]
}

// sourced reads what a source names.
func (r *resource) sourced(s *units.Set, d *draft, field *schema.Field, tree *source.Choice, fail func(*diag.Error)) {
	blob, err := s.Scope().Source(d.args[field.Name].(string), tree)
	if err != nil {
		d.holes = true
		fail(err)
		return
	}
	d.args[field.SourceInto] = blob
}

// takeTrees lists the directories that arguments name.
func (r *resource) takeTrees(s *units.Set, d *draft, fail func(*diag.Error)) {
	for _, field := range d.trees {
		tree := &source.Choice{}
		given, _ := d.args[r.rule(field).Without].([]any)
		for _, pattern := range given {
			if text, ok := pattern.(string); ok { // of others the schema says what is wrong
				tree.Exclude = append(tree.Exclude, text)
			}
		}
		r.sourced(s, d, field, tree, fail)
	}
}

// calledElsewhere are what Ansible calls arguments of all types.
var calledElsewhere = map[string]string{"become_user": "run_as", "user": "run_as", "sudo": "become", "ignore_errors": "ignore_failure"}

// unknown is the error for an argument that the type does not have, with the one that is
// called so elsewhere, or the nearest.
func (r *resource) unknown(name string) *diag.Error {
	err := args.Unknown(r.typ.Name, name, r.argumentNames())
	right := r.typ.Called(name)
	if right == "" {
		right = calledElsewhere[name]
	}
	if slices.Contains(r.argumentNames(), right) {
		return err.WithHint("did you mean %q?", right)
	}
	return err
}
