package repl

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/cli/pages"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// help says what a name, or a value, is.
func (s *session) help(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := atPrompt(thread, b); err != nil {
		return nil, err
	}
	var about starlark.Value
	if err := args.Unpack(b.Name(), pos, kw, "about?", &about); err != nil {
		return nil, err
	}
	text, err := s.about(s.ctx, about)
	if err != nil {
		return nil, err
	}
	s.pause()
	_, err = io.WriteString(s.console.Stdout, text)
	return starlark.None, err
}

func (s *session) about(ctx context.Context, v starlark.Value) (string, error) {
	switch v := v.(type) {
	case nil:
		return s.overview(), nil
	case starlark.String:
		return s.page(ctx, string(v))
	case *starlark.Function:
		return function(v), nil
	case *starlark.Builtin:
		return s.page(ctx, v.Name())
	case *hostapi.Host:
		return hostHelp(), nil
	case *hostapi.Facts:
		if n := v.Namespace(); n != nil {
			return s.page(ctx, n.Name)
		}
		return s.overview(), nil
	}
	return readable(fmt.Sprintf("a %s, whose attributes are: %s\n", v.Type(), attributes(v))), nil
}

func attributes(v starlark.Value) string {
	if has, ok := v.(starlark.HasAttrs); ok && len(has.AttrNames()) > 0 {
		return strings.Join(has.AttrNames(), ", ")
	}
	return "none"
}

// overview is what there is at the prompt.
func (s *session) overview() string {
	var b strings.Builder
	b.WriteString("At the prompt, beside the language of runbooks:\n")
	rows := [][]string{}
	for _, f := range s.builtins() {
		rows = append(rows, []string{f.usage, f.doc})
	}
	layout.Columns(&b, "  ", rows)
	b.WriteString("_ is the last value. Names that were typed or loaded:\n  ")
	var own []string
	for _, name := range s.prompt.Session.Names() {
		if s.prompt.Session.Own(name) && !strings.HasPrefix(name, "_") {
			own = append(own, name)
		}
	}
	if len(own) == 0 {
		own = []string{"none yet"}
	}
	b.WriteString(readable(strings.Join(own, ", ")) + "\n")
	return b.String()
}

// page is what the reference says of a name.
func (s *session) page(ctx context.Context, name string) (string, error) {
	for _, f := range s.builtins() {
		if f.name == name {
			return f.usage + "\n\n" + f.doc + "\n", nil
		}
	}
	if v := s.prompt.Session.Value(name); v != nil && s.prompt.Session.Own(name) {
		if _, isText := v.(starlark.String); isText {
			return readable(name + " is a text that was typed or loaded\n"), nil
		}
		return s.about(ctx, v)
	}
	if v := starlark.Universe[name]; v != nil || name == "load" {
		return name + " belongs to Starlark, the language that runbooks are written in\n", nil
	}
	var all strings.Builder
	if err := pages.Write(ctx, &all); err != nil {
		return "", err
	}
	text, err := pages.Section(all.String(), name)
	if err != nil {
		missing := &diag.Error{Summary: fmt.Sprintf("help: nothing is named %q", name)}
		if near := diag.Nearest(name, s.prompt.Session.Names()); near != "" {
			return "", missing.WithHint("did you mean %s?", near)
		}
		return "", missing.WithHint("help() lists what there is")
	}
	return text, nil
}

// function is how a function is called, and its docstring.
func function(f *starlark.Function) string {
	var params []string
	for i := range f.NumParams() {
		name, _ := f.Param(i)
		switch d := f.ParamDefault(i); {
		case d != nil:
			name += " = " + d.String()
		case f.HasVarargs() && i == f.NumParams()-1-btoi(f.HasKwargs()):
			name = "*" + name
		case f.HasKwargs() && i == f.NumParams()-1:
			name = "**" + name
		}
		params = append(params, name)
	}
	text := f.Name() + "(" + strings.Join(params, ", ") + ")\n"
	if doc := f.Doc(); doc != "" {
		text += "\n" + doc + "\n"
	}
	return readable(text + "\n" + f.Position().String() + "\n")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hostHelp is what can be read of a host.
func hostHelp() string {
	var b strings.Builder
	b.WriteString("A host: name, address, groups, labels, vars, facts, and what can be asked of it:\n")
	rows := [][]string{}
	for _, m := range hostapi.Methods() {
		first, _, _ := strings.Cut(m.Doc, ". ")
		rows = append(rows, []string{m.Name, strings.TrimSuffix(first, ".")})
	}
	layout.Columns(&b, "  ", rows)
	return b.String()
}
