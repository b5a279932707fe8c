package ui

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Recap prints the line per host that operators and their scripts look for. On a terminal hosts with the same counts
// share one, so that the few that differ are seen.
func Recap(w io.Writer, style Style, counts []apply.Count) error {
	lines := recapLines(counts, style.Columns > 0)
	var room columns
	for _, l := range lines {
		room.fit(l.Count, style.Columns > 0)
	}
	width := 0 // of the column of names
	for _, l := range lines {
		if style.Columns == 0 || l.width(room) <= style.Columns {
			width = max(width, layout.Width(l.name()))
		}
	}
	tally := style.Columns > 0 // where all of them fit
	for _, l := range lines {
		tally = tally && width+l.width(room)-layout.Width(l.name())+len(l.number()) <= style.Columns
	}
	var b strings.Builder
	for _, l := range lines {
		l.print(&b, style, width, room, tally)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// recapLine is the hosts that have the same counts.
type recapLine struct {
	hosts []string
	apply.Count
}

// recapLines are the lines of a recap, in the order of the hosts: one for each, or for those that do not differ.
func recapLines(counts []apply.Count, fold bool) []*recapLine {
	var lines []*recapLine
	of := map[apply.Count]*recapLine{}
	for _, c := range counts {
		host := c.Host
		c.Host = ""
		l := of[c]
		if l == nil || !fold {
			l = &recapLine{Count: c}
			of[c] = l
			lines = append(lines, l)
		}
		l.hosts = append(l.hosts, host)
	}
	return lines
}

func (l *recapLine) name() string { return Readable(inventory.FoldNames(l.hosts)) }

// number says how many hosts a line stands for, where that is more than one.
func (l *recapLine) number() string {
	if len(l.hosts) == 1 {
		return ""
	}
	return "  " + wording.Plural(len(l.hosts), "host")
}

// width is how long the line is without its number, where no other is longer.
func (l *recapLine) width(room columns) int {
	return layout.Width(l.name()) + len(" : ") + layout.Width(l.figures(Style{}, room))
}

// print writes the line with its hosts in a column, or above it where there is no room for them.
func (l *recapLine) print(b *strings.Builder, style Style, width int, room columns, tally bool) {
	color, name := hostColor(l.Count), l.name()
	long := layout.Width(name)
	if style.Columns > 0 && (long > width || width+l.width(room)-long > style.Columns) {
		const indent = 4
		fmt.Fprintln(b, style.Wrap(color, Readable(wording.On(l.hosts)), 0, indent))
		figures := strings.Fields(l.figures(Style{}, room))
		for i, line := range layout.Wrap(strings.Join(figures, "  "), style.Columns, indent, indent) {
			if i == 0 {
				line = strings.Repeat(" ", indent) + line
			}
			fmt.Fprintln(b, line)
		}
		return
	}
	b.WriteString(style.Paint(color, name) + strings.Repeat(" ", width-long) + " : " + l.figures(style, room))
	if tally {
		b.WriteString(style.Paint(Dim, l.number()))
	}
	fmt.Fprintln(b)
}

// columns is how wide the numbers of a recap are with the blanks behind them: ok, changed, unreachable, failed.
type columns [4]int

// fit makes room for counts: on a terminal as much as they need, elsewhere always the same.
func (r *columns) fit(c apply.Count, narrow bool) {
	for i, n := range []int{c.OK, c.Changed, c.Unreachable, c.Failed} {
		if !narrow {
			r[i] = 5
		} else if digits := len(strconv.Itoa(n)); digits+2 > r[i] {
			r[i] = digits + 2
		}
	}
}

// figures are the counts, each in its column.
func (l *recapLine) figures(style Style, room columns) string {
	text := figure(style, Green, "ok", l.OK, room[0]) + figure(style, Yellow, "changed", l.Changed, room[1]) +
		figure(style, Red, "unreachable", l.Unreachable, room[2]) + figure(style, Red, "failed", l.Failed, room[3])
	if l.Ignored == 0 {
		return text + figure(style, Cyan, "skipped", l.Skipped, 0)
	}
	return text + figure(style, Cyan, "skipped", l.Skipped, 0) + figure(style, Yellow, "   ignored", l.Ignored, 0)
}

// figure is one "name=n", painted where it is not zero.
func figure(style Style, color, name string, n, room int) string {
	text := name + "=" + strconv.Itoa(n)
	blanks := strings.Repeat(" ", max(0, len(name)+1+room-len(text)))
	if n == 0 {
		return text + blanks
	}
	return style.Paint(color, text) + blanks
}

func hostColor(c apply.Count) string {
	switch {
	case c.Unreachable+c.Failed > 0:
		return Red
	case c.Changed > 0:
		return Yellow
	}
	return Green
}
