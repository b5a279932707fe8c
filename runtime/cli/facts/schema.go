package facts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type schemaCommand struct {
	Namespace string `arg:"" optional:"" complete:"facts" help:"A namespace, to show its fields."`
	JSON      bool   `name:"json" help:"Print JSON Schema on standard output."`
}

// Help gives the command's example.
func (*schemaCommand) Help() string {
	return `The facts of a workspace are in its directory facts: NAME.cue says what they are, and a program of the host or NAME.star tells them.

Examples:
  froyo facts schema
  froyo facts schema hw.disks
  froyo facts schema --json > facts.schema.json`
}

// Run prints the definitions.
func (c *schemaCommand) Run(_ context.Context, e *console.Console) (err error) {
	registry, err := Here(e)
	if err != nil {
		return err
	}
	all := registry.All()
	if c.Namespace != "" {
		n := registry.Lookup(c.Namespace)
		if n == nil {
			return client.NoFacts(registry, c.Namespace)
		}
		all = []*facts.Namespace{n}
	}
	if c.JSON {
		return e.WriteJSON(facts.JSONSchema(all))
	}
	if c.Namespace != "" {
		return c.one(e, all[0])
	}
	rows := [][]string{{"NAMESPACE", "KEPT FOR", "DEADLINE", "TOLD BY", "FIELDS"}}
	for _, n := range all {
		var fields []string
		for i := range n.Fields {
			fields = append(fields, n.Fields[i].Name)
		}
		rows = append(rows, []string{n.Name, duration(n.TTL), duration(n.Deadline), ui.Readable(n.Source()), strings.Join(fields, " ")})
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	return e.WriteFitted(b.String())
}

// Here has the namespaces of the workspace around the current directory.
func Here(e *console.Console) (_ *facts.Registry, err error) {
	w, err := here.Workspace(e)
	if err != nil {
		return nil, err
	}
	root := w.Root
	if root == "" {
		if root, err = os.Getwd(); err != nil {
			return nil, err
		}
	}
	files, err := w.Files(root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	return facts.Read(files)
}

// one prints a namespace.
func (c *schemaCommand) one(e *console.Console, n *facts.Namespace) error {
	var b strings.Builder
	style := e.Style(e.Stdout)
	fmt.Fprintln(&b, n.Name)
	if n.Doc != "" {
		fmt.Fprintln(&b, style.Wrap("", "  "+n.Doc, 0, 2))
	}
	fmt.Fprintln(&b, style.Wrap("", fmt.Sprintf("  On %s. Kept for %s, told by %s within %s.", n.Systems, duration(n.TTL), ui.Readable(n.Source()), duration(n.Deadline)), 0, 2))
	fmt.Fprintln(&b)
	rows := [][]string{}
	fieldRows(&rows, "", n.Fields)
	layout.Columns(&b, "  ", rows)
	return e.WriteFitted(b.String())
}

func fieldRows(rows *[][]string, at string, fields []facts.Field) {
	for i := range fields {
		f := &fields[i]
		*rows = append(*rows, []string{at + f.Name, f.Kind, f.Doc})
		fieldRows(rows, at+f.Name+map[facts.Form]string{facts.List: "[i].", facts.Dict: "[name]."}[f.Form], f.Fields)
	}
}

// duration is a time as definitions write it: 1d, 5m, 10s.
func duration(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}
