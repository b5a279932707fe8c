package py

import (
	"strings"
	"unicode/utf8"
)

// Limits of one value.
const (
	MaxText     = 16 << 20  // bytes of a text
	MaxElements = 1_000_000 // elements of a list
)

// Fits reports, as an error, that a text of n bytes would be too large. what is what makes it.
func Fits(what string, n int64) error {
	if n <= MaxText {
		return nil
	}
	return Errorf("%s: the text would take more than %d MiB", what, MaxText>>20)
}

// FitsList reports, as an error, that a list of n elements would be too large.
func FitsList(n int64) error {
	if n <= MaxElements {
		return nil
	}
	return Errorf("a list would have more than %d elements", MaxElements)
}

// Pad fills a text up to a number of characters: ljust, rjust or center.
func Pad(s string, width int, fill, kind string) string {
	n := width - utf8.RuneCountInString(s)
	if n <= 0 {
		return s
	}
	left := 0
	switch kind {
	case "rjust":
		left = n
	case "center":
		left = n/2 + n&width&1
	}
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, n-left)
}
