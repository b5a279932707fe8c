package facts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type diffCommand struct {
	Host       string   `arg:"" complete:"hosts" help:"Name of the host."`
	Namespaces []string `arg:"" optional:"" complete:"facts" help:"Namespaces of facts; default: all that were collected."`
	flags.Target
	Detailed bool `name:"detailed-exitcode" help:"Exit with 2 if there are differences."`
	JSON     bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*diffCommand) Help() string {
	return `It asks the host and compares that with what is kept, which it leaves as it is: froyo facts collect keeps anew. What changes all the
time, such as free memory, is left out.

Examples:
  froyo facts diff web1
  froyo facts diff web1 pkg.manifest --json | jq '.changes[].path'`
}

// Run compares the facts.
func (c *diffCommand) Run(ctx context.Context, e *console.Console) (err error) {
	f, err := one(ctx, e, &c.Target, c.Host)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	namespaces, err := f.Namespaces(c.Namespaces)
	if err != nil {
		return err
	}
	before, err := f.Collector.Kept(ctx, f.Hosts[0])
	if err != nil {
		return err
	}
	namespaces = slices.DeleteFunc(slices.Clone(namespaces), func(n *facts.Namespace) bool {
		_, kept := before[n.Name]
		return !kept && len(c.Namespaces) == 0
	})
	for _, n := range namespaces {
		if _, kept := before[n.Name]; !kept {
			err = errors.Join(err, notCollected(n.Name, c.Host))
		}
	}
	if len(namespaces) == 0 {
		err = notCollected("", c.Host)
	}
	if err != nil {
		return err
	}
	f.Collector.Store = nil // what is kept stays
	end := f.Show("asking", f.Hosts)
	answers, err := f.Collector.Collect(ctx, f.Hosts, namespaces, true)
	end()
	if err != nil {
		return err
	}
	return errors.Join(c.print(e, answers[0], before, namespaces), failures(answers, namespaces))
}

// notCollected says that nothing is kept to compare with.
func notCollected(namespace, host string) error {
	what := "facts"
	if namespace != "" {
		what += " " + namespace
		namespace = " " + namespace
	}
	return (&diag.Error{Summary: fmt.Sprintf("no %s of %s were collected, so there is nothing to compare with", what, host)}).
		WithHint("froyo facts collect%s -l %s", namespace, wording.Quote(host))
}

// change is a difference as JSON.
type change struct {
	Path   string `json:"path"`
	Before any    `json:"before,omitempty"`
	After  any    `json:"after,omitempty"`
	Action string `json:"action"` // added, removed, changed
}

func (c *diffCommand) print(e *console.Console, a collect.Answer, before map[string]collect.Fact, namespaces []*facts.Namespace) error {
	changes := []change{}
	for _, n := range namespaces {
		if f, told := a.Facts[n.Name]; told && f.Err == nil {
			changes = append(changes, compare(n, before[n.Name].Values, f.Values)...)
		}
	}
	if c.JSON {
		if err := e.WriteJSON(struct {
			Host    string   `json:"host"`
			Changes []change `json:"changes"`
		}{c.Host, changes}); err != nil {
			return err
		}
	} else if err := c.text(e, changes, a.Err != nil); err != nil {
		return err
	}
	if c.Detailed && len(changes) > 0 {
		return &console.ExitError{Code: diag.Pending}
	}
	return nil
}

func (c *diffCommand) text(e *console.Console, changes []change, unreachable bool) error {
	style := e.Style(e.Stdout)
	var b strings.Builder
	if len(changes) == 0 && !unreachable {
		b.WriteString("No differences.\n")
	}
	for _, ch := range changes {
		color, mark, text := ui.Yellow, "~", fmt.Sprintf("%s: %s → %s", ui.Readable(ch.Path), ui.Plain(ch.Before), ui.Plain(ch.After))
		switch ch.Action {
		case "added":
			color, mark, text = ui.Green, "+", ui.Readable(ch.Path)+short(ch.After)
		case "removed":
			color, mark, text = ui.Red, "-", ui.Readable(ch.Path)+short(ch.Before)
		}
		fmt.Fprintln(&b, style.Wrap(color, mark+" "+text, 0, 4))
	}
	_, err := io.WriteString(e.Stdout, b.String())
	return err
}

// short is a value behind a path; of a record the path says enough.
func short(v any) string {
	if _, record := v.(map[string]any); record {
		return ""
	}
	return ": " + ui.Plain(v)
}

// compare lists how the facts of a namespace differ, without what changes all the time.
func compare(n *facts.Namespace, before, after map[string]any) []change {
	var all []change
	for i := range n.Fields {
		f := &n.Fields[i]
		all = append(all, compareField(f, n.Name+"."+f.Name, before[f.Name], after[f.Name])...)
	}
	return all
}

func compareField(f *facts.Field, at string, before, after any) []change {
	if f.Volatile || reflect.DeepEqual(before, after) {
		return nil
	}
	old, new := entries(before), entries(after)
	if f.Form == facts.Plain || old == nil || new == nil {
		return []change{{at, before, after, "changed"}}
	}
	var all []change
	names := slices.Collect(maps.Keys(old))
	for name := range new {
		if _, both := old[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		was, is := old[name], new[name]
		path := at + "." + name
		switch {
		case was == nil:
			all = append(all, change{path, nil, is, "added"})
		case is == nil:
			all = append(all, change{path, was, nil, "removed"})
		case len(f.Fields) == 0 && !reflect.DeepEqual(was, is):
			all = append(all, change{path, was, is, "changed"})
		default:
			was, _ := was.(map[string]any)
			is, _ := is.(map[string]any)
			for i := range f.Fields {
				field := &f.Fields[i]
				all = append(all, compareField(field, path+"."+field.Name, was[field.Name], is[field.Name])...)
			}
		}
	}
	return all
}

// entries are what a dict or a list of records has, by name; nil for what has none.
func entries(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		named := map[string]any{}
		for i, e := range v {
			name := nameOf(e)
			if record, _ := e.(map[string]any); record["iface"] != nil { // as of routes: one destination by several ways
				name += " dev " + ui.Plain(record["iface"])
			}
			if _, twice := named[name]; name == "" || twice {
				name = fmt.Sprintf("%s[%d]", name, i)
			}
			named[name] = e
		}
		return named
	}
	return nil
}
