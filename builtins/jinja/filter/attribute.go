package filter

import (
	"strconv"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

// getter reads an attribute such as "a.0.b" of an element.
type getter func(item value) (value, error)

// attribute makes a getter; None reads the element itself. Where an attribute is missing, otherwise takes its place,
// unless it is nil.
func attribute(name, otherwise value) getter {
	parts := parts(name)
	return func(item value) (value, error) {
		for _, part := range parts {
			var err error
			if item, err = pymethod.Subscript(item, part); err != nil {
				return nil, err
			}
			if _, missing := item.(*py.Undefined); missing && otherwise != nil && otherwise != starlark.None {
				item = otherwise
			}
		}
		return item, nil
	}
}

// parts are the keys that an attribute's name consists of.
func parts(name value) []value {
	if name == starlark.None {
		return nil
	}
	s, ok := name.(starlark.String)
	if !ok {
		return []value{name}
	}
	var out []value
	for part := range strings.SplitSeq(string(s), ".") {
		if n, err := strconv.Atoi(part); err == nil && part[0] != '-' && part[0] != '+' {
			out = append(out, starlark.MakeInt(n))
		} else {
			out = append(out, starlark.String(part))
		}
	}
	return out
}

// attributes makes a getter of several attributes with commas between them; their values are a list.
func attributes(name value) getter {
	s, ok := name.(starlark.String)
	if !ok {
		return attribute(name, nil)
	}
	var getters []getter
	for part := range strings.SplitSeq(string(s), ",") {
		getters = append(getters, attribute(starlark.String(part), nil))
	}
	if len(getters) == 1 {
		return getters[0]
	}
	return func(item value) (value, error) {
		out := make([]value, len(getters))
		for i, g := range getters {
			v, err := g(item)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return list(out), nil
	}
}

// keys reads an attribute of each element, in small letters unless case counts.
func keys(items []value, get getter, caseSensitive bool) ([]value, error) {
	out := make([]value, len(items))
	for i, item := range items {
		v, err := get(item)
		if err != nil {
			return nil, err
		}
		if out[i] = v; !caseSensitive {
			out[i] = lowered(v)
		}
	}
	return out, nil
}

// lowered is a text in small letters, in a list of attributes, too.
func lowered(v value) value {
	switch v := v.(type) {
	case starlark.String:
		return starlark.String(strings.ToLower(string(v)))
	}
	return v
}
