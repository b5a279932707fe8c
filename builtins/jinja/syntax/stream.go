package syntax

import (
	"fmt"
	"slices"
)

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
