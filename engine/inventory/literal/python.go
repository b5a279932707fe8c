package literal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNoLiteral is told of text that is no literal of Python: it stays text.
var ErrNoLiteral = errors.New("not a literal")

// maxDepth bounds how deeply lists, dicts and parentheses are nested.
const maxDepth = 64

// Python reads a literal of Python as Ansible does with the values of an INI
// inventory, by ast.literal_eval: numbers, strings, True, False, None, lists,
// tuples and dicts, perhaps with a comment. Tuples become lists, and the keys
// of dicts what they are in JSON.
//
// The error is ErrNoLiteral where the text is none, and another one where it is
// a literal whose value cannot be kept.
func Python(text string) (any, error) {
	p := &pyParser{text: strings.TrimLeft(text, " \t")}
	v, err := p.tuple(0, "")
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos < len(p.text) {
		return nil, ErrNoLiteral
	}
	return v, nil
}

// pyParser reads one expression; pos is the byte that comes next.
type pyParser struct {
	text string
	pos  int
}

// space skips blanks and a comment.
func (p *pyParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos < len(p.text) && p.text[p.pos] == '#' {
		p.pos = len(p.text)
	}
}

// next reports whether c comes next, and skips it.
func (p *pyParser) next(c byte) bool {
	p.space()
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// at reports whether one of these bytes comes next, or the text ends where there are none.
func (p *pyParser) at(bytes string) bool {
	p.space()
	if p.pos == len(p.text) {
		return bytes == ""
	}
	return strings.IndexByte(bytes, p.text[p.pos]) >= 0
}

// tuple reads a value, or several with commas, up to one of the closing bytes.
func (p *pyParser) tuple(depth int, closing string) (any, error) {
	first, err := p.value(depth)
	if err != nil || !p.at(",") {
		return first, err
	}
	list := []any{first}
	for p.next(',') && !p.at(closing) {
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (p *pyParser) value(depth int) (any, error) {
	p.space()
	if depth > maxDepth {
		return nil, errors.New("the value is nested too deeply")
	}
	if p.pos == len(p.text) {
		return nil, ErrNoLiteral
	}
	switch c := p.text[p.pos]; {
	case c == '[':
		p.pos++
		return p.list(depth)
	case c == '(':
		p.pos++
		return p.parentheses(depth)
	case c == '{':
		p.pos++
		return p.dict(depth)
	case c == '+' || c == '-':
		p.pos++
		return p.signed(depth, c)
	case c == '.' || isDigit(c):
		return p.number("")
	case c == '\'' || c == '"':
		return p.strings()
	}
	return p.word()
}

func (p *pyParser) list(depth int) (any, error) {
	list := []any{}
	for !p.next(']') {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if list = append(list, v); !p.next(',') && !p.at("]") {
			return nil, ErrNoLiteral
		}
	}
	return list, nil
}

// parentheses are those of a tuple, or around a single value.
func (p *pyParser) parentheses(depth int) (any, error) {
	if p.next(')') {
		return []any{}, nil
	}
	v, err := p.tuple(depth+1, ")")
	if err == nil && !p.next(')') {
		err = ErrNoLiteral
	}
	return v, err
}

func (p *pyParser) dict(depth int) (any, error) {
	dict := map[string]any{}
	for !p.next('}') {
		key, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.at(",}") {
			return nil, p.set(depth)
		}
		if !p.next(':') {
			return nil, ErrNoLiteral
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name, err := Key(key)
		if err != nil {
			return nil, err
		}
		if dict[name] = v; !p.next(',') && !p.at("}") {
			return nil, ErrNoLiteral
		}
	}
	return dict, nil
}

// set reads the rest of what is written as a set, and says that it is none of the values that there are.
func (p *pyParser) set(depth int) error {
	for p.next(',') && !p.at("}") {
		if _, err := p.value(depth + 1); err != nil {
			return err
		}
	}
	if p.next('}') {
		return errors.New("a set is not supported; write a list")
	}
	return ErrNoLiteral
}

// Key is how a key of a dict is written in JSON.
func Key(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case string:
		return v, nil
	case bool, int64:
		return fmt.Sprint(v), nil
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0"
		}
		return text, nil
	}
	return "", errors.New("the key of a dict must be a string, a number or a bool")
}

// signed reads a number after its sign, which may stand in parentheses.
func (p *pyParser) signed(depth int, sign byte) (any, error) {
	p.space()
	if p.pos < len(p.text) && (isDigit(p.text[p.pos]) || p.text[p.pos] == '.') {
		return p.number(string(sign))
	}
	if depth > maxDepth || !p.next('(') {
		return nil, ErrNoLiteral
	}
	v, err := p.signed(depth+1, sign)
	if err == nil && !p.next(')') {
		err = ErrNoLiteral
	}
	return v, err
}

// word reads a name that is a value, or the prefix of a string.
func (p *pyParser) word() (any, error) {
	begin := p.pos
	for p.pos < len(p.text) && isWord(p.text[p.pos]) {
		p.pos++
	}
	switch word := p.text[begin:p.pos]; {
	case word == "True":
		return true, nil
	case word == "False":
		return false, nil
	case word == "None":
		return nil, nil
	case p.pos < len(p.text) && strings.IndexByte(`'"`, p.text[p.pos]) >= 0 && isPrefix(word):
		p.pos = begin
		return p.strings()
	}
	return nil, ErrNoLiteral
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
