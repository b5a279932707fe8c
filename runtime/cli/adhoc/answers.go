package adhoc

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/secret"
	outcome "github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// answers are what programs of units printed, by host. It implements event.Sink.
type answers struct {
	mu    sync.Mutex
	units []string // in the order in which they ended first
	of    map[string]map[string]answer
	// named shows which unit printed it: there may be several.
	named bool
	// order are the hosts, as the inventory has them.
	order []string
}

// answer is what a program printed on a host.
type answer struct {
	output output.Output
	failed bool
}

// prints reports whether what units of a type print is what one asks for with them.
func prints(t *schema.Type) bool {
	return slices.ContainsFunc(t.Outputs, func(f schema.Field) bool { return f.Name == "stdout" })
}

// watch shows the answers above the recap.
func (a *answers) watch(e *console.Console) *runbook.Watch {
	return &runbook.Watch{Sink: a, Show: func() error {
		_, err := io.WriteString(e.Stdout, a.text(e.Style(e.Stdout)))
		return err
	}}
}

// Emit implements event.Sink.
func (a *answers) Emit(e event.Event) {
	if e.Kind != event.UnitFinished || e.Output == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	unit := e.Unit.Local()
	if a.of == nil {
		a.of = map[string]map[string]answer{}
	}
	if a.of[unit] == nil {
		a.units, a.of[unit] = append(a.units, unit), map[string]answer{}
	}
	a.of[unit][e.Host] = answer{output: *e.Output, failed: e.Status == outcome.Failed && !e.Ignored}
}

// text shows the answers, those of a unit that are equal once. Of a unit that is named, and printed nothing anywhere, there is none.
func (a *answers) text(style ui.Style) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	for _, unit := range a.units {
		var g groups
		printed := !a.named
		for _, host := range a.order {
			if of, ok := a.of[unit][host]; ok && !of.failed { // else its error tells it
				g.add(host, textOf(of.output, style))
				printed = printed || of.output.Stdout.Text != "" || of.output.Stderr.Text != ""
			}
		}
		switch {
		case !printed:
		case a.named:
			b.WriteString(style.Wrap(ui.Bold, ui.Readable(unit), 0, 2) + "\n")
			for line := range strings.Lines(g.text(style)) {
				b.WriteString("  " + line)
			}
		default:
			b.WriteString(g.text(style))
		}
	}
	return b.String()
}

// textOf is what a program printed: stderr below stdout, and named.
func textOf(o output.Output, style ui.Style) string {
	if o.Sensitive {
		return style.Paint(ui.Dim, secret.Shown)
	}
	var parts []string
	if o.RC != 0 {
		parts = append(parts, style.Paint(ui.Dim, fmt.Sprintf("exit code %d", o.RC)))
	}
	for _, s := range []struct {
		before string
		output.Stream
	}{{"", o.Stdout}, {"stderr: ", o.Stderr}} {
		if s.Omitted > 0 {
			parts = append(parts, style.Paint(ui.Dim, s.before+"("+wording.Plural(int(s.Omitted), "byte")+" before this are not kept)"))
		}
		if s.Text == "" {
			continue
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(s.Text, "\n"), "\n") {
			parts = append(parts, s.before+ui.Readable(strings.TrimSuffix(line, "\r")))
		}
	}
	if len(parts) == 0 {
		return style.Paint(ui.Dim, "(nothing printed)")
	}
	return strings.Join(parts, "\n")
}

// groups are texts, each with the hosts of which it is.
type groups struct {
	texts []string
	hosts map[string][]string
}

func (g *groups) add(host, text string) {
	if g.hosts == nil {
		g.hosts = map[string][]string{}
	}
	if g.hosts[text] == nil {
		g.texts = append(g.texts, text)
	}
	g.hosts[text] = append(g.hosts[text], host)
}

// text has the texts that most hosts have in common first, then in the order of the hosts.
func (g *groups) text(style ui.Style) string {
	slices.SortStableFunc(g.texts, func(x, y string) int { return len(g.hosts[y]) - len(g.hosts[x]) })
	var b strings.Builder
	for _, text := range g.texts {
		hosts := g.hosts[text]
		names := ui.Readable(inventory.FoldNames(hosts))
		if len(hosts) > 1 {
			names = wording.Plural(len(hosts), "host") + ": " + names
		}
		b.WriteString(style.Wrap(ui.Bold, names, 0, 2) + "\n")
		for line := range strings.SplitSeq(text, "\n") {
			b.WriteString("  " + line + "\n")
		}
	}
	return b.String()
}
