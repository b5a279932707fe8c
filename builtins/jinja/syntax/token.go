package syntax

import (
	"fmt"
	"slices"
	"strconv"
)

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

// MaxDepth is how deeply tags and expressions may be nested.
const MaxDepth = 200

// stream is the tokens of a template, of which it looks at one.
type stream struct {
	src   *scanner
	next  int
	depth int // of what is nested
}

func (t *stream) fail(at int, format string, args ...any) error {
	return t.src.fail(at, format, args...)
}
func (t *stream) place(at int) Pos { return t.src.place(at) }

func (t *stream) tok() token  { return t.src.tokens[t.next] }
func (t *stream) look() token { return t.src.tokens[min(t.next+1, len(t.src.tokens)-1)] }
func (t *stream) here() Pos   { return t.place(t.tok().at) }
func (t *stream) take() token {
	now := t.tok()
	if now.kind != eof {
		t.next++
	}
	return now
}

// isName reports whether the present token is one of some names.
func (t *stream) isName(names ...string) bool {
	now := t.tok()
	return now.kind == name && slices.Contains(names, now.value)
}

func (t *stream) isOp(ops ...string) bool {
	now := t.tok()
	return now.kind == operator && slices.Contains(ops, now.value)
}

// skipName takes a name if it is the present token.
func (t *stream) skipName(n string) bool {
	if !t.isName(n) {
		return false
	}
	t.next++
	return true
}

func (t *stream) skipOp(op string) bool {
	if !t.isOp(op) {
		return false
	}
	t.next++
	return true
}

func (t *stream) expectOp(op string) error {
	if t.skipOp(op) {
		return nil
	}
	return t.unexpected(fmt.Sprintf("%q", op))
}

func (t *stream) expectName() (string, error) {
	if t.tok().kind != name {
		return "", t.unexpected("a name")
	}
	return t.take().value, nil
}

func (t *stream) expect(k kind) error {
	if t.tok().kind != k {
		return t.unexpected(token{kind: k}.String())
	}
	t.next++
	return nil
}

// unexpected is the error of another token than was expected.
func (t *stream) unexpected(want string) error {
	now := t.tok()
	return t.fail(now.at, "expected %s, got %s", want, now)
}

// enter counts what is nested.
func (t *stream) enter() error {
	if t.depth++; t.depth > MaxDepth {
		return t.fail(t.tok().at, "more than %d levels are nested", MaxDepth)
	}
	return nil
}
