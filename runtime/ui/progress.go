package ui

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
)

// Pace of the live line on a terminal: nothing for work that is done at once.
const (
	patience = 300 * time.Millisecond
	refresh  = 100 * time.Millisecond
)

// fewHosts is up to how many hosts a terminal shows every change on a line of its own.
const fewHosts = 5

// Progress shows a run as it goes: one live line on a terminal, plain lines
// elsewhere. It implements event.Sink.
type Progress struct {
	out   io.Writer
	style Style
	live  bool
	width func() int
	verb  string

	mu      sync.Mutex
	started time.Time
	hosts   int
	done    int
	changed int
	failed  int
	current map[string]string // host → what it is doing
	drawn   bool
	stop    chan struct{}
	stopped sync.WaitGroup
}

// ProgressOptions sets a Progress up.
type ProgressOptions struct {
	Style Style
	// Live draws a line that is rewritten; Width gives the terminal's columns.
	Live  bool
	Width func() int
	// Verb says what is going on: "planning", "applying".
	Verb string
	// Hosts is how many take part.
	Hosts int
}

// NewProgress starts showing progress; Close ends it.
func NewProgress(out io.Writer, o ProgressOptions) *Progress {
	p := &Progress{
		out: out, style: o.Style, live: o.Live, width: o.Width, verb: o.Verb, hosts: o.Hosts,
		started: time.Now(), current: map[string]string{}, stop: make(chan struct{}),
	}
	if p.live {
		p.stopped.Go(p.tick)
	}
	return p
}

// Close removes the live line.
func (p *Progress) Close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *Progress) tick() {
	t := time.NewTicker(refresh)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			if time.Since(p.started) > patience {
				p.erase()
				p.draw()
			}
			p.mu.Unlock()
		}
	}
}

// Emit implements event.Sink.
func (p *Progress) Emit(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case event.HostStarted:
		p.current[e.Host] = "connecting"
	case event.HostPlanned, event.HostFinished:
		delete(p.current, e.Host)
		p.done++
	case event.HostFailed:
		delete(p.current, e.Host)
		p.done++
		p.failed++
	case event.UnitStarted:
		p.current[e.Host] = e.Unit.Local()
	case event.UnitFinished:
		p.unit(e)
	case event.Printed:
		p.line(fmt.Sprintf("%s: %s", e.Pos, Readable(e.Text)))
	case event.RunStarted, event.RunFinished:
	}
}

// unit reports a unit's turn where it is worth a line.
func (p *Progress) unit(e event.Event) {
	var color string
	switch e.Status {
	case unit.Changed:
		p.changed++
		color = yellow
		if p.live && p.hosts > fewHosts {
			return
		}
	case unit.Failed:
		p.failed++
		color = red
	case unit.Skipped, unit.Unchanged:
		return
	}
	text := fmt.Sprintf("%s  %-7s  %s", e.Host, e.Status, clip(Readable(e.Unit.Local()), 100))
	if e.Reason != "" {
		text += "  (" + Readable(e.Reason) + ")"
	}
	if e.Elapsed >= time.Second {
		text += fmt.Sprintf("  %.1fs", e.Elapsed.Seconds())
	}
	p.line(p.style.paint(color, text))
}

// line prints a line above the live one.
func (p *Progress) line(text string) {
	p.erase()
	fmt.Fprintln(p.out, text)
}

func (p *Progress) erase() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// draw writes the live line: how far the run is, and the host that is at work.
func (p *Progress) draw() {
	text := fmt.Sprintf("%s  %d/%d hosts", p.verb, min(p.done, p.hosts), p.hosts)
	if p.changed > 0 {
		text += fmt.Sprintf("  %d changed", p.changed)
	}
	if p.failed > 0 {
		text += fmt.Sprintf("  %d failed", p.failed)
	}
	text += fmt.Sprintf("  %ds", int(time.Since(p.started).Seconds()))
	if names := slices.Sorted(maps.Keys(p.current)); len(names) > 0 {
		text += "  " + names[0] + " " + Readable(p.current[names[0]])
		if len(names) > 1 {
			text += fmt.Sprintf(" and %d more", len(names)-1)
		}
	}
	fmt.Fprint(p.out, p.style.paint(dim, clip(strings.ReplaceAll(text, "\n", " "), max(20, p.width()-1))))
	p.drawn = true
}
