// Package layout places text in the columns of a terminal: how wide it is, cut to a width, wrapped, in a table.
//
// It knows no colours: a text is painted once it is laid out.
package layout

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Columns writes rows with their cells below each other, two blanks apart. The
// last cell of a row is as long as it is.
func Columns(b *strings.Builder, indent string, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:max(0, len(row)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], min(Width(cell), maxColumn))
		}
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = cell
			if i < len(row)-1 {
				cells[i] += strings.Repeat(" ", max(0, widths[i]-Width(cell)))
			}
		}
		fmt.Fprintln(b, strings.TrimRight(indent+strings.Join(cells, "  "), " "))
	}
}

// Narrow leaves columns out of a table, the first of those that may go first, until its rows fit n columns of a
// terminal, and names those that it left out. The first row is the header.
func Narrow(rows [][]string, n int, mayGo ...string) (narrow [][]string, gone []string) {
	for _, name := range mayGo {
		var b strings.Builder
		Columns(&b, "", rows)
		fits := true
		for line := range strings.SplitSeq(b.String(), "\n") {
			fits = fits && Width(line) <= n
		}
		at := slices.Index(rows[0], name)
		if fits || at < 0 {
			break
		}
		less := make([][]string, len(rows))
		for i, row := range rows {
			less[i] = slices.Delete(slices.Clone(row), at, at+1)
		}
		rows, gone = less, append(gone, name)
	}
	return rows, gone
}

// maxColumn is how far one long cell pushes the others.
const maxColumn = 60

// Width is how many columns of a terminal a text takes.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Fit cuts a text to n columns and shows that it did.
func Fit(s string, n int) string {
	if Width(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > n-1 {
			return s[:i] + "…"
		}
	}
	return s
}
