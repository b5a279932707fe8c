package nested

import (
	"strings"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/providers/pyre"
)

// matchLimit is how long one match of a pattern may take.
const matchLimit = 2 * time.Second

// finder finds keys.
type finder struct {
	c   *call
	how string
}

func newFinder(c *call) (*finder, error) {
	how, err := c.Text(1)
	if err != nil {
		return nil, err
	}
	switch how {
	case "equality", "starts_with", "ends_with", "regex":
	default:
		return nil, py.Errorf("matching_parameter is equality, starts_with, ends_with or regex, not %s", how)
	}
	if !isDict(c.Value) {
		if _, ok := c.Value.(*starlark.List); !ok {
			return nil, py.Errorf("expected a list or a dict, not %s", py.TypeName(c.Value))
		}
	}
	return &finder{c, how}, nil
}

// matches reports whether a key is what a target means.
func (f *finder) matches(key value, target string) (bool, error) {
	k, ok := key.(starlark.String)
	if !ok {
		if f.how == "equality" {
			return false, nil
		}
		return false, py.Errorf("a key is %s, not a text", py.TypeName(key))
	}
	switch f.how {
	case "starts_with":
		return strings.HasPrefix(string(k), target), nil
	case "ends_with":
		return strings.HasSuffix(string(k), target), nil
	case "regex":
		p, err := pyre.Compile(target, pyre.Flags{}, matchLimit)
		if err != nil {
			return false, py.Errorf("%s", err)
		}
		m, err := p.At(f.c.Run.Context, string(k))
		return m != nil, f.c.Run.Explained(err)
	}
	return string(k) == target, nil
}

// targets are the texts of the argument target.
func targets(c *call) ([]string, error) {
	items, err := py.Elements(c.Values[0])
	if err != nil || !py.IsSequence(c.Values[0]) {
		return nil, py.Errorf("target is a list of texts, not %s", py.TypeName(c.Values[0]))
	}
	out := make([]string, len(items))
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			return nil, py.Errorf("target is a list of texts, not of %s", py.TypeName(item))
		}
		out[i] = string(s)
	}
	return out, nil
}

func keepKeys(c *call) (value, error) {
	f, err := newFinder(c)
	if err != nil {
		return nil, err
	}
	all, err := targets(c)
	if err != nil {
		return nil, err
	}
	return f.keep(c.Value, all, 0)
}

// keep is a value with the keys of the targets only, and with what leads to them.
func (f *finder) keep(v value, targets []string, depth int) (value, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	switch v := v.(type) {
	case *starlark.List:
		return f.each(v, func(item value) (value, error) { return f.keep(item, targets, depth+1) })
	case *starlark.Dict:
		out := starlark.NewDict(v.Len())
		for _, item := range v.Items() {
			if err := f.c.Run.Step(1 + len(targets)); err != nil {
				return nil, err
			}
			kept, in, err := f.keepItem(item, targets, depth)
			if err != nil {
				return nil, err
			}
			if !in {
				continue
			}
			if err := out.SetKey(item[0], kept); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// each makes a list of what becomes of the elements of another.
func (f *finder) each(l *starlark.List, of func(item value) (value, error)) (value, error) {
	items, err := f.c.Elements(l)
	if err != nil {
		return nil, err
	}
	out := make([]value, len(items))
	for i, item := range items {
		if out[i], err = of(item); err != nil {
			return nil, err
		}
	}
	return starlark.NewList(out), nil
}

func (f *finder) keepItem(item starlark.Tuple, targets []string, depth int) (value, bool, error) {
	_, isList := item[1].(*starlark.List)
	if !isList && !isDict(item[1]) {
		for _, t := range targets {
			if in, err := f.matches(item[0], t); err != nil || in {
				return item[1], in, err
			}
		}
		return nil, false, nil
	}
	if len(targets) == 0 {
		return nil, false, nil
	}
	kept, err := f.keep(item[1], targets, depth+1)
	if err != nil {
		return nil, false, err
	}
	l, ok := kept.(*starlark.List)
	if !ok {
		n, _ := py.Len(kept)
		return kept, n > 0, nil
	}
	var some []value
	onlyTexts := true
	for i := range l.Len() {
		v := l.Index(i)
		if n, sized := py.Len(v); sized && n == 0 && (isDict(v) || py.IsSequence(v)) {
			continue
		}
		_, isText := v.(starlark.String)
		onlyTexts = onlyTexts && isText
		some = append(some, v)
	}
	return starlark.NewList(some), !onlyTexts, nil
}

func removeKeys(c *call) (value, error) {
	f, err := newFinder(c)
	if err != nil {
		return nil, err
	}
	all, err := targets(c)
	if err != nil {
		return nil, err
	}
	return f.rewrite(c.Value, 0, true, func(d *starlark.Dict) error {
		for _, k := range d.Keys() {
			for _, t := range all {
				in, err := f.matches(k, t)
				if err != nil {
					return err
				}
				if in {
					if _, _, err := d.Delete(k); err != nil {
						return err
					}
					break
				}
			}
		}
		return nil
	})
}

// rewrite changes a copy of each dict in a value. Where compact is set, lists lose what counts as false.
func (f *finder) rewrite(v value, depth int, compact bool, change func(d *starlark.Dict) error) (value, error) {
	if depth > maxNesting {
		return nil, errNesting
	}
	if err := f.c.Run.Step(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case *starlark.List:
		var out []value
		for i := range v.Len() {
			e, err := f.rewrite(v.Index(i), depth+1, compact, change)
			if err != nil {
				return nil, err
			}
			asked := e
			if inner, isList := v.Index(i).(*starlark.List); isList {
				asked = inner // it stays, even if its own elements go
			}
			if some, err := py.Truth(asked); err != nil {
				return nil, err
			} else if some || !compact {
				out = append(out, e)
			}
		}
		return starlark.NewList(out), nil
	case *starlark.Dict:
		d, err := py.CopyDict(v)
		if err != nil {
			return nil, err
		}
		if err := change(d); err != nil {
			return nil, err
		}
		for _, item := range d.Items() {
			e, err := f.rewrite(item[1], depth+1, compact, change)
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

func replaceKeys(c *call) (value, error) {
	f, err := newFinder(c)
	if err != nil {
		return nil, err
	}
	items, err := c.Elements(c.Values[0])
	if err != nil {
		return nil, err
	}
	with := make([][2]string, len(items))
	for i, item := range items {
		d, ok := item.(*starlark.Dict)
		if !ok {
			return nil, py.Errorf("target is a list of dicts with before and after, not of %s", py.TypeName(item))
		}
		for n, name := range []string{"before", "after"} {
			v, _, err := d.Get(str(name))
			if err != nil {
				return nil, err
			}
			s, ok := v.(starlark.String)
			if !ok {
				return nil, py.Errorf("each dict of target has the texts before and after")
			}
			with[i][n] = string(s)
		}
	}
	return f.rewrite(c.Value, 0, false, func(d *starlark.Dict) error {
		for _, pair := range with {
			for _, k := range d.Keys() {
				in, err := f.matches(k, pair[0])
				if err != nil {
					return err
				}
				if !in {
					continue
				}
				v, _, err := d.Delete(k)
				if err != nil {
					return err
				}
				if err := d.SetKey(str(pair[1]), v); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
