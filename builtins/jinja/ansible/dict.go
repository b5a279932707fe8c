package ansible

import (
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pymethod"
)

func dicts() []*function.Func {
	return []*function.Func{
		function.New("combine", "*dicts, recursive=False, list_merge='replace'", "The dict with the elements of others; recursive=true merges dicts in it, too.", combine),
		function.New("dict2items", "key_name='key', value_name='value'", "A dict as a list of dicts with key and value.", dict2items),
		function.New("items2dict", "key_name='key', value_name='value'", "A list of dicts with key and value as a dict.", items2dict),
		function.New("subelements", "subelements, skip_missing=False", "Each element with each of a list in it, as pairs.", subelements),
		lazy(function.New("extract", "container, morekeys=None", "The element of a container with this key.", extract)),
		function.New("rekey_on_member", "key, duplicates='error'", "A dict of dicts by one of their elements.", rekey),
	}
}

func combine(c *call) (value, error) {
	recursive, err := flag(c.Values[0])
	if err != nil {
		return nil, err
	}
	lists, _ := starlark.AsString(c.Values[1])
	terms, err := flatten(append([]value{c.Value}, c.Rest...), 1, true)
	if err != nil {
		return nil, err
	}
	if len(terms) == 0 {
		return starlark.NewDict(0), nil
	}
	out := terms[len(terms)-1]
	if err := defined(out, 0); err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(terms[:len(terms)-1]) {
		if err := defined(t, 0); err != nil {
			return nil, err
		}
		if err := c.Run.Step(1); err != nil {
			return nil, err
		}
		if out, err = Merge(t, out, recursive, lists); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// maxNesting is how deeply a value may be nested.
const maxNesting = 500

var errNesting = py.Errorf("a value is nested more than %d levels deep, or holds itself", maxNesting)

// defined reports, as an error, an undefined value in another.
func defined(v value, depth int) error {
	if depth > maxNesting {
		return errNesting
	}
	switch v := v.(type) {
	case *py.Undefined:
		return v
	case *starlark.List:
		for i := range v.Len() {
			if err := defined(v.Index(i), depth+1); err != nil {
				return err
			}
		}
	case *starlark.Dict:
		for _, item := range v.Items() {
			if err := defined(item[1], depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// Merge merges two dicts as combine() does; what the second one has counts. lists is what becomes of two lists: replace,
// keep, append, prepend, append_rp or prepend_rp.
func Merge(low, high value, recursive bool, lists string) (value, error) {
	if !slices.Contains(listMerges, lists) {
		return nil, py.Errorf("list_merge is replace, keep, append, prepend, append_rp or prepend_rp")
	}
	return merger{recursive, lists}.merge(low, high, 0)
}

// listMerges are what may become of two lists.
var listMerges = []string{"replace", "keep", "append", "prepend", "append_rp", "prepend_rp"}

// merger merges dicts.
type merger struct {
	recursive bool
	lists     string
}

func (m merger) merge(low, high value, depth int) (value, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	x, err := asDict(low)
	if err != nil {
		return nil, err
	}
	y, err := asDict(high)
	if err != nil {
		return nil, err
	}
	if same, err := py.Equal(x, y); err != nil || same || x.Len() == 0 {
		if err != nil {
			return nil, err
		}
		return py.CopyDict(y)
	}
	out, err := py.CopyDict(x)
	if err != nil {
		return nil, err
	}
	for _, item := range y.Items() {
		v := item[1]
		if old, had, err := py.Lookup(out, item[0]); err != nil {
			return nil, err
		} else if had {
			if v, err = m.both(old, v, depth); err != nil {
				return nil, err
			}
		}
		if err := py.SetKey(out, item[0], v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// both merges two values of one key.
func (m merger) both(old, v value, depth int) (value, error) {
	if _, ok := old.(*starlark.Dict); ok {
		if _, ok := v.(*starlark.Dict); ok && m.recursive {
			return m.merge(old, v, depth+1)
		}
		return v, nil
	}
	a, ok := old.(*starlark.List)
	b, both := v.(*starlark.List)
	if !ok || !both {
		return v, nil
	}
	x, _ := py.Elements(a)
	y, _ := py.Elements(b)
	switch m.lists {
	case "keep":
		return a, nil
	case "append":
		return list(append(x, y...)), nil
	case "prepend":
		return list(append(y, x...)), nil
	case "append_rp", "prepend_rp":
		var rest []value
		for _, v := range x {
			in, err := py.Member(y, v)
			if err != nil {
				return nil, err
			}
			if !in {
				rest = append(rest, v)
			}
		}
		if m.lists == "append_rp" {
			return list(append(rest, y...)), nil
		}
		return list(append(y, rest...)), nil
	}
	return v, nil
}

func dict2items(c *call) (value, error) {
	d, err := asDict(c.Value)
	if err != nil {
		return nil, err
	}
	out := make([]value, 0, d.Len())
	for _, item := range d.Items() {
		pair := starlark.NewDict(2)
		if err := pair.SetKey(c.Values[0], item[0]); err != nil {
			return nil, err
		}
		if err := pair.SetKey(c.Values[1], item[1]); err != nil {
			return nil, err
		}
		out = append(out, pair)
	}
	return list(out), c.Run.Step(d.Len())
}

func items2dict(c *call) (value, error) {
	if !py.IsSequence(c.Value) {
		return nil, py.Errorf("expected a list, not %s", py.TypeName(c.Value))
	}
	items, err := elements(c, c.Value)
	if err != nil {
		return nil, err
	}
	out := starlark.NewDict(len(items))
	for _, item := range items {
		d, err := asDict(item)
		if err != nil {
			return nil, err
		}
		k, hasKey, err := py.Lookup(d, c.Values[0])
		if err != nil {
			return nil, err
		}
		v, hasValue, err := py.Lookup(d, c.Values[1])
		if err != nil {
			return nil, err
		}
		if !hasKey || !hasValue {
			return nil, py.Errorf("each dict in the list needs the keys %s and %s", c.Values[0], c.Values[1])
		}
		if err := py.Hashable(k); err != nil {
			return nil, err
		}
		if err := py.SetKey(out, k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func subelements(c *call) (value, error) {
	var items []value
	var err error
	switch v := c.Value.(type) {
	case *starlark.Dict:
		for _, item := range v.Items() {
			items = append(items, item[1])
		}
	case *starlark.List:
		if items, err = elements(c, v); err != nil {
			return nil, err
		}
	default:
		return nil, py.Errorf("expected a list of dicts or a dict of them, not %s", py.TypeName(v))
	}
	var path []value
	switch p := c.Values[0].(type) {
	case *starlark.List:
		path, _ = py.Elements(p)
	case starlark.String:
		for part := range strings.SplitSeq(string(p), ".") {
			path = append(path, starlark.String(part))
		}
	default:
		return nil, py.Errorf("subelements is a list or a text, not %s", py.TypeName(p))
	}
	skip, err := flag(c.Values[1])
	if err != nil {
		return nil, err
	}
	var out []value
	for _, item := range items {
		found, err := below(item, path, skip)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			out = append(out, starlark.Tuple{item, v})
		}
	}
	return list(out), c.Run.Step(len(out))
}

// below are the elements of the list that a path leads to.
func below(item value, path []value, skip bool) ([]value, error) {
	for _, key := range path {
		d, ok := item.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("the key %s should point to a dictionary, not %s", key, py.TypeName(item))
		}
		v, found, err := py.Lookup(d, key)
		if err != nil {
			return nil, err
		}
		if !found {
			if skip {
				return nil, nil
			}
			return nil, py.Errorf("an element has no key %s", key)
		}
		item = v
	}
	l, ok := item.(*starlark.List)
	if !ok {
		return nil, py.Errorf("the key should point to a list, not %s", py.TypeName(item))
	}
	return py.Elements(l)
}

func extract(c *call) (value, error) {
	keys := []value{c.Value}
	if more, ok := c.Values[1].(*starlark.List); ok {
		rest, _ := py.Elements(more)
		keys = append(keys, rest...)
	} else if c.Values[1] != starlark.None {
		keys = append(keys, c.Values[1])
	}
	v := c.Values[0]
	for _, k := range keys {
		var err error
		if v, err = pymethod.Subscript(v, k); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func rekey(c *call) (value, error) {
	duplicates, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	if duplicates != "error" && duplicates != "overwrite" {
		return nil, py.Errorf("duplicates is error or overwrite, not %s", duplicates)
	}
	items := []value{}
	if d, ok := c.Value.(*starlark.Dict); ok {
		for _, item := range d.Items() {
			items = append(items, item[1])
		}
	} else if _, isText := c.Value.(starlark.String); isText {
		return nil, py.Errorf("expected a list or a dict, not str")
	} else if items, err = elements(c, c.Value); err != nil {
		return nil, err
	}
	out := starlark.NewDict(len(items))
	for _, item := range items {
		d, err := asDict(item)
		if err != nil {
			return nil, err
		}
		k, found, err := py.Lookup(d, c.Values[0])
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, py.Errorf("the key %s was not found", c.Values[0])
		}
		if err := py.Hashable(k); err != nil {
			return nil, err
		}
		if old, had, _ := py.Lookup(out, k); had && bool(old.Truth()) && duplicates == "error" {
			return nil, py.Errorf("the key %s is not unique", k)
		}
		if err := py.SetKey(out, k, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}
