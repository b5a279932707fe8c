package community

import (
	"slices"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/providers/pyre"
)

func keys() []*function.Func {
	const params = "target=None, matching_parameter='equal'"
	return []*function.Func{
		function.New("keep_keys", params, "A list of dicts with some of their keys: those that equal, starts_with, ends_with or regex finds.", func(c *call) (value, error) { return filterKeys(c, true) }),
		function.New("remove_keys", params, "A list of dicts without some of their keys, which are found as by keep_keys.", func(c *call) (value, error) { return filterKeys(c, false) }),
		function.New("replace_keys", params, "A list of dicts with keys replaced; target is a list of dicts with before and after.", replaceKeys),
	}
}

// matchLimit is how long one match of a pattern may take.
const matchLimit = 2 * time.Second

// matcher reports whether a key is one that is meant.
type matcher func(key string) (bool, error)

func newMatcher(c *call, how string, targets []string) (matcher, error) {
	switch how {
	case "equal":
		return func(key string) (bool, error) { return slices.Contains(targets, key), nil }, nil
	case "starts_with":
		return func(key string) (bool, error) {
			return slices.ContainsFunc(targets, func(t string) bool { return strings.HasPrefix(key, t) }), nil
		}, nil
	case "ends_with":
		return func(key string) (bool, error) {
			return slices.ContainsFunc(targets, func(t string) bool { return strings.HasSuffix(key, t) }), nil
		}, nil
	case "regex":
		if len(targets) != 1 {
			return nil, py.Errorf("for a regular expression the target is one text")
		}
		p, err := pyre.Compile(targets[0], pyre.Flags{}, matchLimit)
		if err != nil {
			return nil, py.Errorf("%s", err)
		}
		return func(key string) (bool, error) {
			m, err := p.At(c.Run.Context, key)
			return m != nil, c.Run.Explained(err)
		}, nil
	}
	return nil, py.Errorf("matching_parameter is equal, starts_with, ends_with or regex, not %s", how)
}

// dictsOf are the dicts of a list; their keys are texts.
func dictsOf(c *call) ([]*starlark.Dict, error) {
	items, err := sequence(c, c.Value)
	if err != nil {
		return nil, err
	}
	out := make([]*starlark.Dict, len(items))
	for i, item := range items {
		d, ok := item.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("expected a list of dicts, not of %s", py.TypeName(item))
		}
		for _, k := range d.Keys() {
			if _, ok := k.(starlark.String); !ok {
				return nil, py.Errorf("expected keys that are texts, not %s", py.TypeName(k))
			}
		}
		out[i] = d
	}
	return out, nil
}

func filterKeys(c *call, keep bool) (value, error) {
	all, err := dictsOf(c)
	if err != nil {
		return nil, err
	}
	how, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	targets, err := targetsOf(c.Values[0])
	if err != nil {
		return nil, err
	}
	matches, err := newMatcher(c, how, targets)
	if err != nil {
		return nil, err
	}
	return mapped(c, all, func(key string) (string, bool, error) {
		in, err := matches(key)
		return key, in == keep, err
	})
}

// targetsOf are the targets of keep_keys and remove_keys: a text, or texts.
func targetsOf(v value) ([]string, error) {
	if s, ok := v.(starlark.String); ok && s != "" {
		return []string{string(s)}, nil
	}
	items, err := py.Elements(v)
	if err != nil || len(items) == 0 {
		return nil, py.Errorf("the target is a text, or a list of texts, that is not empty")
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, py.Errorf("the target is a list of texts, not of %s", py.TypeName(item))
		}
		out[i] = string(s)
	}
	return out, nil
}

// mapped are dicts with other keys: name says which, and whether an element stays.
func mapped(c *call, all []*starlark.Dict, name func(key string) (string, bool, error)) (value, error) {
	out := make([]value, len(all))
	for i, d := range all {
		if err := c.Run.Step(1 + d.Len()); err != nil {
			return nil, err
		}
		made := starlark.NewDict(d.Len())
		for _, item := range d.Items() {
			key, in, err := name(string(item[0].(starlark.String)))
			if err != nil {
				return nil, err
			}
			if !in {
				continue
			}
			if err := made.SetKey(str(key), item[1]); err != nil {
				return nil, err
			}
		}
		out[i] = made
	}
	return starlark.NewList(out), nil
}

// replacement is a key that another one is replaced by.
type replacement struct {
	matches matcher
	after   string
}

func replaceKeys(c *call) (value, error) {
	all, err := dictsOf(c)
	if err != nil {
		return nil, err
	}
	how, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	l, ok := c.Values[0].(*starlark.List)
	if !ok || l.Len() == 0 {
		return nil, py.Errorf("the target is a list of dicts with before and after")
	}
	var with []replacement
	for i := range l.Len() {
		before, after, err := pair(l.Index(i))
		if err != nil {
			return nil, err
		}
		m, err := newMatcher(c, how, []string{before})
		if err != nil {
			return nil, err
		}
		with = append(with, replacement{m, after})
	}
	return mapped(c, all, func(key string) (string, bool, error) {
		for _, r := range with {
			in, err := r.matches(key)
			if err != nil || in {
				return r.after, true, err
			}
		}
		return key, true, nil
	})
}

// pair are the texts before and after of a dict.
func pair(v value) (before, after string, err error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return "", "", py.Errorf("the target is a list of dicts with before and after, not of %s", py.TypeName(v))
	}
	var texts [2]string
	for i, name := range []string{"before", "after"} {
		v, found, err := d.Get(str(name))
		if err != nil {
			return "", "", err
		}
		s, isText := v.(starlark.String)
		if !found || !isText {
			return "", "", py.Errorf("each dict of the target has the texts before and after")
		}
		texts[i] = string(s)
	}
	return texts[0], texts[1], nil
}
