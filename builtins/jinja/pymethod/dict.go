package pymethod

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// dictMethods are the methods of dict.
var dictMethods = map[string]Method{
	"keys": of("keys", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) {
		return &py.View{Name: "dict_keys", Items: d.Keys()}, nil
	}),
	"values": of("values", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) {
		return &py.View{Name: "dict_values", Items: dictValues(d)}, nil
	}),
	"items": of("items", "", dictItems),
	"get":   of("get", "key, default=None", dictGet),
	"pop":   of("pop", "key, *default", dictPop),
	"popitem": of("popitem", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) {
		keys := d.Keys()
		if len(keys) == 0 {
			return nil, py.Errorf("popitem(): dictionary is empty")
		}
		k := keys[len(keys)-1]
		v, _, err := d.Delete(k)
		return starlark.Tuple{k, v}, err
	}),
	"setdefault": of("setdefault", "key, default=None", func(d *starlark.Dict, b py.Bound) (py.Value, error) {
		v, found, err := py.Lookup(d, b.Values[0])
		if found || err != nil {
			return v, err
		}
		return b.Values[1], py.SetKey(d, b.Values[0], b.Values[1])
	}),
	"__setitem__": of("__setitem__", "key, value", func(d *starlark.Dict, b py.Bound) (py.Value, error) {
		if err := py.Hashable(b.Values[0]); err != nil {
			return nil, err
		}
		return starlark.None, d.SetKey(b.Values[0], b.Values[1])
	}),
	"__getitem__": of("__getitem__", "key", func(d *starlark.Dict, b py.Bound) (py.Value, error) {
		v, found, err := py.Lookup(d, b.Values[0])
		if err == nil && !found {
			return nil, py.Errorf("there is no such key")
		}
		return v, err
	}),
	"__delitem__": of("__delitem__", "key", func(d *starlark.Dict, b py.Bound) (py.Value, error) {
		_, err := dictPop(d, b)
		return starlark.None, err
	}),
	"__contains__": of("__contains__", "key", func(d *starlark.Dict, b py.Bound) (py.Value, error) {
		_, found, err := py.Lookup(d, b.Values[0])
		return starlark.Bool(found), err
	}),
	"__len__": of("__len__", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) { return starlark.MakeInt(d.Len()), nil }),
	"update":  of("update", "*other, **more", dictUpdate),
	"clear":   of("clear", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) { return starlark.None, d.Clear() }),
	"copy": of("copy", "", func(d *starlark.Dict, _ py.Bound) (py.Value, error) {
		return py.CopyDict(d)
	}),
	"fromkeys": of("fromkeys", "iterable, value=None", func(_ *starlark.Dict, b py.Bound) (py.Value, error) {
		keys, err := py.Elements(b.Values[0])
		if err != nil {
			return nil, err
		}
		out := starlark.NewDict(len(keys))
		for _, k := range keys {
			if err := py.SetKey(out, k, b.Values[1]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}),
}

func dictValues(d *starlark.Dict) []py.Value {
	out := make([]py.Value, 0, d.Len())
	for _, item := range d.Items() {
		out = append(out, item[1])
	}
	return out
}

func dictItems(d *starlark.Dict, _ py.Bound) (py.Value, error) {
	out := make([]py.Value, 0, d.Len())
	for _, item := range d.Items() {
		out = append(out, item)
	}
	return &py.View{Name: "dict_items", Items: out}, nil
}

func dictGet(d *starlark.Dict, b py.Bound) (py.Value, error) {
	v, found, err := py.Lookup(d, b.Values[0])
	if found || err != nil {
		return v, err
	}
	return b.Values[1], nil
}

func dictPop(d *starlark.Dict, b py.Bound) (py.Value, error) {
	if err := py.Hashable(b.Values[0]); err != nil {
		return nil, err
	}
	v, found, err := d.Delete(b.Values[0])
	if found || err != nil {
		return v, err
	}
	if len(b.Rest) > 0 {
		return b.Rest[0], nil
	}
	s, err := py.Repr(b.Values[0])
	if err != nil {
		return nil, err
	}
	return nil, py.Errorf("there is no key %s", s)
}

func dictUpdate(d *starlark.Dict, b py.Bound) (py.Value, error) {
	for _, other := range b.Rest {
		if err := py.Update(d, other); err != nil {
			return nil, err
		}
	}
	for _, arg := range b.More {
		if err := d.SetKey(starlark.String(arg.Name), arg.Value); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

// intMethods, floatMethods and bytesMethods are the methods of numbers and bytes that templates use.
var (
	intMethods = map[string]Method{
		"bit_length": func(on py.Value, _ py.Args) (py.Value, error) {
			n, _ := py.Number(on)
			return starlark.MakeInt(n.(starlark.Int).BigInt().BitLen()), nil
		},
	}
	floatMethods = map[string]Method{
		"is_integer": func(on py.Value, _ py.Args) (py.Value, error) {
			f := float64(on.(starlark.Float))
			return starlark.Bool(f == float64(int64(f))), nil
		},
	}
	bytesMethods = map[string]Method{
		"decode": of("decode", "encoding='utf-8', errors='strict'", func(on starlark.Bytes, _ py.Bound) (py.Value, error) {
			return starlark.String(on), nil
		}),
	}
)
