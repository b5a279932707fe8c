package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/value"
)

// variables are what a template was given. Each is copied when the template reads it, since a template may change it.
type variables struct {
	given  map[string]starlark.Value
	failed error      // the first error of an attribute, which is better than what the template says of it
	left   int        // bytes of values, see plain.MaxSize
	mu     sync.Mutex // guards all but given: a rendering that was left behind may still read
	// secrets are the secrets that the template got, which makes all that it says one.
	secrets []string
}

// Names implements jinja.Variables.
func (v *variables) Names() []string { return slices.Sorted(maps.Keys(v.given)) }

// Variable implements jinja.Variables.
func (v *variables) Variable(name string) (starlark.Value, bool, error) {
	given, ok := v.given[name]
	if !ok {
		return nil, false, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	out, err := v.fresh(given)
	if err != nil {
		if v.failed == nil {
			v.failed = fmt.Errorf("template: %s: %w", name, err)
		}
		return nil, false, v.failed
	}
	return out, true, nil
}

// check refuses what no template can read.
func (v *variables) check() error {
	for _, name := range v.Names() {
		if f, ok := v.given[name].(starlark.Callable); ok {
			return fmt.Errorf("template: %s: a function (%s) cannot be used in a template", name, f.Name())
		}
	}
	return nil
}

// fresh copies a value that a template reads.
func (v *variables) fresh(given starlark.Value) (starlark.Value, error) {
	v.left = plain.MaxSize
	return v.copy(given, 0)
}

func (v *variables) copy(given starlark.Value, depth int) (starlark.Value, error) {
	if depth > plain.MaxDepth {
		return nil, errors.New("value is nested too deeply, or holds itself")
	}
	if v.left -= plain.Size(given); v.left < 0 {
		return nil, plain.ErrTooLarge
	}
	switch given := given.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.Bytes:
		return given, nil
	case *value.Bag:
		return v.object(given.Type(), given, given.Lookup), nil
	case *hostapi.FactDict:
		dict, err := given.Dict()
		if err != nil {
			return nil, err
		}
		return v.copy(dict, depth)
	case *starlarkstruct.Struct, *hostapi.Host, *hostapi.Facts:
		attrs := given.(starlark.HasAttrs)
		return v.object(given.Type(), given, func(name string) (starlark.Value, bool, error) {
			attr, err := attrs.Attr(name)
			if _, none := errors.AsType[starlark.NoSuchAttrError](err); none {
				return nil, false, nil
			}
			return attr, attr != nil, err
		}), nil
	case starlark.Callable:
		return nil, fmt.Errorf("a function (%s) cannot be used in a template", given.Name())
	case starlark.Tuple:
		return v.tuple(given, depth)
	case starlark.IterableMapping:
		return v.dict(given.Items(), depth)
	case starlark.Iterable:
		return v.list(given, depth)
	}
	if opened, had := plain.Open(given); had {
		v.secrets = append(v.secrets, opened.(starlark.String).GoString())
		return opened, nil
	}
	if s, ok := given.(starlark.String); ok {
		return s, nil
	}
	if _, err := plain.To(given); err != nil { // says what the value is
		return nil, err
	}
	return nil, fmt.Errorf("%s cannot be used in a template", given.Type())
}

func (v *variables) tuple(given starlark.Tuple, depth int) (starlark.Value, error) {
	out := make(starlark.Tuple, len(given))
	for i, item := range given {
		var err error
		if out[i], err = v.copy(item, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (v *variables) dict(items []starlark.Tuple, depth int) (starlark.Value, error) {
	out := starlark.NewDict(len(items))
	for _, item := range items {
		key, err := v.copy(item[0], depth+1)
		if err != nil {
			return nil, err
		}
		val, err := v.copy(item[1], depth+1)
		if err != nil {
			return nil, err
		}
		if err := out.SetKey(key, val); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (v *variables) list(given starlark.Iterable, depth int) (starlark.Value, error) {
	var out []starlark.Value
	iter := given.Iterate()
	defer iter.Done()
	for e := starlark.Value(nil); iter.Next(&e); {
		item, err := v.copy(e, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return starlark.NewList(out), nil
}

// object makes attributes readable in a template, each when it is read.
func (v *variables) object(name string, given starlark.Value, get func(name string) (starlark.Value, bool, error)) starlark.Value {
	return (&jinja.Object{
		Name: name,
		Text: func() (string, error) { return given.String(), nil },
		Get: func(name string) (starlark.Value, bool, error) {
			attr, found, err := get(name)
			v.mu.Lock()
			defer v.mu.Unlock()
			if err == nil && found {
				attr, err = v.fresh(attr)
			}
			if err != nil && v.failed == nil {
				v.failed = err
			}
			return attr, found, err
		},
	}).Value()
}
