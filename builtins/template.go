package builtins

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/diag"
)

func templateDoc() Builtin {
	return Builtin{
		Name: "template",
		Doc: "Fills in a Jinja template and returns the text: a file beside the runbook (or //x from the workspace's root), or text = \"...\". " +
			"All other named arguments are the template's variables; one that is not defined is an error.",
		Example: `file("/etc/app.conf", content = template("app.conf.j2", host = host, port = 8080))`,
		make: func(*Env) starlark.Value {
			return starlark.NewBuiltin("template", render)
		},
	}
}

func render(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := scopeOf(thread)
	var (
		path, text string
		hasText    bool
	)
	r := &rendering{}
	values := map[string]any{}
	for _, pair := range kw {
		name := string(pair[0].(starlark.String))
		if given, ok := starlark.AsString(pair[1]); ok && name == "text" && len(pos) == 0 {
			text, hasText = given, true
			continue
		}
		if _, isLater := pair[1].(*Later); isLater {
			return nil, (&diag.Error{Summary: fmt.Sprintf("template: %s is a later value", name)}).
				WithHint("put the whole call inside the lambda: later(lambda: template(...))")
		}
		value, err := r.value(pair[1], 0)
		if err != nil {
			return nil, fmt.Errorf("template: %s: %w", name, err)
		}
		values[name] = value
	}
	if err := starlark.UnpackPositionalArgs(b.Name(), pos, nil, 0, &path); err != nil {
		return nil, err
	}
	var (
		out string
		err error
	)
	switch {
	case path != "":
		file, bad := ResolvePath(Pos(Stack(thread)).File, path)
		if bad != nil {
			return nil, bad
		}
		out, err = s.env.Templates.File(file, values)
	case hasText:
		out, err = s.env.Templates.Text(text, values)
	default:
		return nil, (&diag.Error{Summary: "template needs a path, or text"}).
			WithHint(`template("app.conf.j2", port = 8080) or template(text = "...", port = 8080)`)
	}
	if err != nil || r.failed != nil { // a template may pass over an error, with default(...)
		return nil, r.explain(s, path, err)
	}
	return starlark.String(out), nil
}

// rendering turns values into what templates read, and keeps the first error
// of an attribute, which the template engine would only quote.
type rendering struct{ failed error }

func (r *rendering) value(v starlark.Value, depth int) (any, error) {
	if depth > plain.MaxDepth {
		return nil, errors.New("value is nested too deeply, or holds itself")
	}
	switch v := v.(type) {
	case *Later, *Handle:
		return plain.To(v)
	case starlark.Callable:
		return nil, fmt.Errorf("a function (%s) cannot be used in a template", v.Name())
	case *bag:
		return r.bag(v, depth), nil
	case *starlarkstruct.Struct, *Host, *factsValue:
		return r.object(v.(starlark.HasAttrs), depth), nil
	case *factDict:
		dict, err := v.dict()
		if err != nil {
			return nil, err
		}
		return r.value(dict, depth)
	case *starlark.Dict:
		pairs := make([]jinja.Pair, 0, v.Len())
		for _, item := range v.Items() {
			key, err := r.value(item[0], depth+1)
			if err != nil {
				return nil, err
			}
			value, err := r.value(item[1], depth+1)
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
			value, err := r.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	value, err := plain.To(v)
	if n, ok := value.(int64); ok {
		return int(n), err
	}
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
				value, err = r.value(attr, depth+1)
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
func (r *rendering) bag(b *bag, depth int) *jinja.Object {
	return &jinja.Object{
		Text: b.String,
		Get: func(name string) (any, bool, error) {
			v, found, err := b.lookup(name)
			if err != nil || !found {
				return nil, false, err
			}
			value, err := r.value(v, depth+1)
			return value, true, err
		},
	}
}

// explain gives a template's error its place and cause.
func (r *rendering) explain(s *Scope, path string, err error) error {
	if r.failed != nil {
		return r.failed
	}
	t, ok := errors.AsType[*jinja.Error](err)
	if !ok {
		return err
	}
	if t.Missing != nil && path != "" {
		return Missing(s.env.FS, t.File, t.Missing)
	}
	where := t.File
	if t.Line > 0 {
		where = fmt.Sprintf("%s:%d", t.File, t.Line)
	}
	return (&diag.Error{Summary: fmt.Sprintf("template %s: %s", where, t.Message), Cause: err}).WithHint("%s", t.Hint)
}
