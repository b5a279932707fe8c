// Package printable makes text that comes from guests fit to be shown: bounded,
// and without what a terminal would act on.
//
// It imports the standard library only.
package printable

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of text that comes from guests.
const (
	maxLine  = 500
	maxLines = 8 << 10
)

// Line makes foreign text fit to stand in a message: bounded, on one line,
// with control characters escaped.
func Line(text string) string {
	return escape(strings.TrimSpace(text), maxLine, false)
}

// Lines makes foreign text fit to be shown as evidence, on lines of its own.
func Lines(text string) string {
	return escape(strings.TrimRight(text, " \t\r\n"), maxLines, true)
}

// escape writes every rune that is not plainly visible as Go would in a
// string: terminals act on control characters, and marks that turn the writing
// direction show a text as what it is not.
func escape(text string, limit int, lines bool) string {
	var out strings.Builder
	for i, r := range text {
		if out.Len() >= limit {
			out.WriteString("...")
			break
		}
		switch {
		case r == '\r' && lines && strings.HasPrefix(text[i:], "\r\n"): // how programs end lines that write to a terminal
		case r == '\n' && lines, unicode.IsPrint(r) && r != utf8.RuneError:
			out.WriteRune(r)
		case r == '\t' && lines:
			out.WriteString("    ")
		default:
			_, size := utf8.DecodeRuneInString(text[i:])
			quoted := strconv.QuoteToASCII(text[i : i+size])
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}
