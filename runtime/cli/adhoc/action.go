package adhoc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/runbook"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/answers"
	"github.com/openfroyo/froyo/runtime/cli/client"
	cli "github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// action plans, asks for and does an action of the runbook.
func (c *Command) action(ctx context.Context, e *console.Console, name string, w words, types *catalog.Catalog) error {
	a := c.apply()
	a.File, a.PlanAgain = c.Runbook, c.line()+" -C"
	if _, err := os.Stat(client.DefaultRunbook); c.Runbook == "" && errors.Is(err, fs.ErrNotExist) {
		return unknown(name, nil, types.Types())
	}
	if len(w.plain) > 0 {
		return c.unnamed(ctx, e, a, name, w, types)
	}
	call := runbook.Call{Name: name, Args: map[string]any{}}
	for _, arg := range w.named {
		call.Args[arg.name] = arg.value
	}
	return a.RunLoaded(ctx, e, func(ctx context.Context, e *console.Console) (*client.Loaded, error) {
		l, err := client.LoadAction(ctx, e, &a.Planning, call, c.line(), types)
		if no, ok := errors.AsType[*runbook.UnknownAction](err); ok {
			return nil, unknown(name, no.Actions, types.Types())
		}
		return l, err
	})
}

// unnamed says that there is no such action, or that its arguments have names.
func (c *Command) unnamed(ctx context.Context, e *console.Console, a *cli.Apply, name string, w words, types *catalog.Catalog) error {
	actions, err := client.Actions(ctx, e, &a.Planning, types)
	if err != nil {
		return err
	}
	var names []string
	for _, a := range actions {
		names = append(names, a.Name)
	}
	if !slices.Contains(names, name) {
		return unknown(name, names, types.Types())
	}
	return (&diag.Error{Summary: fmt.Sprintf("%q: arguments of an action have names: NAME=VALUE", w.plain[0])}).WithHint("froyo run --list shows what %s takes", name)
}

// unknown says that a name means nothing, and what it may have been.
func unknown(name string, actions []string, types []*schema.Type) error {
	names := append(slices.Clone(actions), shellWord)
	for _, q := range Questions() {
		names = append(names, q.Name)
	}
	for _, t := range types {
		names = append(names, t.Name)
	}
	err := &diag.Error{Summary: fmt.Sprintf("there is no action, resource type or question %s", name)}
	for _, t := range types {
		if how := t.Words[name]; how != "" {
			return err.WithHint("in a runbook it is %s, so try froyo run %s", how, t.Name)
		}
	}
	command := wording.Quote(name)
	if near := diag.Nearest(name, names); near != "" {
		return err.WithHint("did you mean %s? For a command of the hosts: froyo run cmd %s", near, command)
	}
	return err.WithHint("froyo run --list shows what there is; a command of the hosts: froyo run cmd %s", command)
}

// listed is what can be run, as JSON.
type listed struct {
	Name string `json:"name"`
	// Kind is action, question or type.
	Kind   string  `json:"kind"`
	Doc    string  `json:"doc,omitempty"`
	Hosts  string  `json:"hosts,omitempty"`
	Params []param `json:"params,omitempty"`
}

type param struct {
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Default any    `json:"default,omitempty"`
	// Required is that it has to be given.
	Required bool `json:"required,omitempty"`
}

// all is what can be run: actions, questions, types.
func (c *Command) all(ctx context.Context, e *console.Console) (all []listed, err error) {
	types, err := client.Types(ctx, e)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, types.Close(ctx)) }()
	a := c.apply()
	a.File = c.Runbook
	actions, err := client.Actions(ctx, e, &a.Planning, types)
	if err != nil {
		return nil, err
	}
	for _, a := range actions {
		one := listed{Name: a.Name, Kind: "action", Doc: a.Doc, Hosts: a.Selector}
		for _, p := range a.Params {
			one.Params = append(one.Params, param{Name: p.Name, Type: p.Type, Default: p.Default, Required: !p.HasDefault})
		}
		all = append(all, one)
	}
	for _, q := range Questions() {
		one := listed{Name: q.Name, Kind: "question", Doc: q.Doc}
		for _, p := range q.Params {
			one.Params = append(one.Params, param{Name: p.Name, Type: p.Kind, Required: !p.Optional})
		}
		all = append(all, one)
	}
	for _, t := range types.Types() {
		all = append(all, listed{Name: t.Name, Kind: "type", Doc: t.Doc})
	}
	return all, nil
}

// list prints what can be run.
func (c *Command) list(ctx context.Context, e *console.Console) error {
	if len(c.Words) > 0 {
		return (&diag.Error{Summary: fmt.Sprintf("--list lists all that can be run, and %s is given", c.Words[0])}).WithHint("leave one of them out")
	}
	all, err := c.all(ctx, e)
	if err != nil {
		return err
	}
	if c.JSON {
		return e.WriteJSON(all)
	}
	var b strings.Builder
	style := e.Style(e.Stdout)
	for _, part := range []struct{ kind, title string }{
		{"action", "Actions of the runbook"}, {"question", "Questions to hosts, which change nothing"}, {"type", "Resource types"},
	} {
		var rows [][]string
		for _, one := range all {
			if one.Kind == part.kind {
				rows = append(rows, []string{ui.Readable(one.usage()), ui.Readable(first(one.Doc))})
			}
		}
		if len(rows) == 0 {
			continue
		}
		b.WriteString(style.Paint(ui.Bold, part.title+":") + "\n")
		layout.Columns(&b, "  ", rows)
	}
	b.WriteString("froyo run shell is a prompt on many hosts at once\n")
	b.WriteString("froyo docs NAME says more of a type, froyo docs host.NAME of a question\n")
	return e.WriteFitted(b.String())
}

// usage is the name, and of an action its parameters.
func (l listed) usage() string {
	words := []string{l.Name}
	if l.Kind != "action" {
		return l.Name
	}
	for _, p := range l.Params {
		if p.Required {
			words = append(words, p.Name+"=")
			continue
		}
		value, err := json.Marshal(p.Default)
		if err != nil {
			value = nil
		}
		words = append(words, "["+p.Name+"="+strings.Trim(string(value), `"`)+"]")
	}
	return strings.Join(words, " ")
}

// first is the first sentence of a text.
func first(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	for _, end := range []string{". ", ": ", "; "} {
		line, _, _ = strings.Cut(line, end)
	}
	return strings.TrimSuffix(line, ".")
}

// Document writes a page about the actions of the runbook.
func Document(ctx context.Context, e *console.Console) error {
	all, err := (&Command{}).all(ctx, e)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Actions\n\nWhat the runbook declares to be run by name: `froyo run NAME k=v`.\n")
	for _, one := range all {
		if one.Kind != "action" {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n", ui.Readable(one.Name))
		if one.Doc != "" {
			b.WriteString("\n" + answers.Shown(one.Doc) + "\n")
		}
		fmt.Fprintf(&b, "\nHosts: `%s`\n\n", ui.Readable(one.Hosts))
		for _, p := range one.Params {
			fmt.Fprintf(&b, "- `%s`: %s", ui.Readable(p.Name), ui.Readable(p.Type))
			if value, err := json.Marshal(p.Default); err == nil && !p.Required {
				b.WriteString(", default " + ui.Readable(string(value)))
			} else {
				b.WriteString(", has to be given")
			}
			b.WriteString("\n")
		}
	}
	_, err = io.WriteString(e.Stdout, b.String())
	return err
}
