package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runtime/ui"
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
	Name  string       `json:"name"`
	Hosts []string     `json:"hosts"`
	Units []*listEntry `json:"units,omitempty"`
	Tags  []*listEntry `json:"tags,omitempty"`
}

// listEntry is a unit or a tag, and where it is found.
type listEntry struct {
	Unit  string    `json:"unit,omitempty"`
	Tag   string    `json:"tag,omitempty"`
	Pos   *diag.Pos `json:"pos,omitempty"`
	Tags  []string  `json:"tags,omitempty"`
	Count int       `json:"count,omitempty"` // of a tag's units, over all hosts
	Hosts []string  `json:"hosts"`
}

// list prints what would take part, without connecting to any host.
func (j *job) list(ctx context.Context, f *listFlags, asJSON bool) (err error) {
	defer func() { err = errors.Join(err, j.packages.close(ctx), j.dir.Close()) }()
	plays := make([]*listed, len(j.selection.names))
	for i, name := range j.selection.names {
		plays[i] = &listed{Name: name, Hosts: append([]string{}, j.selection.byPlay[i]...)}
	}
	if !f.ListHosts {
		all, err := j.offline(ctx)
		if err != nil {
			return err
		}
		for i, p := range plays {
			entries := entriesOf(all, i, f.ListTags)
			if f.ListTags {
				p.Tags = entries
			} else {
				p.Units = entries
			}
		}
		j.noteTargets()
	}
	if asJSON {
		return writeJSON(j.env.Stdout, struct {
			Plays []*listed `json:"plays"`
		}{plays})
	}
	return printLists(j.env.Stdout, plays, f)
}

// entriesOf folds the units of a play, or their tags, over the hosts.
func entriesOf(all []wanted, play int, byTag bool) []*listEntry {
	entries := []*listEntry{}
	known := map[string]*listEntry{}
	add := func(key, host string, e *listEntry) {
		if known[key] == nil {
			known[key] = e
			entries = append(entries, e)
		}
		e = known[key]
		e.Count++
		if !slices.Contains(e.Hosts, host) {
			e.Hosts = append(e.Hosts, host)
		}
	}
	for _, w := range all {
		for u := range w.Plays[play].All() {
			if !byTag {
				add(unitKey(u), w.host.Name, &listEntry{Unit: u.ID.Local(), Pos: &u.Pos, Tags: u.Tags})
				continue
			}
			for _, tag := range u.Tags {
				add(tag, w.host.Name, &listEntry{Tag: tag})
			}
		}
	}
	if byTag {
		slices.SortFunc(entries, func(a, b *listEntry) int { return cmp.Compare(a.Tag, b.Tag) })
		return entries
	}
	for _, e := range entries {
		e.Count = 0 // one on each host
	}
	return entries
}

// unitKey is equal for units that read the same in a list.
func unitKey(u *unit.Unit) string {
	return strings.Join(append([]string{u.ID.Local(), u.Pos.String()}, u.Tags...), "\x00")
}

func printLists(w io.Writer, plays []*listed, f *listFlags) error {
	var b strings.Builder
	for i, p := range plays {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "play %s  on %s\n", ui.PlayName(p.Name), ui.On(p.Hosts))
		var rows [][]string
		switch {
		case f.ListHosts:
			for _, h := range p.Hosts {
				rows = append(rows, []string{h})
			}
		case f.ListTags:
			for _, e := range p.Tags {
				rows = append(rows, []string{ui.Readable(e.Tag), ui.Plural(e.Count, "unit"), "on " + ui.On(e.Hosts)})
			}
		default:
			for _, e := range p.Units {
				about := e.Pos.String()
				if len(e.Tags) > 0 {
					about += "  tags " + ui.Readable(strings.Join(e.Tags, ","))
				}
				if len(e.Hosts) < len(p.Hosts) {
					about += "  on " + ui.On(e.Hosts)
				}
				rows = append(rows, []string{ui.Readable(e.Unit), about})
			}
		}
		ui.Columns(&b, "    ", rows)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeJSON prints a value to be read by people and programs alike.
func writeJSON(w io.Writer, v any) error {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(dial.EscapeJSON([]byte(text.String())))
	return err
}

// hostNames are the names of hosts, in their order.
func hostNames(hosts []*inventory.Host) []string {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return names
}
