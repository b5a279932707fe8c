// Package escape makes text from a host safe to show.
//
// It imports the standard library only.
package escape

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text makes text from a host safe to show: control characters, escape
// sequences, characters that reorder or hide text, and bytes that are not
// UTF-8 become visible. Newlines are control characters, too.
func Text(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\\':
			b.WriteString(`\\`)
		case r < 0x80 && !visible(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case !visible(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// plain reports the usual case, text that shows as it is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f || s[i] == '\\' {
			return false
		}
	}
	return true
}

// visible reports whether r shows as itself and nothing else. Format
// characters (Cf) hold the bidirectional controls and the zero-width ones;
// line and paragraph separators break lines on some terminals.
func visible(r rune) bool {
	return r == ' ' || unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r)
}

// mostLines bounds the evidence shown of what a host said: its beginning and its end.
const mostLines = 20

// Lines escapes each line of a text, drops the empty ones, and leaves
// out the middle where they are many.
func Lines(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, Text(line))
		}
	}
	if over := len(lines) - mostLines + 1; over > 1 { // one more for the line that says so
		lines = slices.Replace(lines, mostLines/2, mostLines/2+over, fmt.Sprintf("... (%d more lines)", over))
	}
	return strings.Join(lines, "\n")
}

// JSON makes JSON safe to show: characters beyond ASCII that are not
// plain text, which JSON itself lets stand, become \u escapes. They can only
// be inside of strings, so the meaning stays the same.
func JSON(data []byte) []byte {
	if bytes.IndexFunc(data, hidden) < 0 {
		return data
	}
	var out []byte
	for _, r := range string(data) {
		switch {
		case !hidden(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

func hidden(r rune) bool { return r >= 0x7f && !visible(r) }

// Short bounds what is shown of what a host said.
func Short(s string) string {
	const most = 1 << 10
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
