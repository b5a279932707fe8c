// Package template is the builtin template(): what of a runbook's values a Jinja
// template can read, and the place of what is wrong in it.
package template

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/bounds"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/lambda"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/source"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// Builtins documents template().
func Builtins() []eval.Builtin {
	return []eval.Builtin{{
		Name: "template",
		Doc: "Renders a Jinja template and returns the text: a file beside the runbook (or //x from the workspace's root), or text = \"...\". " +
			"All other named arguments are the template's variables; an undefined variable is an error.",
		Example: `file("/etc/app.conf", content = template("app.conf.j2", host = host, port = 8080))`,
		Make:    eval.Function("template", render),
	}}
}

func render(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	s := eval.Of(thread)
	var (
		path, text string
		hasText    bool
	)
	r := &rendering{left: plain.MaxSize}
	values := map[string]any{}
	for _, pair := range kw {
		name := string(pair[0].(starlark.String))
		if given, ok := starlark.AsString(pair[1]); ok && name == "text" && len(pos) == 0 {
			text, hasText = given, true
			continue
		}
		if _, isLater := pair[1].(*lambda.Later); isLater {
			return nil, (&diag.Error{Summary: fmt.Sprintf("template: %s is a later value", name)}).
				WithHint("put the whole call inside the lambda: later(lambda: template(...))")
		}
		value, err := r.convert(pair[1], 0)
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
		file, bad := source.ResolvePath(eval.Pos(eval.Stack(thread)).File, path)
		if bad != nil {
			return nil, bad
		}
		out, err = s.Env().Templates.File(bounds.Context(thread), file, values)
	case hasText:
		out, err = s.Env().Templates.Text(bounds.Context(thread), text, values)
	default:
		return nil, (&diag.Error{Summary: "template needs a path, or text"}).
			WithHint(`template("app.conf.j2", port = 8080) or template(text = "...", port = 8080)`)
	}
	if err != nil || r.failed != nil { // a template may pass over an error, with default(...)
		return nil, r.explain(s, path, err)
	}
	if len(r.given) > 0 {
		return plain.Hidden(out), nil
	}
	return plain.Text(out), nil
}

// explain gives a template's error its place and cause.
func (r *rendering) explain(s *eval.Scope, path string, err error) error {
	if r.failed != nil {
		return r.failed
	}
	t, ok := errors.AsType[*jinja.Error](err)
	if !ok {
		return err
	}
	if t.Missing != nil && path != "" {
		return source.Missing(s.Env().FS, t.File, t.Missing)
	}
	where := t.File
	if t.Line > 0 {
		where = fmt.Sprintf("%s:%d", t.File, t.Line)
	}
	if len(r.given) > 0 { // the message may quote what it got
		summary := fmt.Sprintf("template %s: %s", where, t.Message)
		for _, text := range r.given {
			summary = strings.ReplaceAll(summary, text, secret.Shown)
		}
		return &diag.Error{Summary: summary}
	}
	return (&diag.Error{Summary: fmt.Sprintf("template %s: %s", where, t.Message), Cause: err}).WithHint("%s", t.Hint)
}
