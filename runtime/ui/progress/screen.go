package progress

import (
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// screen rewrites the last lines of a terminal. A frame is one write, so that
// nothing flickers; nothing is written where nothing changed.
type screen struct {
	out  io.Writer
	size func() (columns, rows int)

	drawn   []int // the widths of the lines of the frame that stands there
	last    string
	columns int // of the terminal when it was drawn
}

// span is a piece of a line in one colour.
type span struct{ color, text string }

// draw replaces the frame. Lines that are too long are cut, because a line that
// wraps would put all others out of place.
func (s *screen) draw(style ui.Style, lines [][]span) {
	columns, rows := s.size()
	text, widths := compose(style, lines, columns-1)
	if text == s.last && columns == s.columns {
		return
	}
	s.write(s.home(columns, rows)+text+"\x1b[J", widths)
	s.last, s.columns = text, columns
}

// above writes lines that stay, and the frame below them once more.
func (s *screen) above(text string, style ui.Style, frame [][]span) {
	columns, rows := s.size()
	below, widths := compose(style, frame, columns-1)
	s.write(s.clear(columns, rows)+text+"\n"+below, widths)
	s.last, s.columns = below, columns
}

// erase takes the frame away.
func (s *screen) erase() {
	if len(s.drawn) == 0 {
		return
	}
	columns, rows := s.size()
	s.write(s.clear(columns, rows), nil)
	s.last = ""
}

func (s *screen) write(text string, widths []int) {
	io.WriteString(s.out, text) //nolint:errcheck // nowhere to report that the terminal is gone
	s.drawn = widths
}

// clear erases the frame that stands there: its first row, then what is below. Where it begins at the top of the
// terminal, erasing all of it at once would be erasing the whole screen, which tmux keeps in its history.
func (s *screen) clear(columns, rows int) string {
	if s.up(columns, rows) == 0 {
		return "\r\x1b[K"
	}
	return s.home(columns, rows) + "\x1b[K\n\x1b[J\x1b[1A"
}

// home goes to where the frame that stands there begins.
func (s *screen) home(columns, rows int) string {
	up := s.up(columns, rows)
	if up == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", up)
}

// up is how many rows the frame has above the cursor's. Where the terminal has become narrower, its lines take more rows
// by now.
func (s *screen) up(columns, rows int) int {
	up := -1
	for _, w := range s.drawn {
		up += max(1, (w+columns-1)/max(1, columns))
	}
	return max(0, min(up, rows-1))
}

// compose paints lines, none longer than columns, the last without its end.
func compose(style ui.Style, lines [][]span, columns int) (text string, widths []int) {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		used := 0
		for _, part := range line {
			fitted := layout.Fit(part.text, max(0, columns-used))
			used += layout.Width(fitted)
			b.WriteString(style.Paint(part.color, fitted))
			if fitted != part.text {
				break
			}
		}
		b.WriteString("\x1b[K")
		widths = append(widths, used)
	}
	return b.String(), widths
}
