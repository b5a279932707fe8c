// Package answers shows what hosts answer: what programs printed, and values, once where they are equal.
//
// It imports engine/event, engine/inventory, engine/output, engine/secret and runtime/ui.
package answers

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/secret"
	outcome "github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
)

// Answers are what programs of units printed, by host. It implements event.Sink.
type Answers struct {
	// Named shows which unit printed it: there may be several.
	Named bool
	// Order are the hosts, as they are shown.
	Order []string
	// Prints reports whether what units of a type print is what one asks for with them.
	Prints func(typ string) bool

	mu    sync.Mutex
	units []string // in the order in which they ended first
	of    map[string]map[string]answer
}

// answer is what a program printed on a host.
type answer struct {
	output output.Output
	failed bool
}

// prints reports whether what units of a type print is what one asks for with them.
func prints(t *schema.Type) bool {
	return t != nil && slices.ContainsFunc(t.Outputs, func(f schema.Field) bool { return f.Name == "stdout" })
}

// Emit implements event.Sink.
func (a *Answers) Emit(e event.Event) {
	if e.Kind != event.UnitFinished || e.Output == nil || !a.Prints(e.Unit.Type) {
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

// Text shows the answers, those of a unit that are equal once. Of a unit that is named, and printed nothing anywhere, there is none.
func (a *Answers) Text(style ui.Style) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	for _, unit := range a.units {
		var g Groups
		printed := !a.Named
		for _, host := range a.Order {
			if of, ok := a.of[unit][host]; ok && !of.failed { // else its error tells it
				g.Add(host, Printed(of.output, style))
				printed = printed || of.output.Stdout.Text != "" || of.output.Stderr.Text != ""
			}
		}
		switch {
		case !printed:
		case a.Named:
			b.WriteString(style.Wrap(ui.Bold, ui.Readable(unit), 0, 2) + "\n")
			for line := range strings.Lines(g.Text(style)) {
				b.WriteString("  " + line)
			}
		default:
			b.WriteString(g.Text(style))
		}
	}
	return b.String()
}

// Printed is what a program printed: stderr below stdout, and named.
func Printed(o output.Output, style ui.Style) string {
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
