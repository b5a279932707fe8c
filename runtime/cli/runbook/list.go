package runbook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// listFlags ask what would take part, in place of planning.
type listFlags struct {
	ListHosts bool `name:"list-hosts" xor:"list" help:"List the hosts of each play, and do nothing else. Connects nowhere."`
	ListUnits bool `name:"list-units" xor:"list" help:"List the units of each play, and do nothing else. Connects nowhere."`
	ListTags  bool `name:"list-tags" xor:"list" help:"List the tags of each play's units, and do nothing else. Connects nowhere."`
}

func (f *listFlags) lists() bool { return f.ListHosts || f.ListUnits || f.ListTags }

// listed is a play in the answer.
type listed struct {
	Name  string          `json:"name"`
	Hosts []string        `json:"hosts"`
	Units []*client.Entry `json:"units,omitempty"`
	Tags  []*client.Entry `json:"tags,omitempty"`
}

// list prints what would take part, without connecting to any host, and closes the job.
func (f *listFlags) list(ctx context.Context, l *client.Loaded, asJSON bool) (err error) {
	defer func() { err = errors.Join(err, l.Close(ctx)) }()
	plays := make([]*listed, len(l.Job.Plays()))
	for i, name := range l.Job.Plays() {
		plays[i] = &listed{Name: name, Hosts: append([]string{}, l.Job.Selected(i)...)}
	}
	if !f.ListHosts {
		all, err := l.Offline(ctx)
		if err != nil {
			return err
		}
		for i, p := range plays {
			entries := client.EntriesOf(all, i, f.ListTags)
			if f.ListTags {
				p.Tags = entries
			} else {
				p.Units = append(entries, client.PausesOf(all, i)...)
			}
		}
		l.NoteTargets()
	}
	if asJSON {
		return l.Console.WriteJSON(struct {
			Plays []*listed `json:"plays"`
		}{plays})
	}
	return printLists(l.Console.Stdout, plays, f)
}

func printLists(w io.Writer, plays []*listed, f *listFlags) error {
	var b strings.Builder
	for i, p := range plays {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "play %s  on %s\n", ui.PlayName(p.Name), wording.On(p.Hosts))
		var rows [][]string
		switch {
		case f.ListHosts:
			for _, h := range p.Hosts {
				rows = append(rows, []string{h})
			}
		case f.ListTags:
			for _, e := range p.Tags {
				rows = append(rows, []string{ui.Readable(e.Tag), wording.Plural(e.Count, "unit"), "on " + wording.On(e.Hosts)})
			}
		default:
			for _, e := range p.Units {
				about := e.Pos.String()
				if len(e.Tags) > 0 {
					about += "  tags " + ui.Readable(strings.Join(e.Tags, ","))
				}
				if len(e.Hosts) < len(p.Hosts) {
					about += "  on " + wording.On(e.Hosts)
				}
				rows = append(rows, []string{ui.Readable(e.Unit), about})
			}
		}
		layout.Columns(&b, "    ", rows)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// unlisted refuses to write what happens where nothing does.
func unlisted(f *flags.Output) error {
	if f.Into == "" {
		return nil
	}
	return (&diag.Error{Summary: "--json-into and --list-... exclude each other: nothing happens that could be written"}).
		WithHint("--json prints the list as JSON")
}
