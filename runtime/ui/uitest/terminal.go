// Package uitest is a terminal in memory, for tests of what a person sees and
// for pictures of it. It knows what froyo writes and no more: it panics at a
// sequence that it does not know, so that none slips in unseen.
//
// It imports runtime/ui for the width of characters.
package uitest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Cell is one character on the screen. The second column of a wide one is a Cell with the Rune 0.
type Cell struct {
	Rune  rune
	Style string // SGR parameters, "" for none
}

// line is a line as it was written, however many rows it takes.
type line []Cell

// Terminal is a screen with what has scrolled off it. Like most, it wraps its
// lines anew when it is resized. It is safe for concurrent use.
type Terminal struct {
	mu            sync.Mutex
	columns, rows int
	lines         []line // from the first ever written
	at            int    // the cursor's line
	column        int    // in the line, which may be beyond the terminal's columns
	style         string
	pending       []byte       // a sequence that is not complete
	answer        func(string) // to questions of a line editor; nil where there is none
	writes        int
}

// New makes an empty terminal.
func New(columns, rows int) *Terminal {
	return &Terminal{columns: columns, rows: rows, lines: []line{nil}}
}

// Size is how large the terminal is.
func (t *Terminal) Size() (columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.columns, t.rows
}

// Writes counts the calls of Write.
func (t *Terminal) Writes() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writes
}

// Resize makes the terminal another size.
func (t *Terminal) Resize(columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.columns, t.rows = columns, rows
}

// Write implements io.Writer.
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	data := append(t.pending, p...)
	t.pending = nil
	for len(data) > 0 {
		n := t.next(data)
		if n == 0 {
			t.pending = data
			break
		}
		data = data[n:]
	}
	return len(p), nil
}

// next takes one character or sequence and returns its length, or 0 where more must come.
func (t *Terminal) next(data []byte) int {
	switch data[0] {
	case '\r':
		t.column -= t.column % t.columns
		return 1
	case '\n':
		t.down()
		return 1
	case 0x1b:
		return t.sequence(data)
	}
	if !utf8.FullRune(data) {
		return 0
	}
	r, n := utf8.DecodeRune(data)
	if r == '\a' && t.answer != nil {
		return n
	}
	if r < ' ' || r == utf8.RuneError {
		panic(fmt.Sprintf("the terminal was sent %q", data[:n]))
	}
	t.put(r)
	return n
}

func (t *Terminal) sequence(data []byte) int {
	end := strings.IndexFunc(string(data[1:]), func(r rune) bool { return r >= '@' && r <= '~' && r != '[' })
	if end < 0 {
		return 0
	}
	end++
	params := strings.TrimPrefix(string(data[1:end]), "[")
	switch data[end] {
	case 'm':
		t.style = params
		if params == "0" {
			t.style = ""
		}
	case 'A':
		n, err := strconv.Atoi(params)
		if err != nil {
			panic(err)
		}
		for range n {
			t.up()
		}
		for last := len(t.lines) - 1; last > t.at && len(t.lines[last]) == 0; last-- {
			t.lines = t.lines[:last] // a row that was never written to
		}
	case 'K':
		if t.column < len(t.lines[t.at]) {
			t.lines[t.at] = t.lines[t.at][:t.column]
		}
	case 'J':
		if t.column == 0 && t.row() == max(0, len(t.wrapped())-t.rows) && len(t.lines) > 1 {
			panic("the whole screen was erased, which tmux keeps in its history")
		}
		if t.column < len(t.lines[t.at]) {
			t.lines[t.at] = t.lines[t.at][:t.column]
		}
		t.lines = t.lines[:t.at+1]
	default:
		if !t.edit(data[end], params) {
			panic(fmt.Sprintf("the terminal was sent %q", data[:end+1]))
		}
	}
	return end + 1
}

// Edited has the terminal understand what a line editor sends, too: moves within a line, and the question where the cursor is,
// which answer tells.
func (t *Terminal) Edited(answer func(string)) { t.answer = answer }

// edit does what a line editor wants, and reports whether it is known.
func (t *Terminal) edit(kind byte, params string) bool {
	if t.answer == nil {
		return false
	}
	n := 1
	if params != "" && !strings.ContainsRune("hlq", rune(kind)) {
		var err error
		if n, err = strconv.Atoi(params); err != nil {
			return false
		}
	}
	begin := t.column - t.column%t.columns
	switch kind {
	case 'B':
		for range n {
			if t.column+t.columns < len(t.lines[t.at]) {
				t.column += t.columns
				continue
			}
			if t.at+1 == len(t.lines) {
				if len(t.lines) >= t.rows { // at the bottom
					break
				}
				t.lines = append(t.lines, nil)
			}
			t.at++
			t.column %= t.columns
		}
	case 'C':
		t.column = min(begin+t.columns-1, t.column+n)
	case 'D':
		t.column = max(begin, t.column-n)
	case 'h', 'l', 'q': // modes, such as how what is pasted is marked, and the form of the cursor
	case 'n':
		first := max(0, len(t.wrapped())-t.rows)
		t.answer(fmt.Sprintf("\x1b[%d;%dR", t.row()-first+1, t.column%t.columns+1))
	default:
		return false
	}
	return true
}

// down goes to the beginning of the next line, as a tty does at a line feed.
func (t *Terminal) down() {
	if t.at++; t.at == len(t.lines) {
		t.lines = append(t.lines, nil)
	}
	t.column = 0
}

// up goes one row up: within a line that takes several, or into the one before. It stops at the top of the screen.
func (t *Terminal) up() {
	switch {
	case t.row() <= len(t.wrapped())-t.rows:
	case t.column >= t.columns:
		t.column -= t.columns
	case t.at > 0:
		t.at--
		t.column = (rowsOf(t.lines[t.at], t.columns) - 1) * t.columns
	}
}

// row is the cursor's row, counted from the first ever written.
func (t *Terminal) row() int {
	n := 0
	for _, l := range t.lines[:t.at] {
		n += rowsOf(l, t.columns)
	}
	return n + t.column/t.columns
}

func rowsOf(l line, columns int) int { return max(1, (len(l)+columns-1)/columns) }

func (t *Terminal) put(r rune) {
	l := t.lines[t.at]
	for len(l) < t.column {
		l = append(l, Cell{Rune: ' '})
	}
	cells := []Cell{{r, t.style}}
	if layout.Width(string(r)) == 2 {
		cells = append(cells, Cell{Style: t.style})
	}
	l = append(l[:t.column], append(cells, l[min(len(l), t.column+len(cells)):]...)...)
	t.lines[t.at] = l
	t.column += len(cells)
}

func (t *Terminal) wrapped() []line {
	var rows []line
	for _, l := range t.lines {
		for len(l) > t.columns {
			rows, l = append(rows, l[:t.columns]), l[t.columns:]
		}
		rows = append(rows, l)
	}
	return rows
}

// Cells are the rows of the screen with what has scrolled off before them.
func (t *Terminal) Cells() [][]Cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out [][]Cell
	for _, l := range t.wrapped() {
		out = append(out, append([]Cell(nil), l...))
	}
	return out
}

// Text is all that was written and not erased, without colours.
func (t *Terminal) Text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, l := range t.wrapped() {
		var row []rune
		for _, c := range l {
			if c.Rune != 0 {
				row = append(row, c.Rune)
			}
		}
		b.WriteString(strings.TrimRight(string(row), " ") + "\n")
	}
	return b.String()
}
