package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	templates "github.com/openfroyo/froyo/builtins/jinja/reference"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/runtime/cli/adhoc"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/pages"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

type docsCommand struct {
	Page string `arg:"" optional:"" placeholder:"PAGE|NAME" default:"reference" complete:"pages" help:"reference: resource types, facts and the language (default). events: the lines of --json and --json-into. templates: the language of templates, its filters, tests and lookups. std: the modules of @std. systems: what works on which systems. vars: variables, with those that vars.cue declares. actions: what site.star declares for froyo run. Or the name of one thing: file, handler, os.basic, host.read."`
}

// Help gives the command's example.
func (*docsCommand) Help() string {
	return `Examples:
  froyo docs file
  froyo docs host.query
  froyo docs vars
  froyo docs systems
  froyo docs >docs/reference.md
  froyo docs events >docs/events.md
  froyo docs templates >docs/templates.md`
}

// Run prints a page that is made from schemas and code, or the section about one name.
func (c *docsCommand) Run(ctx context.Context, e *console.Console) error {
	if c.Page == "events" {
		return event.Reference(e.Stdout)
	}
	if c.Page == "actions" {
		return adhoc.Document(ctx, e)
	}
	if c.Page == "templates" {
		return templates.Write(e.Stdout)
	}
	var page strings.Builder
	if err := pages.Write(ctx, &page); err != nil {
		return err
	}
	text := page.String()
	if c.Page != "reference" {
		var err error
		if text, err = pages.Section(text, c.Page); err != nil {
			return err
		}
	}
	if c.Page == "vars" {
		more, err := declaredText(e)
		if err != nil {
			return err
		}
		text += more
	}
	_, err := io.WriteString(e.Stdout, text)
	return err
}

// declaredText lists the variables that are declared for runbooks of the current directory.
func declaredText(e *console.Console) (string, error) {
	w, err := here.Workspace(e)
	if err != nil {
		return "", err
	}
	d, err := here.Declared(w)
	if d == nil || err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Variables declared in %s\n", ui.Readable(d.File))
	for _, v := range d.All() {
		fmt.Fprintf(&b, "\n- `%s`: %s", ui.Readable(v.Name), ui.Readable(v.Type))
		switch {
		case v.HasDefault && v.Sensitive:
			b.WriteString(", has a default")
		case v.HasDefault:
			text, err := json.Marshal(v.Default)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, ", default %s", ui.Readable(string(text)))
		case v.Required:
			b.WriteString(", has to be set")
		case v.Optional:
			b.WriteString(", may be missing")
		default:
			b.WriteString(", computed from others")
		}
		if v.Sensitive {
			b.WriteString(", sensitive")
		}
		b.WriteString("\n")
		for line := range strings.Lines(v.Doc) {
			fmt.Fprintf(&b, "  %s\n", ui.Readable(strings.TrimSuffix(line, "\n")))
		}
	}
	return b.String(), nil
}
