package template

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/value"
)

// rendering turns values into what templates read, and keeps the first error
// of an attribute, which the template engine would only quote.
type rendering struct {
	failed error
	left   int // bytes of values, see plain.MaxSize
	// given are the secrets that the template got, which makes all that it says one.
	given []string
}

func (r *rendering) convert(v starlark.Value, depth int) (any, error) {
	if depth > plain.MaxDepth {
		return nil, errors.New("value is nested too deeply, or holds itself")
	}
	if r.left -= plain.Size(v); r.left < 0 {
		return nil, plain.ErrTooLarge
	}
	switch v := v.(type) {
	case starlark.Callable:
		return nil, fmt.Errorf("a function (%s) cannot be used in a template", v.Name())
	case *value.Bag:
		return r.bag(v, depth), nil
	case *starlarkstruct.Struct, *hostapi.Host, *hostapi.Facts:
		return r.object(v.(starlark.HasAttrs), depth), nil
	case *hostapi.FactDict:
		dict, err := v.Dict()
		if err != nil {
			return nil, err
		}
		return r.convert(dict, depth)
	case *starlark.Dict:
		pairs := make([]jinja.Pair, 0, v.Len())
		for _, item := range v.Items() {
			key, err := r.convert(item[0], depth+1)
			if err != nil {
				return nil, err
			}
			value, err := r.convert(item[1], depth+1)
			if err != nil {
				return nil, err
			}
			pairs = append(pairs, jinja.Pair{Key: key, Value: value})
		}
		return jinja.Dict(pairs), nil
	case starlark.Iterable:
		list := []any{}
		iter := v.Iterate()
		defer iter.Done()
		var e starlark.Value
		for iter.Next(&e) {
			value, err := r.convert(e, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	if opened, had := plain.Open(v); had {
		v, r.given = opened, append(r.given, opened.(starlark.String).GoString())
	}
	value, err := plain.To(v)
	if n, ok := value.(int64); ok {
		return int(n), err
	}
	return value, err
}

// fresh is convert for an attribute, which is made anew each time it is read.
func (r *rendering) fresh(v starlark.Value, depth int) (any, error) {
	left := r.left
	r.left = plain.MaxSize
	value, err := r.convert(v, depth)
	r.left = left
	return value, err
}

// object makes attributes readable in a template.
func (r *rendering) object(v starlark.HasAttrs, depth int) *jinja.Object {
	return &jinja.Object{
		Text: v.String,
		Get: func(name string) (any, bool, error) {
			attr, err := v.Attr(name)
			if err == nil && attr == nil {
				return nil, false, nil
			}
			var value any
			if err == nil {
				value, err = r.fresh(attr, depth+1)
			}
			if err != nil && r.failed == nil {
				r.failed = err
			}
			return value, true, err
		},
	}
}

// bag is object for data whose names may be missing, so that "is defined"
// and default(...) can ask.
func (r *rendering) bag(b *value.Bag, depth int) *jinja.Object {
	return &jinja.Object{
		Text: b.String,
		Get: func(name string) (any, bool, error) {
			v, found, err := b.Lookup(name)
			if err != nil || !found {
				return nil, false, err
			}
			value, err := r.fresh(v, depth+1)
			return value, true, err
		},
	}
}
