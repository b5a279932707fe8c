package filter

import (
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func lists() []*function.Func {
	length := function.New("length", "", "How many elements or characters there are.", func(c *call) (value, error) {
		n, ok := py.Len(c.Value)
		if !ok {
			return nil, py.Errorf("object of type '%s' has no len()", py.TypeName(c.Value))
		}
		return starlark.MakeInt(n), nil
	})
	otherwise := function.New("default", "default_value='', boolean=False", "Another value where this one is undefined, or, with true, where it is false.", defaultTo)
	otherwise.Undefined, otherwise.UndefinedArgs = true, true
	items := function.New("items", "", "The pairs of a dict.", func(c *call) (value, error) {
		if _, missing := c.Value.(*py.Undefined); missing {
			return list(nil), nil
		}
		d, ok := c.Value.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("can only get item pairs from a mapping")
		}
		return pairs(d), nil
	})
	items.Undefined = true
	attr := function.New("attr", "name", "An attribute; elements are not looked at.", attrOf)
	attr.Undefined = true
	return []*function.Func{
		length, length.Alias("count"), otherwise, otherwise.Alias("d"), items, attr,
		function.New("list", "", "The elements as a list.", func(c *call) (value, error) {
			items, err := elements(c)
			return list(slices.Clone(items)), err
		}),
		function.New("first", "", "The first element.", first),
		function.New("last", "", "The last element.", last),
		function.New("reverse", "", "The elements, or the characters, in reverse order.", reverse),
		function.New("join", "d='', attribute=None", "The elements as text with a separator between them.", join),
		function.New("sort", "reverse=False, case_sensitive=False, attribute=None", "The elements in order.", sorted),
		function.New("dictsort", "case_sensitive=False, by='key', reverse=False", "The pairs of a dict in order.", dictsort),
		function.New("groupby", "attribute, default=None, case_sensitive=False", "Elements with the same attribute together: pairs of that and a list.", groupby),
		function.New("unique", "case_sensitive=False, attribute=None", "Each element once.", unique),
		function.New("batch", "linecount, fill_with=None", "Lists of so many elements.", batch),
		function.New("slice", "slices, fill_with=None", "So many lists, which together have all elements.", sliced),
		function.New("min", "case_sensitive=False, attribute=None", "The least element.", extreme(false)),
		function.New("max", "case_sensitive=False, attribute=None", "The greatest element.", extreme(true)),
		function.New("sum", "attribute=None, start=0", "All elements added.", sum),
	}
}

func pairs(d *starlark.Dict) value {
	out := make([]value, 0, d.Len())
	for _, item := range d.Items() {
		out = append(out, item)
	}
	return list(out)
}

func defaultTo(c *call) (value, error) {
	if _, missing := c.Value.(*py.Undefined); missing {
		return c.Values[0], nil
	}
	boolean, err := flag(c.Values[1])
	if err != nil || !boolean {
		return c.Value, err
	}
	if yes, err := py.Truth(c.Value); err != nil || yes {
		return c.Value, err
	}
	return c.Values[0], nil
}

func attrOf(c *call) (value, error) {
	if err := py.Defined(c.Value); err != nil {
		return c.Value, nil
	}
	name, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	if d, ok := c.Value.(*starlark.Dict); ok {
		if _, isMethod, _ := pymethod.CallMethod(starlark.NewDict(0), name, py.Args{}); !isMethod {
			return &py.Undefined{Name: name, Of: "'dict object'"}, nil
		}
		return pymethod.Attr(d, name)
	}
	return pymethod.Attr(c.Value, name)
}

func first(c *call) (value, error) {
	next, err := py.Iterate(c.Value)
	if err != nil {
		return nil, err
	}
	v, ok, err := next()
	if err == nil && !ok {
		return &py.Undefined{Name: "first", Hint: "No first item, sequence was empty."}, nil
	}
	return v, err
}

func last(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		return &py.Undefined{Name: "last", Hint: "No last item, sequence was empty."}, nil
	}
	return items[len(items)-1], nil
}

func reverse(c *call) (value, error) {
	if s, ok := c.Value.(starlark.String); ok {
		return py.SliceOf(s, nil, nil, starlark.MakeInt(-1))
	}
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(items)
	slices.Reverse(out)
	return list(out), nil
}

func join(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	sep, err := py.Str(c.Values[0])
	if err != nil {
		return nil, err
	}
	get := attribute(c.Values[1], nil)
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		v, err := get(item)
		if err != nil {
			return nil, err
		}
		s, err := py.Str(v)
		if err != nil {
			return nil, err
		}
		b.WriteString(s)
		if err := py.Fits("join", int64(b.Len())); err != nil {
			return nil, err
		}
	}
	return starlark.String(b.String()), nil
}

func sorted(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	down, err := order(c.Values[0])
	if err != nil {
		return nil, err
	}
	sensitive, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	by, err := sortKeys(items, c.Values[2], sensitive)
	if err != nil {
		return nil, err
	}
	for i := range by { // Jinja sorts by lists of keys: two that are equal need no order
		by[i] = starlark.Tuple{by[i]}
	}
	out := slices.Clone(items)
	return list(out), py.SortBy(out, by, down)
}

// sortKeys are what elements are sorted by: attributes, in small letters unless case counts.
func sortKeys(items []value, name value, sensitive bool) ([]value, error) {
	by, err := keys(items, attributes(name), sensitive)
	if err != nil || sensitive {
		return by, err
	}
	for i, k := range by {
		if s, ok := name.(starlark.String); ok && strings.Contains(string(s), ",") {
			several, _ := py.Elements(k)
			for j := range several {
				several[j] = lowered(several[j])
			}
			by[i] = list(several)
		}
	}
	return by, nil
}

func dictsort(c *call) (value, error) {
	d, ok := c.Value.(*starlark.Dict)
	if !ok {
		return nil, py.Errorf("expected a mapping, not %s", py.TypeName(c.Value))
	}
	sensitive, err := flag(c.Values[0])
	if err != nil {
		return nil, err
	}
	by, _ := c.Values[1].(starlark.String)
	if by != "key" && by != "value" {
		return nil, py.Errorf(`by is "key" or "value"`)
	}
	down, err := order(c.Values[2])
	if err != nil {
		return nil, err
	}
	var items, by2 []value
	for _, item := range d.Items() {
		k := item[0]
		if by == "value" {
			k = item[1]
		}
		if !sensitive {
			k = lowered(k)
		}
		items, by2 = append(items, item), append(by2, k)
	}
	return list(items), py.SortBy(items, by2, down)
}

func groupby(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	sensitive, err := flag(c.Values[2])
	if err != nil {
		return nil, err
	}
	get := attribute(c.Values[0], c.Values[1])
	by, err := keys(items, get, sensitive)
	if err != nil {
		return nil, err
	}
	at := make([]value, len(items))
	for i := range items {
		at[i] = starlark.MakeInt(i)
	}
	if err := py.SortBy(at, by, false); err != nil {
		return nil, err
	}
	var out []value
	var group []value
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		key, err := get(group[0])
		out = append(out, &Group{key, list(group)})
		group = nil
		return err
	}
	var before value
	for _, v := range at {
		i, _ := py.Int(v)
		if before != nil {
			same, err := py.Equal(before, by[i])
			if err != nil {
				return nil, err
			}
			if !same {
				if err := flush(); err != nil {
					return nil, err
				}
			}
		}
		before = by[i]
		group = append(group, items[i])
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return list(out), nil
}

func unique(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	sensitive, err := flag(c.Values[0])
	if err != nil {
		return nil, err
	}
	by, err := keys(items, attribute(c.Values[1], nil), sensitive)
	for i := 0; err == nil && i < len(by); i++ {
		err = py.Hashable(by[i])
	}
	if err != nil { // Ansible falls back to what needs no hash, unless it is told by what to compare
		byAttribute, truthErr := py.Truth(c.Values[1])
		if truthErr != nil || byAttribute || c.Values[0] == starlark.False && c.Given[0] {
			return nil, err
		}
		return distinct(c, items)
	}
	var out []value
	seen := starlark.NewDict(len(items))
	for i, item := range items {
		if _, had, err := py.Lookup(seen, by[i]); err != nil || had {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := seen.SetKey(by[i], starlark.None); err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return list(out), nil
}

// distinct leaves out elements that equal an earlier one, as Ansible's unique does where elements have no hash.
func distinct(c *call, items []value) (value, error) {
	var out []value
	for _, item := range items {
		if err := c.Run.Step(len(out)); err != nil {
			return nil, err
		}
		had, err := py.Member(out, item)
		if err != nil {
			return nil, err
		}
		if !had {
			out = append(out, item)
		}
	}
	return list(out), nil
}

func batch(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	var out []value
	part := []value{}
	for _, item := range items {
		// Jinja asks for equality: other lengths than natural numbers are never reached.
		full, err := py.Equal(starlark.MakeInt(len(part)), c.Values[0])
		if err != nil {
			return nil, err
		}
		if full {
			out, part = append(out, list(part)), nil
		}
		part = append(part, item)
	}
	if len(part) == 0 {
		return list(out), nil
	}
	if c.Values[1] != starlark.None {
		short, err := py.Less(starlark.MakeInt(len(part)), c.Values[0])
		if err != nil {
			return nil, err
		}
		if n, ok := py.Int(c.Values[0]); short && (!ok || n > py.MaxElements) {
			return nil, py.Errorf("a list would have more than %d elements", py.MaxElements)
		} else if short {
			if err := c.Run.Step(n); err != nil {
				return nil, err
			}
			for len(part) < n {
				part = append(part, c.Values[1])
			}
		}
	}
	return list(append(out, list(part))), nil
}

func sliced(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	n, err := c.Int(0)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, py.Errorf("integer division or modulo by zero")
	}
	if err := c.Run.Step(max(n, 0)); err != nil {
		return nil, err
	}
	var out []value
	for i, at := 0, 0; i < n; i++ {
		size := len(items) / n
		extra := i < len(items)%n
		if extra {
			size++
		}
		part := slices.Clone(items[at : at+size])
		at += size
		if !extra && c.Values[1] != starlark.None {
			part = append(part, c.Values[1])
		}
		out = append(out, list(part))
	}
	return list(out), nil
}

func extreme(greatest bool) func(c *call) (value, error) {
	return func(c *call) (value, error) {
		items, err := elements(c)
		if err != nil {
			return nil, err
		}
		if len(items) == 0 {
			return &py.Undefined{Name: "min", Hint: "No aggregated item, sequence was empty."}, nil
		}
		sensitive, err := flag(c.Values[0])
		if err != nil {
			return nil, err
		}
		by, err := keys(items, attribute(c.Values[1], nil), sensitive)
		if err != nil {
			return nil, err
		}
		best := 0
		for i := 1; i < len(items); i++ {
			a, b := by[i], by[best]
			if greatest {
				a, b = b, a
			}
			less, err := py.Less(a, b)
			if err != nil {
				return nil, err
			}
			if less {
				best = i
			}
		}
		return items[best], nil
	}
}

func sum(c *call) (value, error) {
	items, err := elements(c)
	if err != nil {
		return nil, err
	}
	total := c.Values[1]
	if _, isText := total.(starlark.String); isText {
		return nil, py.Errorf("sum() can't sum strings [use ''.join(seq) instead]")
	}
	get := attribute(c.Values[0], nil)
	for _, item := range items {
		v, err := get(item)
		if err != nil {
			return nil, err
		}
		if total, err = py.Binary("+", total, v); err != nil {
			return nil, err
		}
	}
	return total, nil
}
