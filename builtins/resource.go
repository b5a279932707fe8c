package builtins

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
)

// resource makes units of one type: it is the builtin behind every resource.
type resource struct {
	env    *Env
	typ    *schema.Type
	fields map[string]*schema.Field
	on     *inventory.Host // that units act on; nil is the host at work
}

func newResource(env *Env, t *schema.Type, on *inventory.Host) *starlark.Builtin {
	r := &resource{env: env, typ: t, fields: map[string]*schema.Field{}, on: on}
	for i := range t.Fields {
		r.fields[t.Fields[i].Name] = &t.Fields[i]
	}
	return starlark.NewBuiltin(t.Name, r.call)
}

// draft is a unit in the making.
type draft struct {
	unit   *unit.Unit
	host   *inventory.Host // that it acts on
	args   map[string]any
	later  []string
	lazies []lazy // what Finish looks into, beside the unit
	// onFailure is what is done where the unit fails; nil is nothing.
	onFailure starlark.Callable
	failed    bool
	holes     bool // an argument could not be read, so checking the rest would mislead
}

// lazy is a lambda of a draft, with what it was made from.
type lazy struct {
	what   string // the argument
	lambda *Lambda
}

func (r *resource) call(thread *starlark.Thread, _ *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := scopeOf(thread)
	if s.phase != planning && s.phase != loading {
		return nil, s.needPlanning(r.typ.Name + "()")
	}
	if each := r.each(pos, kw); each != nil {
		return r.callEach(thread, each, pos, kw)
	}
	return r.declare(thread, s, pos, kw), nil
}

// each returns the elements of a list that stands for one unit each, or nil.
func (r *resource) each(pos starlark.Tuple, kw []starlark.Tuple) starlark.Sequence {
	if f := r.fields[r.typ.Key]; f == nil || !f.Each {
		return nil
	}
	var key starlark.Value
	if len(pos) > 0 {
		key = pos[0]
	}
	for _, pair := range kw {
		if string(pair[0].(starlark.String)) == r.typ.Key {
			key = pair[1]
		}
	}
	list, ok := key.(starlark.Sequence)
	if !ok {
		return nil
	}
	if _, isDict := key.(starlark.IterableMapping); isDict {
		return nil // the schema says what is wanted
	}
	return list
}

// callEach declares a unit for each element, and returns them as a list.
func (r *resource) callEach(thread *starlark.Thread, each starlark.Sequence, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := scopeOf(thread)
	var units []starlark.Value
	iter := each.Iterate()
	defer iter.Done()
	var key starlark.Value
	for iter.Next(&key) {
		alone := slices.Clone(kw)
		for i, pair := range alone {
			if string(pair[0].(starlark.String)) == r.typ.Key {
				alone[i] = starlark.Tuple{pair[0], key}
			}
		}
		first := slices.Clone(pos)
		if len(first) > 0 {
			first[0] = key
		}
		units = append(units, r.declare(thread, s, first, alone))
	}
	return starlark.NewList(units), nil
}

// declare makes one unit.
func (r *resource) declare(thread *starlark.Thread, s *Scope, pos starlark.Tuple, kw []starlark.Tuple) *Handle {
	stack := Stack(thread)
	at := Pos(stack)
	if s.phase == loading {
		s.topLevel = append(s.topLevel, diag.Frame{Name: r.typ.Name, Pos: at})
	}
	d := &draft{
		unit: &unit.Unit{Pos: at, Stack: stack},
		args: make(map[string]any, len(kw)+1),
		host: s.host,
	}
	if other := r.other(s); other != nil {
		d.host, d.unit.ID.Delegate = other, other.Name
	}
	fail := func(err *diag.Error) {
		d.failed = true
		err.Pos, err.Stack = at, stack
		s.report(err)
	}
	r.arguments(s, d, pos, kw, fail)
	d.unit.ID = unit.ID{Host: s.hostName(), Scope: s.part, Delegate: d.unit.ID.Delegate, Type: r.typ.Name, Key: r.key(d)}
	r.check(d, fail)
	r.volatile(s, d, fail)
	if d.onFailure != nil && !d.failed {
		if err := s.rescue(d); err != nil {
			fail(err)
		}
	}
	return s.declare(r, d)
}

// arguments sorts what was given into the unit's own arguments and those of every resource.
func (r *resource) arguments(s *Scope, d *draft, pos starlark.Tuple, kw []starlark.Tuple, fail func(*diag.Error)) {
	if len(pos) > 1 {
		fail((&diag.Error{Summary: fmt.Sprintf("%s takes one argument without a name, %s; got %d", r.typ.Name, r.typ.Key, len(pos))}).
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
			fail(args.Unknown(r.typ.Name, name, r.argumentNames()))
		}
	}
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
func (r *resource) argument(s *Scope, d *draft, name string, v starlark.Value, fail func(*diag.Error)) {
	if v == starlark.None {
		return
	}
	field := r.fields[name]
	if fn, ok := v.(starlark.Callable); ok && field.Result {
		r.resultLambda(s, d, name, fn, fail)
		return
	}
	if host, ok := v.(*Host); ok && field.Host {
		d.args[name] = host.inv.Name
		return
	}
	if laters := findLaters(v); len(laters) > 0 {
		d.later = append(d.later, name)
		d.lazies = append(d.lazies, lazy{name, s.lambda(v, laters[0].pos, 0)})
		return
	}
	if field.Host {
		d.holes = true
		fail((&diag.Error{Summary: fmt.Sprintf("%s of %s: got %s, want a host", name, r.typ.Name, v.Type())}).
			WithHint("%s = host", name))
		return
	}
	value, err := toPlain(v)
	if err != nil {
		d.holes = true
		summary := fmt.Sprintf("%s of %s: %v", name, r.typ.Name, err)
		fail(withHintOf(&diag.Error{Summary: summary, Cause: err}, v))
		return
	}
	if field.SourceInto != "" {
		r.takeSource(s, d, field, value, fail)
		return
	}
	d.args[name] = value
}

func (r *resource) resultLambda(s *Scope, d *draft, name string, fn starlark.Callable, fail func(*diag.Error)) {
	if err := args.Arity(fn, 1); err != nil {
		fail((&diag.Error{Summary: fmt.Sprintf("%s of %s: %v", name, r.typ.Name, err)}).
			WithHint(`the argument is the unit's result: lambda r: "created" in r.stdout`))
		return
	}
	if r.fields[name].Later {
		d.later = append(d.later, name)
	} // else the provider goes by the default, and the engine asks the function
	d.lazies = append(d.lazies, lazy{name, s.lambda(fn, placeOf(fn), 1)})
}

// key returns the name of the unit within its type, or "".
func (r *resource) key(d *draft) string {
	for _, field := range []string{r.typ.KeyAlias, r.typ.Key} {
		switch v := d.args[field].(type) {
		case string:
			if with := d.args[r.typ.KeyWith]; field == r.typ.Key && with != nil {
				return fmt.Sprintf("%s:%v", v, with)
			}
			return v
		case []any:
			words := make([]string, len(v))
			for i, w := range v {
				words[i], _ = w.(string)
			}
			return strings.Join(words, " ")
		}
	}
	return ""
}

// check completes the arguments by the type's schema.
func (r *resource) check(d *draft, fail func(*diag.Error)) {
	if d.holes {
		return
	}
	checked, problems := r.typ.Check(d.args, d.later)
	for _, p := range problems {
		fail(&diag.Error{Summary: p.Message, Hint: p.Hint, Unit: d.unit.ID.Local()})
	}
	if checked == nil || d.failed {
		return
	}
	u := d.unit
	u.Args, u.Blobs = checked.Args, checked.Blobs
	for i := range r.typ.Fields {
		if given, ok := d.args[r.typ.Fields[i].Name].(string); ok && r.typ.Fields[i].Resume {
			u.OnResume = unit.OnResume(given)
		}
	}
	for _, l := range d.lazies {
		switch {
		case l.what == "when":
			u.When = l.lambda
		case l.what == "until":
			u.Retry.Until = l.lambda
		case r.fields[l.what].Result && !r.fields[l.what].Later:
			u.ChangedWhen = l.lambda
		default:
			put(&u.Later, l.what, unit.Lambda(l.lambda))
		}
	}
}

// volatile refuses what would act at every apply where nothing calls for it.
func (r *resource) volatile(s *Scope, d *draft, fail func(*diag.Error)) {
	u := d.unit
	if s.part.Handler != "" || d.failed || u.When != nil || len(u.OnChange) > 0 || slices.ContainsFunc(d.lazies, func(l lazy) bool { return l.what == "when" }) {
		return
	}
	for i := range r.typ.Fields {
		f := &r.typ.Fields[i]
		given, ok := d.args[f.Name].(string)
		if !ok || !slices.Contains(f.Volatile, given) {
			continue
		}
		fail((&diag.Error{Summary: fmt.Sprintf("%s: %s = %q would act at every apply", d.unit.ID.Bare(), f.Name, given), Unit: d.unit.ID.Local()}).
			WithHint("put it into a handler that others notify, or say when: on_change = [unit] or when = lambda: ..."))
	}
}

// declare registers the unit, or joins it with an equal one.
func (s *Scope) declare(r *resource, d *draft) *Handle {
	h := &Handle{unit: d.unit, typ: r.typ, play: s.play, lazies: d.lazies, failed: d.failed}
	if d.failed {
		return h
	}
	old := s.handles[d.unit.ID]
	if old == nil {
		h.index = len(s.order)
		d.unit.Index = h.index
		s.handles[d.unit.ID] = h
		s.order = append(s.order, h)
		s.capture(h, d.lazies)
		return h
	}
	if what := old.differs(h); what != "" {
		hint := "declare it once, or give both the same arguments"
		if alias := r.typ.KeyAlias; alias != "" {
			hint = "declare it once, give both the same arguments, or give one another " + alias
		}
		s.report(&diag.Error{
			Summary: fmt.Sprintf("%s is declared twice, with different %s; first at %s", d.unit.ID.Local(), what, old.unit.Pos),
			Hint:    hint,
			Pos:     d.unit.Pos, Stack: d.unit.Stack, Unit: d.unit.ID.Local(),
		})
		return old
	}
	old.join(d.unit)
	s.capture(old, d.lazies)
	return old
}

// differs names the first thing in which two declarations differ, or "".
func (h *Handle) differs(other *Handle) string {
	a, b := h.unit, other.unit
	if !bytes.Equal(a.Args, b.Args) {
		return "arguments"
	}
	if a.User != b.User {
		return "users (become, run_as)"
	}
	if a.Sensitive != b.Sensitive {
		return "sensitive"
	}
	if a.OnFailure != b.OnFailure {
		return "on_failure"
	}
	if a.Timeout != b.Timeout {
		return "timeout"
	}
	if a.IgnoreFailure != b.IgnoreFailure {
		return "ignore_failure"
	}
	if a.Throttle != b.Throttle {
		return "throttle"
	}
	if a.RunOnce != b.RunOnce {
		return "run_once"
	}
	if !sameRetry(a.Retry, b.Retry) {
		return "retry"
	}
	if !a.Lifecycle.Equal(b.Lifecycle) {
		return "lifecycle"
	}
	if !slices.Equal(a.OnChange, b.OnChange) {
		return "on_change"
	}
	if len(h.lazies) != len(other.lazies) || (a.When == nil) != (b.When == nil) {
		return "lambdas"
	}
	for _, l := range h.lazies {
		i := slices.IndexFunc(other.lazies, func(o lazy) bool { return o.what == l.what })
		if i < 0 || !l.lambda.equal(other.lazies[i].lambda) {
			return l.what
		}
	}
	if ac, ok := a.When.(unit.Const); ok && ac.Value != b.When.(unit.Const).Value {
		return "when"
	}
	return ""
}

func sameRetry(a, b *unit.Retry) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Attempts == b.Attempts && a.Delay == b.Delay && a.Backoff == b.Backoff
}

// join adds the edges and tags of an equal declaration.
func (h *Handle) join(u *unit.Unit) {
	for _, id := range u.Require {
		if !slices.Contains(h.unit.Require, id) {
			h.unit.Require = append(h.unit.Require, id)
		}
	}
	for _, tag := range u.Tags {
		if !slices.Contains(h.unit.Tags, tag) {
			h.unit.Tags = append(h.unit.Tags, tag)
		}
	}
	for _, name := range u.Notify {
		if !slices.Contains(h.unit.Notify, name) {
			h.unit.Notify = append(h.unit.Notify, name)
		}
	}
}

// takeSource puts a file's content in the place of the field that names it.
func (r *resource) takeSource(s *Scope, d *draft, field *schema.Field, value any, fail func(*diag.Error)) {
	if _, both := d.args[field.SourceInto]; both || slices.Contains(d.later, field.SourceInto) {
		fail(&diag.Error{Summary: fmt.Sprintf("%s got both %s and %s", r.typ.Name, field.Name, field.SourceInto)})
		return
	}
	d.args[field.Name] = value
	path, ok := value.(string)
	if !ok {
		return // the schema says what is wanted
	}
	blob, err := s.source(path)
	if err != nil {
		d.holes = true
		fail(err)
		return
	}
	d.args[field.SourceInto] = blob
}
