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
	"github.com/openfroyo/froyo/engine/wording"
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

// maxFailures is how many failures get a line of their own above the screen;
// all of them are told in full at the end.
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
	working  []*row          // in the order of the hosts
	wide     int             // the longest name so far
	left     map[string]bool // hosts that are through
	failed   map[string]bool // hosts; true where one could not be reached, or not any more
	told     map[string]bool // lines that need no saying again
	count    counts
	outcomes outcomes
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

// counts are of units.
type counts struct {
	changed  int
	failures int // that have got their line
}

// row is a host at work.
type row struct {
	host, doing, note string
	since             time.Time
	idle              time.Time // zero while it is at work
	told              int       // lines that said that it is slow
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

// Close takes the screen away and leaves what is worth remembering. Events that come later are dropped.
func (p *Progress) Close() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.screen.erase()
	p.closed = true
	if p.live && len(p.hosts) > 1 {
		for _, line := range p.outcomes.lines(p.wrapping(), p.hosts) {
			fmt.Fprintln(p.screen.out, line)
		}
	}
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

// slow is after which times at one thing a host gets a line where there is no
// screen; after the last, it gets one each time that long has passed.
var slow = []time.Duration{2 * time.Second, 10 * time.Second, time.Minute}

// watch names hosts that are slow, while they are.
func (p *Progress) watch() {
	t := time.NewTicker(slow[0] / 4)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			for _, r := range p.working {
				if now := time.Now(); r.idle.IsZero() && now.Sub(r.since) >= r.due() {
					r.told++
					p.line("", fmt.Sprintf("%s  slow     %s  %s", r.host, r.text(), elapsed(now.Sub(r.since))))
				}
			}
			p.mu.Unlock()
		}
	}
}

// due is how long the host may be at it before the next line.
func (r *row) due() time.Duration {
	if last := len(slow) - 1; r.told > last {
		return slow[last] * time.Duration(r.told-last+1)
	}
	return slow[r.told]
}

// text is what the host does.
func (r *row) text() string {
	if r.note != "" {
		return ui.Readable(r.doing) + ": " + ui.Readable(r.note)
	}
	return ui.Readable(r.doing)
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
		p.at(e.Host, "connecting")
	case event.HostReached:
		p.at(e.Host, "reading")
	case event.HostPlanned, event.HostFinished, event.HostFailed:
		p.leave(e)
	case event.HostRefused:
		p.failure(e.Host, fmt.Sprintf("%s  refused  %s", e.Host, inLine(e.Err)))
	case event.HostWaits:
		p.waits(e)
	case event.UnitStarted:
		p.at(e.Host, e.Unit.Local())
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

// at notes what a host does from now on.
func (p *Progress) at(host, doing string) *row {
	r := p.row(host)
	if r == nil {
		r = &row{host: host}
		at, _ := slices.BinarySearchFunc(p.working, host, func(r *row, host string) int { return p.hosts[r.host] - p.hosts[host] })
		p.working = slices.Insert(p.working, at, r)
		p.wide = max(p.wide, min(layout.Width(host), maxName))
	}
	r.doing, r.note, r.since, r.idle, r.told = doing, "", time.Now(), time.Time{}, 0
	return r
}

func (p *Progress) row(host string) *row {
	if i := slices.IndexFunc(p.working, func(r *row) bool { return r.host == host }); i >= 0 {
		return p.working[i]
	}
	return nil
}

// leave takes a host off the screen.
func (p *Progress) leave(e event.Event) {
	p.working = slices.DeleteFunc(p.working, func(r *row) bool { return r.host == e.Host })
	p.left[e.Host] = true
	if e.Err == nil {
		return
	}
	word := "failed "
	if e.Unreachable {
		word = unreachable
	}
	if e.Kind == event.HostFailed {
		p.failure(e.Host, fmt.Sprintf("%s  %s  %s", e.Host, word, inLine(e.Err)))
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
			r.note = strings.TrimPrefix(name+": "+e.Text, ": ")
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
	if r := p.row(e.Host); r != nil && r.doing == e.Unit.Local() {
		r.idle = time.Now()
	}
	p.outcomes.add(e)
	text := fmt.Sprintf("%s  %-7s  %s", e.Host, e.Status, ui.Clip(ui.Readable(e.Unit.Local()), 100))
	if e.Err != nil {
		text += "  " + inLine(e.Err)
	}
	if e.Reason != "" {
		text += "  (" + ui.Readable(e.Reason) + ")"
	}
	if e.Elapsed >= time.Second {
		text += fmt.Sprintf("  %.1fs", e.Elapsed.Seconds())
	}
	switch e.Status {
	case unit.Changed:
		p.count.changed++
		if !p.live || len(p.hosts) == 1 || p.about.verbose > 0 && e.Output != nil {
			p.line(ui.Yellow, text)
		}
	case unit.Failed:
		if e.Ignored {
			p.once(ui.Yellow, text+"  (ignored)")
			break
		}
		p.failure(e.Host, text)
	case unit.Unchanged:
		if p.about.verbose > 0 && e.Output != nil {
			p.line("", text)
		}
	case unit.Skipped:
	}
	p.printed(e)
}

// failure gives a host that failed its line. On a screen only the first few get one.
func (p *Progress) failure(host, text string) {
	if !p.failed[host] {
		p.failed[host] = false
	}
	if p.count.failures++; !p.live || p.count.failures <= maxFailures {
		p.line(ui.Red, text)
	}
}

// Note prints a line that stays, of the run as a whole.
func (p *Progress) Note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
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

// frame is the screen as it shall be: the hosts at work, as many as there is
// room for, and the status.
func (p *Progress) frame() [][]span {
	_, height := p.screen.size()
	now := time.Now()
	var rows []*row
	for _, r := range p.working {
		if r.idle.IsZero() || now.Sub(r.idle) < lingers {
			rows = append(rows, r)
		}
	}
	over := 0
	if room := max(0, height-2); len(rows) > room {
		room = max(0, room-1) // for the line that counts the others
		rows, over = longestAt(rows, room), len(rows)-room
	}
	var lines [][]span
	for _, r := range rows {
		lines = append(lines, r.line(p.wide, now))
	}
	if over > 0 && height > 2 {
		lines = append(lines, []span{{ui.Dim, fmt.Sprintf("  … and %d more", over)}})
	}
	return append(lines, p.status(now))
}

// longestAt picks the n hosts that have been at what they do the longest, in their order.
func longestAt(rows []*row, n int) []*row {
	oldest := slices.Clone(rows)
	slices.SortStableFunc(oldest, func(a, b *row) int { return a.since.Compare(b.since) })
	oldest = oldest[:n]
	return slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return !slices.Contains(oldest, r) })
}

// line is a host's line: its name, how long it has been at it, and what that is.
func (r *row) line(names int, now time.Time) []span {
	name := layout.Fit(r.host, names)
	text := r.text()
	return []span{
		{"", "  " + name + strings.Repeat(" ", names-layout.Width(name)) + "  "},
		{ui.Dim, fmt.Sprintf("%5s  ", elapsed(now.Sub(r.since)))},
		{"", strings.ReplaceAll(text, "\n", " ")},
	}
}

// status is how far the run is.
func (p *Progress) status(now time.Time) []span {
	spans := []span{{ui.Bold, p.about.verb}, {"", fmt.Sprintf("  %d/%s", min(len(p.left), len(p.hosts)), wording.Plural(len(p.hosts), "host"))}}
	if p.count.changed > 0 {
		spans = append(spans, span{ui.Yellow, fmt.Sprintf("  %d changed", p.count.changed)})
	}
	lost := 0
	for _, isLost := range p.failed {
		if isLost {
			lost++
		}
	}
	if n := len(p.failed) - lost; n > 0 {
		spans = append(spans, span{ui.Red, fmt.Sprintf("  %d failed", n)})
	}
	if lost > 0 {
		spans = append(spans, span{ui.Red, fmt.Sprintf("  %d %s", lost, unreachable)})
	}
	return append(spans, span{ui.Dim, "  " + elapsed(now.Sub(p.started))})
}

// elapsed is a time as one reads it at a glance; less than a second is nothing.
func elapsed(d time.Duration) string {
	switch s := int(d.Seconds()); {
	case s < 1:
		return ""
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
}

// inLine is an error in the few words that fit into a line.
func inLine(err error) string {
	if e, ok := errors.AsType[*target.Error](err); ok {
		return ui.Clip(ui.Readable(e.Message), 100)
	}
	return ui.Clip(ui.Readable(diag.Of(err).Summary), 100)
}
