package check

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/schema/shape"
)

// explain says in words why the shape of field i refuses its value.
func (c *call) explain(i int) Problem {
	f, r := &c.t.Fields[i], &c.t.Rules[i]
	refusal := shape.Refuse(f.Name, r.Shape, c.slots[i].value)
	want, got, hint := refusal.Want(), refusal.Got(), refusal.Hint(r.Octal)
	switch {
	case refusal.OtherKind() && f.Result:
		want += ", or a lambda of the result"
	case refusal.Limited() && r.Expect != "":
		want = r.Expect
	case refusal.Patterned() && hint == "" && f.Doc != "":
		hint = f.Name + ": " + lowerFirst(firstSentence(f.Doc))
	}
	if text, ok := c.slots[i].value.(string); ok && r.Meant[text] != "" && !refusal.OtherKind() {
		hint = "did you mean " + shape.Repr(r.Meant[text]) + "?"
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

// climbs is the problem of a path that identifies a unit and has "..".
func climbs(field, text string) Problem {
	p := Problem{Message: field + `: want a path without "..", got ` + shape.Brief(text)}
	if !strings.HasPrefix(text, "/") {
		return p
	}
	p.Hint = "write where it leads, " + shape.Repr(hostpath.Resolved(text)) + `; where a part before ".." is a link, that is another place`
	return p
}
