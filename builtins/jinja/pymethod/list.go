package pymethod

import (
	"slices"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// listMethods are the methods of list.
var listMethods = map[string]Method{
	"append": of("append", "object", listAppend),
	"extend": of("extend", "iterable", listExtend),
	"insert": of("insert", "index, object", listInsert),
	"pop":    of("pop", "index=-1", listPop),
	"remove": of("remove", "value", listRemove),
	"clear":  of("clear", "", func(l *starlark.List, _ py.Bound) (py.Value, error) { return starlark.None, l.Clear() }),
	"copy": of("copy", "", func(l *starlark.List, _ py.Bound) (py.Value, error) {
		items, err := py.Elements(l)
		return starlark.NewList(items), err
	}),
	"reverse": of("reverse", "", listReverse),
	"sort":    of("sort", "key=None, reverse=False", listSort),
	"index":   of("index", "value, start=0, stop=None", indexOf),
	"count":   of("count", "value", countOf),
}

// sequenceMethods are the methods of tuple and range.
var sequenceMethods = map[string]Method{
	"index": of("index", "value, start=0, stop=None", indexOf),
	"count": of("count", "value", countOf),
}

// of is a method of a type.
func of[T py.Value](name, params string, f func(on T, b py.Bound) (py.Value, error)) Method {
	sig := py.Params(params)
	return func(on py.Value, a py.Args) (py.Value, error) {
		b, err := sig.Bind(name, a)
		if err != nil {
			return nil, err
		}
		return f(on.(T), b)
	}
}

func listAppend(l *starlark.List, b py.Bound) (py.Value, error) {
	return starlark.None, l.Append(b.Values[0])
}

func listExtend(l *starlark.List, b py.Bound) (py.Value, error) {
	items, err := py.Elements(b.Values[0])
	if err != nil {
		return nil, err
	}
	for _, item := range slices.Clone(items) {
		if err := l.Append(item); err != nil {
			return nil, err
		}
	}
	return starlark.None, nil
}

// become gives a list other elements.
func become(l *starlark.List, items []py.Value) error {
	if err := l.Clear(); err != nil {
		return err
	}
	for _, item := range items {
		if err := l.Append(item); err != nil {
			return err
		}
	}
	return nil
}

func listInsert(l *starlark.List, b py.Bound) (py.Value, error) {
	i, err := b.Int(0)
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i += l.Len()
	}
	items, _ := py.Elements(l)
	return starlark.None, become(l, slices.Insert(items, min(max(i, 0), l.Len()), b.Values[1]))
}

func listPop(l *starlark.List, b py.Bound) (py.Value, error) {
	if l.Len() == 0 {
		return nil, py.Errorf("pop from empty list")
	}
	i, err := b.Int(0)
	if err != nil {
		return nil, err
	}
	if i < 0 {
		i += l.Len()
	}
	if i < 0 || i >= l.Len() {
		return nil, py.Errorf("pop index out of range")
	}
	items, _ := py.Elements(l)
	v := items[i]
	return v, become(l, slices.Delete(items, i, i+1))
}

func listRemove(l *starlark.List, b py.Bound) (py.Value, error) {
	items, _ := py.Elements(l)
	for i, item := range items {
		same, err := py.Equal(item, b.Values[0])
		if err != nil {
			return nil, err
		}
		if same {
			return starlark.None, become(l, slices.Delete(items, i, i+1))
		}
	}
	return nil, py.Errorf("list.remove(x): x not in list")
}

func listReverse(l *starlark.List, _ py.Bound) (py.Value, error) {
	items, _ := py.Elements(l)
	slices.Reverse(items)
	return starlark.None, become(l, items)
}

func listSort(l *starlark.List, b py.Bound) (py.Value, error) {
	if b.Values[0] != starlark.None {
		return nil, py.Errorf("sort() has no key in templates; use the filter sort(attribute=...)")
	}
	down, err := py.Truth(b.Values[1])
	if err != nil {
		return nil, err
	}
	items, _ := py.Elements(l)
	if err := py.Sort(items, down); err != nil {
		return nil, err
	}
	return starlark.None, become(l, items)
}

func indexOf(l py.Value, b py.Bound) (py.Value, error) {
	items, err := py.Elements(l)
	if err != nil {
		return nil, err
	}
	from, to, err := py.Limits(b.Values[1], b.Values[2], 1, len(items))
	if err != nil {
		return nil, err
	}
	for i := from; i < to; i++ {
		if same, err := py.Equal(items[i], b.Values[0]); err != nil || same {
			return starlark.MakeInt(i), err
		}
	}
	s, err := py.Repr(b.Values[0])
	if err != nil {
		return nil, err
	}
	return nil, py.Errorf("%s is not in %s", s, py.TypeName(l))
}

func countOf(l py.Value, b py.Bound) (py.Value, error) {
	items, err := py.Elements(l)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, item := range items {
		same, err := py.Equal(item, b.Values[0])
		if err != nil {
			return nil, err
		}
		if same {
			n++
		}
	}
	return starlark.MakeInt(n), nil
}
