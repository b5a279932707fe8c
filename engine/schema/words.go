package schema

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

// explain says in words why the shape of field i refuses its value.
func (c *call) explain(i int) Problem {
	f, r := &c.t.Fields[i], &c.t.rules[i]
	refusal := shape.Refuse(f.Name, r.shape, c.slots[i].value)
	want, got, hint := refusal.Want(), refusal.Got(), refusal.Hint(r.octal)
	switch {
	case refusal.OtherKind() && f.Result:
		want += ", or a lambda of the result"
	case refusal.Limited() && r.expect != "":
		want = r.expect
	case refusal.Patterned() && hint == "" && f.Doc != "":
		hint = f.Name + ": " + lowerFirst(firstSentence(f.Doc))
	}
	if text, ok := c.slots[i].value.(string); ok && f.Blob {
		got = fmt.Sprintf("%d bytes of text", len(text))
	}
	return Problem{Message: refusal.At + ": want " + want + ", got " + got, Hint: hint}
}

// oneLine blanks what would break a line or drive a terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

func joinWords(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " " + last + " " + words[end]
}

// firstSentence returns a documentation's first sentence, without its full stop.
func firstSentence(doc string) string {
	doc, _, _ = strings.Cut(doc, "\n")
	doc, _, _ = strings.Cut(doc, ". ")
	return strings.TrimSuffix(doc, ".")
}

func lowerFirst(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToLower(first)) + s[size:]
}
