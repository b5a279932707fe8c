package syntax

import "strconv"

// Pos is a place in a template's text; both numbers begin at 1, and Col counts characters.
type Pos struct{ Line, Col int }

func (p Pos) String() string { return strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col) }

// Error is a text that is no template.
type Error struct {
	Pos     Pos
	Message string
	Hint    string
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Message }

type kind uint8

const (
	eof kind = iota
	data
	blockBegin
	blockEnd
	variableBegin
	variableEnd
	name
	text // a quoted string
	integer
	float
	operator
)

// token is one element of a template: text, a delimiter, or what stands between delimiters.
type token struct {
	kind  kind
	value string // of a text: unescaped; of a number: without underscores
	at    int    // offset in the scanned source
}

// String names the token as messages do.
func (t token) String() string {
	switch t.kind {
	case eof:
		return "end of template"
	case data:
		return "text"
	case blockBegin:
		return "begin of a tag"
	case blockEnd:
		return "end of the tag"
	case variableBegin:
		return "begin of an expression"
	case variableEnd:
		return "end of the expression"
	case text:
		return "a string"
	}
	return strconv.Quote(t.value)
}
