// Package std holds the modules of @std that are written in Go: the pure ones
// of starlib. Its modules that do I/O or know the time are left out. What is
// left is made safe here: results do not depend on the order of Go's maps,
// faults are errors, nothing is printed.
//
// It imports starlib, the Starlark library and what guards it only.
package std

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/qri-io/starlib/encoding/base64"
	"github.com/qri-io/starlib/encoding/csv"
	"github.com/qri-io/starlib/encoding/yaml"
	"github.com/qri-io/starlib/hash"
	"github.com/qri-io/starlib/re"
	"go.starlark.net/lib/json"
	"go.starlark.net/lib/math"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/plain"
)

// Names lists the modules, sorted.
func Names() []string { return slices.Sorted(maps.Keys(modules())) }

// Load returns the names that a module defines, and whether there is such a
// module. A module "yaml.star" defines "yaml".
func Load(file string) (starlark.StringDict, bool, error) {
	make, ok := modules()[file]
	if !ok {
		return nil, false, nil
	}
	m, err := make()
	if err != nil {
		return nil, true, fmt.Errorf("module %s: %w", file, err)
	}
	m.Freeze()
	return starlark.StringDict{m.Name: m}, true, nil
}

func modules() map[string]func() (*starlarkstruct.Module, error) {
	return map[string]func() (*starlarkstruct.Module, error){
		"base64.star": starlib("base64", base64.LoadModule, nil),
		"csv.star":    starlib("csv", csv.LoadModule, csvFixes),
		"hash.star":   starlib("hash", hash.LoadModule, nil),
		"re.star":     starlib("re", re.LoadModule, reFixes),
		"yaml.star":   starlib("yaml", yaml.LoadModule, yamlFixes),
		// starlib's own json and math are these.
		"json.star": func() (*starlarkstruct.Module, error) { return guarded(json.Module, bounded), nil },
		"math.star": func() (*starlarkstruct.Module, error) { return guarded(math.Module, nil), nil },
	}
}

// fn is a builtin's implementation.
type fn = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// fix wraps one function of a module.
type fix func(name string, next fn) fn

func starlib(name string, load func() (starlark.StringDict, error), f fix) func() (*starlarkstruct.Module, error) {
	return func() (*starlarkstruct.Module, error) {
		names, err := load()
		if err != nil {
			return nil, err
		}
		m, ok := names[name].(*starlarkstruct.Module)
		if !ok {
			return nil, fmt.Errorf("it does not define %s", name)
		}
		return guarded(m, f), nil
	}
}

// guarded copies a module, with every function fixed and its panics turned into errors.
func guarded(m *starlarkstruct.Module, f fix) *starlarkstruct.Module {
	out := &starlarkstruct.Module{Name: m.Name, Members: starlark.StringDict{}}
	for name, v := range m.Members {
		b, ok := v.(*starlark.Builtin)
		if !ok {
			out.Members[name] = v
			continue
		}
		full := m.Name + "." + name
		next := func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
			return plain.Within(thread, b, args, kw, false)
		}
		if f == nil {
			out.Members[name] = starlark.NewBuiltin(full, guard(full, next))
			continue
		}
		out.Members[name] = starlark.NewBuiltin(full, guard(full, f(name, next)))
	}
	return out
}

// guard turns panics into errors and puts the function's name in front of others.
func guard(name string, next fn) fn {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (v starlark.Value, err error) {
		defer func() {
			if r := recover(); r != nil {
				v, err = nil, fmt.Errorf("%s: cannot work with these arguments: %v", name, r)
			}
		}()
		v, err = next(thread, b, args, kw)
		if large, ok := errors.AsType[*bounds.Error](err); ok {
			return nil, large
		}
		if err != nil {
			last := name[strings.LastIndex(name, ".")+1:]
			text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), name+": "), last+": ")
			return nil, fmt.Errorf("%s: %s", name, strings.Join(strings.Fields(text), " "))
		}
		return v, nil
	}
}

// argument returns the positional argument i, or the one with the name.
func argument(i int, name string, args starlark.Tuple, kw []starlark.Tuple) starlark.Value {
	if i < len(args) {
		return args[i]
	}
	for _, pair := range kw {
		if pair[0] == starlark.String(name) {
			return pair[1]
		}
	}
	return nil
}

// yamlFixes gives dicts that were read sorted keys, and refuses to write what
// starlib would print a complaint about.
func yamlFixes(name string, next fn) fn {
	if name == "dumps" {
		return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
			source := argument(0, "source", args, kw)
			if source == nil {
				return next(thread, b, args, kw)
			}
			data, err := plain.To(source)
			if err != nil {
				return nil, err
			}
			v, err := plain.From(data)
			if err != nil {
				return nil, err
			}
			return next(thread, b, starlark.Tuple{v}, nil)
		}
	}
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		if err := bounds.Parsable("yaml."+name, argument(0, "source", args, kw)); err != nil {
			return nil, err
		}
		v, err := next(thread, b, args, kw)
		if err != nil {
			return nil, err
		}
		return sorted(v)
	}
}

// sorted rebuilds dicts with their keys in order.
func sorted(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.List:
		list := make([]starlark.Value, v.Len())
		for i := range v.Len() {
			e, err := sorted(v.Index(i))
			if err != nil {
				return nil, err
			}
			list[i] = e
		}
		return starlark.NewList(list), nil
	case *starlark.Dict:
		items := v.Items()
		slices.SortFunc(items, func(a, b starlark.Tuple) int {
			return strings.Compare(a[0].Type()+a[0].String(), b[0].Type()+b[0].String())
		})
		d := starlark.NewDict(len(items))
		for _, item := range items {
			e, err := sorted(item[1])
			if err != nil {
				return nil, err
			}
			if err := d.SetKey(item[0], e); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
	return v, nil
}

// csvFixes refuses a source that is no text.
func csvFixes(name string, next fn) fn {
	if name != "read_all" {
		return next
	}
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
		source := argument(0, "source", args, kw)
		if source != nil && source.Type() != "string" {
			return nil, fmt.Errorf("got %s, want a string", source.Type())
		}
		if err := bounds.Parsable("csv."+name, source); err != nil {
			return nil, err
		}
		return next(thread, b, args, kw)
	}
}
