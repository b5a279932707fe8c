package progress

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
)

// What -v shows of each stream of a unit: its end.
const (
	endBytes = 4 << 10
	endLines = 20
)

// printed shows what the programs of a unit printed that went well, under its line. Of one that failed the error
// shows the end, and it is told in full at the end of the run.
func (p *Progress) printed(e event.Event) {
	o := e.Output
	if p.about.streamed[e.Unit] {
		delete(p.about.streamed, e.Unit) // it may run once more
		return
	}
	if p.about.verbose == 0 || o == nil || e.Status == unit.Failed && !e.Ignored {
		return
	}
	if o.Sensitive {
		p.line(ui.Dim, fmt.Sprintf("  %s | %s", e.Host, secret.Shown))
		return
	}
	p.stream(e, "", o.Stdout)
	p.stream(e, " stderr", o.Stderr)
}

// output shows lines that a unit's program has just printed.
func (p *Progress) output(e event.Event) {
	p.about.streamed[e.Unit] = true
	before := e.Host + " " + ui.Clip(ui.Readable(e.Unit.Local()), 40)
	if e.Stream == "stderr" {
		before += " stderr"
	}
	for line := range strings.SplitSeq(e.Text, "\n") {
		p.line("", before+" | "+ui.Readable(line))
	}
}

// stream shows one of a unit's streams, or its end.
func (p *Progress) stream(e event.Event, name string, s output.Stream) {
	before := "  " + e.Host + name + " | "
	shown := s
	if p.about.verbose == 1 {
		shown = s.Tail(endBytes, endLines)
	}
	if shown.Omitted > 0 {
		text := wording.Plural(int(shown.Omitted), "byte") + " before this"
		if shown.Omitted > s.Omitted && p.about.run != "" {
			text += ": froyo runs show " + p.about.run + " " + wording.Quote(e.Unit.Local())
		} else {
			text += " are not kept"
		}
		p.line(ui.Dim, before+"("+text+")")
	}
	if shown.Text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(shown.Text, "\n"), "\n") {
		p.line("", before+ui.Readable(strings.TrimSuffix(line, "\r")))
	}
}
