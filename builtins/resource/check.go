package resource

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
)

// key returns the name of the unit within its type, or "".
func (r *resource) key(d *draft) string {
	for _, field := range []string{r.typ.KeyAlias, r.typ.Key} {
		switch v := d.args[field].(type) {
		case string:
			if field == r.typ.Key {
				v += r.keyWith(d)
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
	if i := r.typ.Index(r.typ.Key); i >= 0 {
		if name, is := r.typ.Fields[i].Default.(string); is && r.typ.KeyAlias == "" && d.args[r.typ.Key] == nil && !slices.Contains(d.later, r.typ.Key) {
			return name + r.keyWith(d)
		}
	}
	return ""
}

// keyWith is what belongs to the key beside the field that is the first of it.
func (r *resource) keyWith(d *draft) string {
	var text strings.Builder
	for _, part := range r.typ.KeyWith {
		given := slices.IndexFunc(part, func(name string) bool { return d.args[name] != nil })
		if given >= 0 {
			fmt.Fprintf(&text, ":%v", d.args[part[given]])
		}
	}
	return text.String()
}

// check completes the arguments by the type's schema.
func (r *resource) check(d *draft, fail func(*diag.Error)) {
	if d.holes {
		return
	}
	checked, problems := r.env.Checker().Check(r.typ, d.args, d.later)
	for _, p := range problems {
		fail(&diag.Error{Summary: p.Message, Hint: p.Hint, Unit: d.unit.ID.Local()})
	}
	if checked == nil || d.failed {
		return
	}
	u := d.unit
	u.Args, u.Blobs, u.Order = checked.Args, checked.Blobs, r.typ.Order(d.args)
	u.Order.Alone, u.Order.Lockout.Wanted = u.Order.Alone || d.guard, d.guard
	if d.marked {
		if err := secret.Content(u.Blobs); err != nil {
			fail(&diag.Error{Summary: err.Error(), Unit: u.ID.Local(), Cause: err})
		}
	}
	for i := range r.typ.Fields {
		if given, ok := d.args[r.typ.Fields[i].Name].(string); ok && r.typ.Fields[i].Resume {
			u.Failure.OnResume = unit.OnResume(given)
		}
	}
	u.Volatile = r.repeats(d)
	later := map[string]unit.Lambda{}
	for _, l := range d.lambdas {
		switch {
		case l.Arg == "when":
			u.Conditions.When = l.Func
		case l.Arg == "until":
			u.Failure.Retry.Until = l.Func
		case r.fields[l.Arg].Result && !r.fields[l.Arg].Later:
			u.Conditions.ChangedWhen = l.Func
		default:
			later[l.Arg] = l.Func
		}
	}
	if len(later) > 0 {
		u.Later = later
	}
}

// repeats is what the unit does whenever it is executed, or nil.
func (r *resource) repeats(d *draft) *unit.Volatile {
	for i := range r.typ.Fields {
		f := &r.typ.Fields[i]
		given, ok := d.args[f.Name].(string)
		if !ok || !slices.Contains(f.Volatile, given) || len(d.later) > 0 {
			continue
		}
		rest := maps.Clone(d.args)
		delete(rest, f.Name)
		text, err := codec.Marshal(rest)
		if err != nil {
			return nil // it is compared to none
		}
		return &unit.Volatile{Value: given, Includes: f.Includes[given], Rest: string(text)}
	}
	return nil
}

// volatile refuses what would act at every apply where nothing calls for it.
func (r *resource) volatile(s *units.Set, d *draft, fail func(*diag.Error)) {
	u := d.unit
	if s.Plays().Part().Handler != "" || d.failed || u.Conditions.When != nil || len(u.Conditions.OnChange) > 0 || slices.ContainsFunc(d.lambdas, func(l units.Lambda) bool { return l.Arg == "when" }) {
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
