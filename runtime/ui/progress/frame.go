package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// frame is the screen as it shall be: the first failures, the hosts at work, as many as there is room for, and the
// status.
func (p *Progress) frame() [][]span {
	_, height := p.screen.size()
	now := time.Now()
	room := max(0, height-2)
	var lines [][]span
	for _, f := range p.failures[:min(len(p.failures), maxFailures, room/2)] {
		lines = append(lines, f.line(p.wide))
	}
	room -= len(lines)
	var rows []*row
	for _, r := range p.working {
		if r.idle.IsZero() || now.Sub(r.idle) < lingers {
			rows = append(rows, r)
		}
	}
	over := 0
	if len(rows) > room {
		room = max(0, room-1) // for the line that counts the others
		rows, over = longestAt(rows, room), len(rows)-room
	}
	for _, r := range rows {
		lines = append(lines, r.line(p.wide, now))
	}
	if over > 0 && height > 2 {
		lines = append(lines, []span{{ui.Dim, "  … and " + wording.Plural(over, "more host")}})
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
	return []span{
		{"", inColumn(r.host, names)},
		{ui.Dim, fmt.Sprintf("%6s  ", elapsed(now.Sub(r.since)))},
		{"", strings.ReplaceAll(r.text(), "\n", " ")},
	}
}

// line is a failure's line, below and above those of hosts.
func (f failure) line(names int) []span {
	return []span{{"", inColumn(f.host, names)}, {ui.Red, fmt.Sprintf("%6s  %s", f.word, f.text)}}
}

// inColumn is a host's name as wide as the column of names.
func inColumn(host string, names int) string {
	name := layout.Fit(host, names)
	return "  " + name + strings.Repeat(" ", names-layout.Width(name)) + "  "
}

// status is how far the run is: its hosts, then its units.
func (p *Progress) status(now time.Time) []span {
	spans := []span{{ui.Bold, p.about.verb}, {"", fmt.Sprintf("  %d/%s", min(len(p.left), len(p.hosts)), wording.Plural(len(p.hosts), "host"))}}
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
	if p.changed > 0 {
		spans = append(spans, span{ui.Yellow, "  " + wording.Plural(p.changed, "unit") + " changed"})
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
