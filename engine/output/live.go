package output

import (
	"strings"

	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/wording"
)

// Live makes lines of what one stream of a program prints, bit by bit, without secrets: what may be the beginning of
// one is held back until more is known. The zero value is ready. It is not safe for concurrent use.
type Live struct {
	held string // raw, and may begin a secret
	line string // that has not ended yet
	gap  bool   // something is missing before held
}

// longest bounds a line, in bytes.
const longest = 4 << 10

// Add takes what was printed after left bytes that are missing, and returns the lines that have ended.
func (l *Live) Add(text string, left int64) (lines []string) {
	if left > 0 {
		lines = append(l.Flush(), "("+wording.Plural(int(left), "byte")+" left out here)")
		l.gap = true
	}
	raw := l.held + text
	if l.gap && raw != "" {
		raw, l.gap = secret.HideEnd(raw), false
	}
	var shown string
	shown, l.held = secret.HideWhole(raw)
	return append(lines, l.take(secret.Mask(shown))...)
}

// Flush returns what is left: no more is to come, or something is missing.
func (l *Live) Flush() (lines []string) {
	if l.held != "" {
		lines = l.take(secret.HideBeginning(l.held))
		l.held = ""
	}
	if l.line != "" {
		lines = append(lines, l.line)
		l.line = ""
	}
	return lines
}

// take splits lines off.
func (l *Live) take(text string) (lines []string) {
	l.line += text
	for {
		line, rest, ended := strings.Cut(l.line, "\n")
		if !ended {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\r"))
		l.line = rest
	}
	if len(l.line) > longest {
		lines = append(lines, l.line)
		l.line = ""
	}
	return lines
}
