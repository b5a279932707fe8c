package repl

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/hostapi"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runtime/cli/answers"
	"github.com/openfroyo/froyo/runtime/ui"
)

// shape is how values are shown.
type shape struct {
	columns int // of the terminal, 0 for none
	facts   *facts.Registry
}

// shown is a value as the prompt shows it: text of several lines as it is, structs and lists of them as tables, facts with their
// fields, all else as it is written in the language.
func (s shape) shown(v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		if text := string(v); strings.Contains(text, "\n") {
			return readable(strings.TrimSuffix(text, "\n")), nil
		}
		return written(v), nil
	case *hostapi.Host:
		return answers.Shown([]any{row(v)}), nil
	case *hostapi.Facts:
		return s.factsOf(v)
	case *hostapi.FactDict:
		values, err := v.Plain()
		if err != nil {
			return "", err
		}
		return answers.Shown(values), nil
	case *starlark.Dict:
		if tabular(valuesOf(v)) {
			return table(v)
		}
	case starlark.Indexable:
		if all := elements(v); tabular(all) {
			return table(v)
		} else if hosts := rows(all); hosts != nil {
			return answers.Shown(hosts), nil
		}
		return s.listed(v), nil
	case starlark.HasAttrs:
		if v.Type() == "struct" {
			return table(v)
		}
	}
	return written(v), nil
}

// written is a value as the language has it.
func written(v starlark.Value) string { return readable(secret.Mask(v.String())) }

// readable is a text without what a terminal would obey.
func readable(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = ui.Readable(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// listed is a list on one line, or, where that is longer than the terminal, with a line for each element.
func (s shape) listed(v starlark.Indexable) string {
	text := written(v)
	if s.columns == 0 || len(text) <= s.columns || v.Type() != "list" {
		return text
	}
	var b strings.Builder
	b.WriteString("[\n")
	for i := range v.Len() {
		b.WriteString("  " + written(v.Index(i)) + ",\n")
	}
	return b.String() + "]"
}

func elements(v starlark.Indexable) []starlark.Value {
	all := make([]starlark.Value, v.Len())
	for i := range all {
		all[i] = v.Index(i)
	}
	return all
}

func valuesOf(d *starlark.Dict) (all []starlark.Value) {
	for _, item := range d.Items() {
		all = append(all, item[1])
	}
	return all
}

// tabular reports whether values are structs.
func tabular(all []starlark.Value) bool {
	for _, v := range all {
		if v.Type() != "struct" {
			return false
		}
	}
	return len(all) > 0
}

// table shows what is plain data as a table.
func table(v starlark.Value) (string, error) {
	values, err := plain.To(v)
	if err != nil {
		return written(v), nil //nolint:nilerr // it holds functions or hosts, and is shown as it is written
	}
	return answers.Shown(values), nil
}

// rows are hosts as rows of a table; nil is that they are not all hosts.
func rows(all []starlark.Value) []any {
	var out []any
	for _, v := range all {
		h, ok := v.(*hostapi.Host)
		if !ok {
			return nil
		}
		out = append(out, row(h))
	}
	return out
}

func row(h *hostapi.Host) map[string]any {
	inv := h.Inventory()
	groups := make([]any, len(inv.Groups))
	for i, g := range inv.Groups {
		groups[i] = g
	}
	labels := make([]any, 0, len(inv.Labels))
	for _, name := range sorted(inv.Labels) {
		labels = append(labels, name+"="+inv.Labels[name])
	}
	return map[string]any{"name": inv.Name, "address": inv.Address, "groups": groups, "labels": labels}
}

// factsOf are the facts of a namespace, or the namespaces that there are.
func (s shape) factsOf(f *hostapi.Facts) (string, error) {
	n := f.Namespace()
	if n == nil {
		var names []any
		for _, all := range s.facts.All() {
			if f.Prefix() == "" || strings.HasPrefix(all.Name, f.Prefix()+".") {
				names = append(names, all.Name)
			}
		}
		return answers.Shown(names), nil
	}
	values := map[string]any{}
	for _, name := range f.AttrNames() {
		v, err := f.Attr(name)
		if err != nil {
			return "", err
		}
		if values[name], err = plain.To(v); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return answers.Shown(values), nil
}
