package linux

import (
	"strconv"
	"strings"
)

// belowText sums up what goes with a directory, itself among the directories:
// "1,234 files in 57 directories, 5.6 MB: a, b, c, ...".
func belowText(b *Tally) string {
	var text string
	switch files := b.Count - b.Dirs; {
	case files == 0:
		text = counted(b.Dirs+1, "directory", "directories")
	case b.Dirs == 0:
		text = counted(files, "file", "files")
	default:
		text = counted(files, "file", "files") + " in " + counted(b.Dirs+1, "directory", "directories")
	}
	if b.Beyond {
		text = "more than " + text
	}
	text += ", " + size(b.Bytes) + ": " + strings.Join(b.Names, ", ")
	if b.Beyond || b.Count > len(b.Names) {
		text += ", ..."
	}
	return text
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + more
}

// grouped writes a number with commas between its thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes bytes in powers of 1000, with one digit after the point.
func size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n), 0
	for ; value >= 999.95 && unit < 4; unit++ {
		value /= 1000
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + "kMGT"[unit-1:unit] + "B"
}

// othersText sums up entries below a directory that differ: "3 others: a, b, c".
func othersText(actual FileState) string {
	const shown = 3
	n := len(actual.Others)
	text := strconv.Itoa(n) + " others: " + strings.Join(actual.Others[:min(n, shown)], ", ")
	if actual.More {
		text = "more than " + text
	}
	if n > shown {
		text += ", ..."
	}
	return text
}
