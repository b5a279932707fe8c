package ptytest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// screen is a terminal as far as line editors use one.
type screen struct {
	mu            sync.Mutex
	columns, rows int
	lines         [][]string // cells, from the first line ever written; the second of a wide character is ""
	top           int        // the line that is the screen's first
	row, column   int        // of the cursor, from top
	full          bool       // the last column was written: the next character wraps
	pending       []byte     // a sequence that is not complete
	raw           []byte
}

func newScreen(columns, rows int) *screen { return &screen{columns: columns, rows: rows} }

func (s *screen) resize(columns, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.columns, s.rows = columns, rows
	s.row, s.column, s.full = min(s.row, rows-1), min(s.column, columns-1), false
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	for _, line := range s.lines {
		b.WriteString(strings.TrimRight(strings.Join(line, ""), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func (s *screen) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.raw)
}

// write takes output and returns what the terminal answers.
func (s *screen) write(p []byte) (answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = append(s.raw, p...)
	data := append(s.pending, p...)
	s.pending = nil
	for len(data) > 0 {
		n, said := s.next(data)
		if n == 0 {
			s.pending = append([]byte(nil), data...)
			break
		}
		data, answer = data[n:], answer+said
	}
	return answer
}

// next takes one character or sequence; n is 0 where more must come.
func (s *screen) next(data []byte) (n int, answer string) {
	switch c := data[0]; {
	case c == '\r':
		s.column, s.full = 0, false
	case c == '\n':
		s.down()
	case c == '\b':
		s.column, s.full = max(0, s.column-1), false
	case c == 7:
	case c == 0x1b:
		return s.sequence(data)
	case !utf8.FullRune(data):
		return 0, ""
	default:
		r, n := utf8.DecodeRune(data)
		if r >= ' ' {
			s.put(string(r))
		}
		return n, ""
	}
	return 1, ""
}

func (s *screen) sequence(data []byte) (n int, answer string) {
	if len(data) < 2 {
		return 0, ""
	}
	switch data[1] {
	case '[':
	case 'E':
		s.column = 0
		s.down()
		return 2, ""
	default:
		return 2, ""
	}
	end := 2
	for end < len(data) && (data[end] < '@' || data[end] > '~') {
		end++
	}
	if end == len(data) {
		return 0, ""
	}
	params := string(data[2:end])
	times, err := strconv.Atoi(params)
	if err != nil {
		times = 0
	}
	return end + 1, s.control(data[end], params, times)
}

func (s *screen) control(kind byte, params string, n int) (answer string) {
	switch kind {
	case 'A':
		s.row, s.full = max(0, s.row-max(n, 1)), false
	case 'B':
		s.row, s.full = min(s.rows-1, s.row+max(n, 1)), false
	case 'C':
		s.column, s.full = min(s.columns-1, s.column+max(n, 1)), false
	case 'D':
		s.column, s.full = max(0, s.column-max(n, 1)), false
	case 'H':
		s.row, s.column, s.full = 0, 0, false
	case 'J':
		s.erase(n)
		if n == 0 {
			s.lines = s.lines[:min(len(s.lines), s.top+s.row+1)]
		}
	case 'K':
		s.erase(n)
	case 'n':
		if params == "6" {
			return fmt.Sprintf("\x1b[%d;%dR", s.row+1, s.column+1)
		}
	}
	return ""
}

// erase erases in the cursor's line: from the cursor, or up to it.
func (s *screen) erase(n int) {
	line := s.line()
	switch n {
	case 0:
		*line = (*line)[:min(len(*line), s.column)]
	case 1:
		for i := range (*line)[:min(len(*line), s.column+1)] {
			(*line)[i] = " "
		}
	default:
		*line = nil
	}
}

func (s *screen) line() *[]string {
	for len(s.lines) <= s.top+s.row {
		s.lines = append(s.lines, nil)
	}
	return &s.lines[s.top+s.row]
}

func (s *screen) down() {
	s.full = false
	if s.row < s.rows-1 {
		s.row++
	} else {
		s.line()
		s.top++
	}
	s.line()
}

func (s *screen) put(r string) {
	width := layout.Width(r)
	if width == 0 { // it combines with the one before
		if line := *s.line(); s.column > 0 && s.column <= len(line) {
			line[s.column-1] += r
		}
		return
	}
	if s.full || s.column+width > s.columns {
		s.column = 0
		s.down()
	}
	line := s.line()
	for len(*line) < s.column+width {
		*line = append(*line, " ")
	}
	(*line)[s.column] = r
	if width == 2 {
		(*line)[s.column+1] = ""
	}
	s.column += width
	if s.column >= s.columns {
		s.column, s.full = s.columns-1, true
	}
}
