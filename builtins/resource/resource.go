// Package resource is the one builtin behind every resource type, made from the
// type's schema: a call checks its arguments and declares a unit.
package resource

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/checks"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/units"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
)

// Builtins documents retry(), lifecycle() and delegate().
func Builtins() []eval.Builtin {
	return []eval.Builtin{retryBuiltin(), lifecycleBuiltin(), delegateBuiltin()}
}

// MaxName is how many bytes a unit's name may have: the longest argument that Linux gives to a program.
const MaxName = 128 << 10

// resource makes units of one type: it is the builtin behind every resource.
type resource struct {
	env    *eval.Env
	typ    *schema.Type
	fields map[string]*schema.Field
	on     *inventory.Host // that units act on; nil is the host that is evaluated
}

// New makes the builtin of a resource type; its units act on a host, or, where that
// is nil, on the one that is evaluated.
func New(env *eval.Env, t *schema.Type, on *inventory.Host) *starlark.Builtin {
	r := &resource{env: env, typ: t, fields: map[string]*schema.Field{}, on: on}
	for i := range t.Fields {
		r.fields[t.Fields[i].Name] = &t.Fields[i]
	}
	declare := starlark.NewBuiltin(t.Name, r.call)
	if t.Name == checks.Name { // what is known already needs no unit
		return checks.Of(declare)
	}
	return declare
}

func (r *resource) call(thread *starlark.Thread, _ *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if s := eval.Of(thread); s.Phase() != eval.Planning && s.Phase() != eval.LoadingMain {
		return nil, s.NeedPlanning(r.typ.Name + "()")
	}
	if each := r.each(pos, kw); each != nil {
		return r.callEach(thread, each, pos, kw)
	}
	return r.declare(thread, units.Of(thread), pos, kw), nil
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
	s := units.Of(thread)
	var all []starlark.Value
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
		all = append(all, r.declare(thread, s, first, alone))
	}
	return starlark.NewList(all), nil
}
