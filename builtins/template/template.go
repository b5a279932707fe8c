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
			"All other named arguments are the template's variables; an undefined variable is an error. docs/templates.md lists what templates can do; `froyo docs templates` prints it.",
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
	vars := &variables{given: map[string]starlark.Value{}}
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
		vars.given[name] = pair[1]
	}
	if err := vars.check(); err != nil {
		return nil, err
	}
	if err := starlark.UnpackPositionalArgs(b.Name(), pos, nil, 0, &path); err != nil {
		return nil, err
	}
	r := jinja.Rendering{Context: bounds.Context(thread), Vars: vars, Steps: &thread.Steps, MaxSteps: s.Env().MaxSteps}
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
		out, err = s.Env().Templates.File(r, file)
	case hasText:
		out, err = s.Env().Templates.Text(r, text)
	default:
		return nil, (&diag.Error{Summary: "template needs a path, or text"}).
			WithHint(`template("app.conf.j2", port = 8080) or template(text = "...", port = 8080)`)
	}
	vars.mu.Lock()
	defer vars.mu.Unlock()
	if err != nil {
		return nil, vars.explain(s, path, err)
	}
	if len(vars.secrets) > 0 {
		return plain.Hidden(out), nil
	}
	return plain.Text(out), nil
}

// explain gives a template's error its place and cause.
func (v *variables) explain(s *eval.Scope, path string, err error) error {
	if v.failed != nil {
		return v.failed
	}
	t, ok := errors.AsType[*jinja.Error](err)
	if !ok {
		return err
	}
	if t.Missing != nil && path != "" && len(t.Via) == 0 {
		return source.Missing(s.Env().FS, t.File, t.Missing)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "template %s", t)
	if t.Source != "" && len(t.Source) < maxSource {
		fmt.Fprintf(&b, "; the line is: %s", strings.TrimSpace(t.Source))
	}
	if len(v.secrets) > 0 { // the message may quote what it got
		summary := b.String()
		for _, text := range v.secrets {
			summary = strings.ReplaceAll(summary, text, secret.Shown)
		}
		return &diag.Error{Summary: summary}
	}
	return (&diag.Error{Summary: b.String(), Cause: err}).WithHint("%s", t.Hint)
}

// maxSource is how long a line of a template may be that a message shows.
const maxSource = 300
