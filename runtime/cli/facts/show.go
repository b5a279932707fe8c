package facts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/schema/shape"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type showCommand struct {
	Host string `arg:"" complete:"hosts" help:"Name of the host."`
	Fact string `arg:"" optional:"" complete:"fact" help:"A namespace, a field or what is in it: os.basic, os.basic.family, users.users.root.shell; default: all."`
	flags.Target
	Refresh bool `help:"Ask the host, whatever is kept."`
	JSON    bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*showCommand) Help() string {
	return `It shows what is kept, and asks the host for what is missing or too old. A single value is printed alone, for scripts.

Examples:
  froyo facts show web1
  froyo facts show web1 os.basic
  froyo facts show web1 os.basic.family --refresh`
}

// Run shows the facts.
func (c *showCommand) Run(ctx context.Context, e *console.Console) (err error) {
	f, err := one(ctx, e, &c.Target, c.Host)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	namespaces, path := f.Facts.All(), []string(nil)
	if c.Fact != "" {
		n, rest, err := split(f.Facts, c.Fact)
		if err != nil {
			return err
		}
		namespaces, path = []*facts.Namespace{n}, rest
	}
	end := f.Show("asking", f.Hosts)
	answers, err := f.Collector.Collect(ctx, f.Hosts, namespaces, c.Refresh)
	end()
	if err != nil {
		return err
	}
	a := answers[0]
	if n := namespaces[0]; len(path) > 0 && a.Err == nil && a.Facts[n.Name].Err == nil {
		return c.value(e, n, a.Facts[n.Name].Values, path)
	}
	switch {
	case a.Err != nil && len(a.Facts) == 0:
	case c.JSON:
		err = e.WriteJSON(answersOf(answers)[0])
	default:
		_, err = io.WriteString(e.Stdout, text(&a, namespaces, e.Columns()))
	}
	return errors.Join(err, failures(answers, namespaces))
}

// value prints what is at a path: a single value alone, what has parts as in the list of all facts.
func (c *showCommand) value(e *console.Console, n *facts.Namespace, values map[string]any, path []string) error {
	v, err := lookup(values, n.Name, path)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(v)
	}
	at := strings.Join(path, ".")
	b := view{columns: e.Columns(), host: c.Host}
	f := n.Field(path[0])
	record, isRecord := v.(map[string]any)
	switch {
	case at == f.Name && f.Form != facts.Plain && size(v) > 0:
		b.entries("", n.Name+"."+at, f, v)
	case at != f.Name && isRecord && len(recordAt(f, values[f.Name], path[1:])) > 0:
		b.record("", n.Name+"."+at, recordAt(f, values[f.Name], path[1:]), record)
	default:
		fmt.Fprintln(&b, ui.Plain(v))
	}
	_, err = io.WriteString(e.Stdout, b.String())
	return err
}

// recordAt gives the fields of the record that a path below a field leads to; nil is that it is no record of the definition.
func recordAt(f *facts.Field, v any, path []string) []facts.Field {
	for n := len(path); n > 0; n-- {
		next, found := part(v, strings.Join(path[:n], "."))
		if !found {
			continue
		}
		if path, v = path[n:], next; len(path) == 0 {
			return f.Fields
		}
		record, _ := v.(map[string]any)
		for i := range f.Fields {
			if inner := &f.Fields[i]; inner.Name == path[0] {
				return recordAt(inner, record[inner.Name], path[1:])
			}
		}
		return nil
	}
	return nil
}

// lookup goes down a path of fields, names of dicts, and names or places in lists. Names may have dots themselves: nginx.service.
func lookup(v any, at string, path []string) (any, error) {
	if len(path) == 0 {
		return v, nil
	}
	for n := len(path); n > 0; n-- {
		name := strings.Join(path[:n], ".")
		if next, found := part(v, name); found {
			return lookup(next, at+"."+name, path[n:])
		}
	}
	d := &diag.Error{Summary: fmt.Sprintf("%s has no %s", at, strings.Join(path, "."))}
	if near := diag.Nearest(path[0], parts(v)); near != "" {
		return nil, d.WithHint("did you mean %s.%s?", at, near)
	}
	if names := parts(v); len(names) > 0 && len(names) <= mostNamed {
		return nil, d.WithHint("it has: %s", strings.Join(names, ", "))
	}
	return nil, d.WithHint("it is %s", shape.Brief(v))
}

// mostNamed is how many names a hint lists.
const mostNamed = 20

// part is what a value has under a name.
func part(v any, name string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		next, found := v[name]
		return next, found
	case []any:
		for i, e := range v {
			if nameOf(e) == name || strconv.Itoa(i) == name {
				return e, true
			}
		}
	}
	return nil, false
}

// parts are the names that a value has.
func parts(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		return slices.Sorted(maps.Keys(v))
	case []any:
		var names []string
		for i, e := range v {
			names = append(names, cmp.Or(nameOf(e), strconv.Itoa(i)))
		}
		return names
	}
	return nil
}

// nameOf is by what a record in a list is told from others, "" where it has no name.
func nameOf(v any) string {
	record, _ := v.(map[string]any)
	for _, field := range []string{"name", "target", "destination"} {
		if name, ok := record[field].(string); ok {
			return name
		}
	}
	return ""
}
