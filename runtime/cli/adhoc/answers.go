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
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/runbook"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
)

// answers are what programs printed, by host. It implements event.Sink.
type answers struct {
	mu   sync.Mutex
	host map[string]answer
	// order are the hosts, as the inventory has them.
	order []string
}

// answer is what a program printed on a host.
type answer struct {
	output output.Output
	failed bool
}

// answersOf watches what units of a type print, nil where that is not what one asks for with them. What was shown live is not shown again.
func answersOf(e *console.Console, t *schema.Type, live bool) (*answers, *runbook.Watch) {
	a := &answers{host: map[string]answer{}}
	if live || !slices.ContainsFunc(t.Outputs, func(f schema.Field) bool { return f.Name == "stdout" }) {
		return a, nil
	}
	return a, &runbook.Watch{Sink: a, Show: func() error {
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
	a.host[e.Host] = answer{output: *e.Output, failed: e.Status == unit.Failed && !e.Ignored}
}

// text shows the answers, those that are equal once.
func (a *answers) text(style ui.Style) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var g groups
	for _, host := range a.order {
		if of, ok := a.host[host]; ok && !of.failed { // else its error tells it
			g.add(host, textOf(of.output, style))
		}
	}
	return g.text(style)
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
