package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/run"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Entry is a unit or a tag, and where it is found.
type Entry struct {
	Unit  string    `json:"unit,omitempty"`
	Tag   string    `json:"tag,omitempty"`
	Pos   *diag.Pos `json:"pos,omitempty"`
	Tags  []string  `json:"tags,omitempty"`
	Count int       `json:"count,omitempty"` // of a tag's units, over all hosts
	Hosts []string  `json:"hosts"`
}

// EntriesOf folds the units of a play, or their tags, over the hosts.
func EntriesOf(all []run.Wanted, play int, byTag bool) []*Entry {
	entries := []*Entry{}
	known := map[string]*Entry{}
	add := func(key, host string, e *Entry) {
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
				add(unitKey(u), w.Host.Name, &Entry{Unit: u.ID.Local(), Pos: &u.Pos, Tags: u.Tags})
				continue
			}
			for _, tag := range u.Tags {
				add(tag, w.Host.Name, &Entry{Tag: tag})
			}
		}
	}
	if byTag {
		slices.SortFunc(entries, func(a, b *Entry) int { return cmp.Compare(a.Tag, b.Tag) })
		return entries
	}
	for _, e := range entries {
		e.Count = 0 // one on each host
	}
	var hosts [][]*unit.Unit
	for _, w := range all {
		hosts = append(hosts, slices.Collect(w.Plays[play].All()))
	}
	place := plan.Merge(hosts)
	slices.SortStableFunc(entries, func(a, b *Entry) int { return cmp.Compare(place[a.Unit], place[b.Unit]) })
	return entries
}

// PausesOf folds the pauses of a play over the hosts, in the place of units.
func PausesOf(all []run.Wanted, play int) []*Entry {
	var entries []*Entry
	for _, w := range all {
		if w.Plays[play] == nil {
			continue
		}
		for _, b := range w.Plays[play].Barriers {
			name := "pause[" + b.Name + "]"
			i := slices.IndexFunc(entries, func(e *Entry) bool { return e.Unit == name && *e.Pos == b.Pos })
			switch {
			case !b.Pause:
			case i < 0:
				entries = append(entries, &Entry{Unit: name, Pos: &b.Pos, Hosts: []string{w.Host.Name}})
			default:
				entries[i].Hosts = append(entries[i].Hosts, w.Host.Name)
			}
		}
	}
	return entries
}

// unitKey is equal for units that read the same in a list.
func unitKey(u *unit.Unit) string {
	return strings.Join(append([]string{u.ID.Local(), u.Pos.String()}, u.Tags...), "\x00")
}

// Place is where a unit is declared.
func (e *Entry) Place() string {
	if e.Pos == nil {
		return ""
	}
	return e.Pos.String()
}

// Offline evaluates the runbook for each host without connecting to any, and tells which
// hosts could not be evaluated to the end.
func (l *Loaded) Offline(ctx context.Context) ([]run.Wanted, error) {
	all, err := l.Job.Offline(ctx)
	var partly partly
	for _, w := range all {
		if w.Stopped != nil {
			partly.add(w.Host.Name, w.Stopped)
		}
	}
	partly.tell(l.Console.Stderr)
	return all, err
}

// partly collects hosts that could not be evaluated to the end, by where that was.
type partly struct {
	places []string
	hosts  map[string][]string
	why    map[string]string
}

func (p *partly) add(host string, stopped *diag.Error) {
	if p.hosts == nil {
		p.hosts, p.why = map[string][]string{}, map[string]string{}
	}
	if p.hosts[stopped.Summary] == nil {
		p.places = append(p.places, stopped.Summary)
		p.why[stopped.Summary] = stopped.Detail
	}
	p.hosts[stopped.Summary] = append(p.hosts[stopped.Summary], host)
}

func (p *partly) tell(w io.Writer) {
	for _, place := range p.places {
		why := p.why[place]
		if hosts := p.hosts[place]; len(hosts) > 1 {
			why = "what it needs of these hosts is not known without a connection"
		}
		fmt.Fprintf(w, "%s: %s (%s)\n", ui.Readable(inventory.FoldNames(p.hosts[place])), ui.Readable(place), ui.Readable(why))
	}
}
