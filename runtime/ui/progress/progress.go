// Package progress shows a run as it goes: on a terminal the hosts at work, rewritten in place, elsewhere
// plain lines.
package progress

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Pace of the live screen: nothing for work that is done at once.
const (
	patience = 300 * time.Millisecond
	refresh  = 100 * time.Millisecond
	// lingers is how long a host stays on the screen between two units.
	lingers = 500 * time.Millisecond
	// notePause is how often a host's notes get a line where there is no screen.
	notePause = 10 * time.Second
)

// maxName bounds the column of the hosts' names.
const maxName = 30

// maxFailures is how many failures get a line of the screen; all of them are told in full at the end.
const maxFailures = 3

// Progress shows a run as it goes: on a terminal the hosts at work and a status
// line, rewritten in place, elsewhere plain lines. It implements event.Sink.
type Progress struct {
	style  ui.Style
	live   bool
	about  about
	hosts  map[string]int // host → its place
	screen screen

	mu       sync.Mutex
	started  time.Time
	working  []*row               // in the order of the hosts
	wide     int                  // the longest name so far
	left     map[string]bool      // hosts that are through
	failed   map[string]bool      // hosts; true where one could not be reached, or not any more
	told     map[string]bool      // lines that need no saying again
	changed  int                  // units
	failures []failure            // on the screen
	noted    map[string]time.Time // host → when it got a line for a note

	asking bool     // a question stands where the frame would
	held   []string // lines that came meanwhile
	closed bool
	stop   chan struct{}
	ended  sync.WaitGroup
}

// about is what is shown: what is going on, in which run, and how much of it.
type about struct {
	verb, run string
	verbose   int
	streamed  map[unit.ID]bool // units whose output was shown as it came
}

// unreachable is the recap's word for a host that was not reached, or lost.
const unreachable = "unreachable"

// failure is that a host failed, as it is told in a line.
type failure struct {
	host, word, text string
	unit             bool // it is one of a unit
}

// Options set a Progress up.
type Options struct {
	Style ui.Style
	// Live draws on a terminal of Size.
	Live bool
	Size func() (columns, rows int)
	// Verb says what is going on: "planning", "applying".
	Verb string
	// Hosts are those that take part, in their order.
	Hosts []string
	// Verbose shows what commands printed that went well: its end, and from 2 on all of it.
	Verbose int
	// Run names the run in advice.
	Run string
}

// New starts showing progress; Close ends it.
func New(out io.Writer, o Options) *Progress {
	p := &Progress{
		style: o.Style, live: o.Live, about: about{o.Verb, o.Run, o.Verbose, map[unit.ID]bool{}}, hosts: map[string]int{}, screen: screen{out: out, size: o.Size},
		started: time.Now(), failed: map[string]bool{}, left: map[string]bool{}, told: map[string]bool{}, noted: map[string]time.Time{}, stop: make(chan struct{}),
	}
	for i, host := range o.Hosts {
		p.hosts[host] = i
	}
	if p.live {
		p.ended.Go(p.tick)
	} else {
		p.ended.Go(p.watch)
	}
	return p
}

// Close takes the screen away: what came of the hosts is told by the recap and the errors. Events that come later are
// dropped.
func (p *Progress) Close() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.erase()
	p.closed = true
}

// Ask lets f ask a question, with nothing written in between.
func (p *Progress) Ask(f func()) {
	p.mu.Lock()
	p.screen.erase()
	p.asking = true
	p.mu.Unlock()
	f()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking = false
	for _, r := range p.working {
		r.since = time.Now() // waiting for the answer was not its work
	}
	for _, line := range p.held {
		p.painted(line)
	}
	p.held = nil
}

// Above lets f write lines of its own, which stay above the screen.
func (p *Progress) Above(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.erase()
	f()
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
			if time.Since(p.started) > patience && !p.asking {
				p.screen.draw(p.style, p.frame())
			}
			p.mu.Unlock()
		}
	}
}

// Emit implements event.Sink.
func (p *Progress) Emit(e event.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	switch e.Kind {
	case event.HostStarted:
		p.at(e.Host, "connecting").stage = true
	case event.HostReached:
		p.at(e.Host, "reading").stage = true
	case event.HostPlanned, event.HostFinished, event.HostFailed:
		p.leave(e)
	case event.HostRefused:
		p.failure(failure{host: e.Host, word: "refused", text: inLine(e.Err)})
	case event.HostWarned:
		told := diag.Of(e.Err)
		text := ui.Readable(told.Summary)
		if at := e.Pos.String(); at != "" {
			text = ui.Readable(at) + ": " + text
		}
		p.once(ui.Yellow, fmt.Sprintf("%s  warning  %s", e.Host, text))
		if told.Hint != "" {
			p.once("", "  hint: "+ui.Readable(told.Hint))
		}
	case event.HostWaits:
		p.waits(e)
	case event.UnitStarted:
		r := p.at(e.Host, e.Unit.Local())
		if !slices.Contains(r.units, r.doing) { // or it is tried again
			r.units = append(r.units, r.doing)
		}
	case event.UnitNoted:
		p.note(e)
	case event.UnitOutput:
		p.output(e)
	case event.UnitFinished:
		p.unit(e)
	case event.Printed:
		p.line("", Printed(e.Pos, e.Host, e.Text))
	case event.RunStarted, event.RunFinished:
	}
}

// leave takes a host off the screen.
func (p *Progress) leave(e event.Event) {
	p.working = slices.DeleteFunc(p.working, func(r *row) bool { return r.host == e.Host })
	p.left[e.Host] = true
	if e.Err == nil || diag.CodeOf(e.Err) == diag.Interrupted { // which is no failure of the host's
		return
	}
	word := "failed"
	if e.Unreachable {
		word = unreachable
	}
	if e.Kind == event.HostFailed {
		p.failure(failure{host: e.Host, word: word, text: inLine(e.Err)})
	}
	p.failed[e.Host] = p.failed[e.Host] || e.Unreachable
}

// waits shows what a host waits for of others: at a barrier, or before a unit.
func (p *Progress) waits(e event.Event) {
	if e.Unit.Type == "" {
		p.at(e.Host, e.Text)
		return
	}
	p.at(e.Host, e.Unit.Local()).note = e.Text
}

// note shows what a unit waits for.
func (p *Progress) note(e event.Event) {
	name := ""
	if e.Unit.Type != "" { // else it is the runbook that asked
		name = ui.Readable(e.Unit.Local())
	}
	if !p.live {
		if now := time.Now(); now.Sub(p.noted[e.Host]) >= notePause {
			p.noted[e.Host] = now
			p.line("", strings.Join(slices.DeleteFunc([]string{e.Host, "noted  ", ui.Clip(name, 100), ui.Readable(e.Text)}, isEmpty), "  "))
		}
		if r := p.row(e.Host); r != nil {
			if r.doing != e.Unit.Local() && name != "" {
				name += ": "
			} else {
				name = ""
			}
			r.note = name + e.Text
		}
		return
	}
	if name == "" {
		if r := p.row(e.Host); r != nil {
			r.note = e.Text
		}
		return
	}
	r := p.row(e.Host)
	if r == nil || r.doing != e.Unit.Local() {
		r = p.at(e.Host, e.Unit.Local())
	}
	r.note = e.Text
}

func isEmpty(s string) bool { return s == "" }

// unit notes that a unit has ended, and reports it where it is worth a line.
func (p *Progress) unit(e event.Event) {
	if r := p.row(e.Host); r != nil {
		r.units = slices.DeleteFunc(r.units, func(u string) bool { return u == e.Unit.Local() })
		switch left := len(r.units); {
		case r.doing != e.Unit.Local():
		case left > 0:
			r.doing, r.note = r.units[left-1], ""
		default:
			r.idle = time.Now()
		}
	}
	text := ui.Clip(ui.Readable(e.Unit.Local()), 100)
	if e.Err != nil {
		text += "  " + inLine(e.Err)
	}
	if e.Reason != "" {
		text += "  (" + ui.Readable(e.Reason) + ")"
	}
	if e.Elapsed >= time.Second {
		text += fmt.Sprintf("  %.1fs", e.Elapsed.Seconds())
	}
	line := fmt.Sprintf("%s  %-7s  %s", e.Host, e.Status, text)
	switch e.Status {
	case unit.Changed:
		p.changed++
		if !p.live || len(p.hosts) == 1 || p.about.verbose > 0 && e.Output != nil {
			p.line(ui.Yellow, line)
		}
	case unit.Failed:
		if e.Ignored {
			p.once(ui.Yellow, line+"  (ignored)")
			break
		}
		p.failure(failure{e.Host, string(e.Status), text, true})
	case unit.Unchanged:
		if p.about.verbose > 0 && e.Output != nil {
			p.line("", line)
		}
	case unit.Skipped:
	}
	p.printed(e)
}

// failure tells that a host failed: in a line that stays where each unit has one, else on a screen in one that goes with
// it, since the end tells it in full.
func (p *Progress) failure(f failure) {
	if !p.failed[f.host] {
		p.failed[f.host] = false
	}
	if p.live && (len(p.hosts) > 1 || !f.unit) {
		p.failures = append(p.failures, f)
		p.wide = max(p.wide, min(layout.Width(f.host), maxName))
		return
	}
	p.line(ui.Red, fmt.Sprintf("%s  %-7s  %s", f.host, f.word, f.text))
}

// Stop prints a line that stays, and shows from now on that the run is to end.
func (p *Progress) Stop(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.about.verb = "stopping"
	if !p.closed {
		p.line("", text)
	}
}

// once prints a line; on a screen one that many hosts print alike is printed once.
func (p *Progress) once(color, text string) {
	if !p.live || !p.told[text] {
		p.line(color, text)
	}
	p.told[text] = true
}

// Printed is the line of a runbook's print: its place, the host for which it was evaluated, if any, and the text.
func Printed(pos diag.Pos, host, text string) string {
	line := ui.Readable(pos.String()) + ": "
	if host != "" {
		line += ui.Readable(host) + ": "
	}
	return line + ui.Readable(text)
}

// line prints a line that stays, wrapped where it is on a terminal.
func (p *Progress) line(color, text string) {
	p.painted(p.wrapping().Wrap(color, text, 0, lineIndent))
}

// wrapping is the style of lines that stay. The terminal may have been resized since the last.
func (p *Progress) wrapping() ui.Style {
	style := p.style
	if p.live || style.Columns > 0 {
		style.Columns, _ = p.screen.size()
	}
	return style
}

// lineIndent is of a line that was wrapped.
const lineIndent = 4

func (p *Progress) painted(text string) {
	switch {
	case p.asking:
		p.held = append(p.held, text)
	case !p.live:
		fmt.Fprintln(p.screen.out, text)
	case time.Since(p.started) > patience:
		p.screen.above(text, p.style, p.frame())
	default:
		fmt.Fprintln(p.screen.out, text)
	}
}

// inLine is an error in the few words that fit into a line.
func inLine(err error) string {
	if e, ok := errors.AsType[*target.Error](err); ok {
		return ui.Clip(ui.Readable(e.Message), 100)
	}
	return ui.Clip(ui.Readable(diag.Of(err).Summary), 100)
}
