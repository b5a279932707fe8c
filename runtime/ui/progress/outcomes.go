package progress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// maxOutcomes bounds the lines between a run and its recap.
const maxOutcomes = 4

// outcomes keeps what came of each host, to be folded where it is the same on many.
type outcomes struct {
	hosts []string
	of    map[string]*outcome
}

// outcome is what came of a host.
type outcome struct {
	changed, skipped int
	failed           string // unit
}

func (o *outcomes) add(e event.Event) {
	if o.of == nil {
		o.of = map[string]*outcome{}
	}
	out := o.of[e.Host]
	if out == nil {
		out = &outcome{}
		o.of[e.Host] = out
		o.hosts = append(o.hosts, e.Host)
	}
	switch e.Status {
	case unit.Changed:
		out.changed++
	case unit.Failed:
		if !e.Ignored {
			out.failed = e.Unit.Local()
		}
	case unit.Skipped:
		out.skipped++
	case unit.Unchanged:
	}
}

// String says what came of a host, or "" where that is not worth a line.
func (o *outcome) String() string {
	var parts []string
	if o.changed > 0 {
		parts = append(parts, fmt.Sprintf("%d changed", o.changed))
	}
	if o.failed != "" {
		parts = append(parts, ui.Clip(ui.Readable(o.failed), 60)+" failed")
		if o.skipped > 0 {
			parts = append(parts, fmt.Sprintf("%d not reached", o.skipped))
		}
	}
	return strings.Join(parts, ", ")
}

// lines tells what came of the hosts, those with the same outcome in one line.
func (o *outcomes) lines(style ui.Style, place map[string]int) []string {
	slices.SortFunc(o.hosts, func(a, b string) int { return place[a] - place[b] })
	var order []string
	hosts := map[string][]string{}
	for _, name := range o.hosts {
		text := o.of[name].String()
		if text == "" {
			continue
		}
		if hosts[text] == nil {
			order = append(order, text)
		}
		hosts[text] = append(hosts[text], name)
	}
	slices.SortStableFunc(order, func(a, b string) int { return len(hosts[b]) - len(hosts[a]) })
	var lines []string
	for i, text := range order {
		if i == maxOutcomes-1 && len(order) > maxOutcomes {
			return append(lines, style.Paint(ui.Dim, fmt.Sprintf("… and %s that ended otherwise", wording.Plural(rest(order[i:], hosts), "host"))))
		}
		color := ui.Yellow
		if o.of[hosts[text][0]].failed != "" {
			color = ui.Red
		}
		on := wording.On(hosts[text])
		lines = append(lines, on+style.After(color, text, layout.Width(on), lineIndent))
	}
	return lines
}

func rest(order []string, hosts map[string][]string) int {
	n := 0
	for _, text := range order {
		n += len(hosts[text])
	}
	return n
}
