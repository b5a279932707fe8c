package py

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// maxNesting is how deeply a value may be nested that is printed or compared.
const maxNesting = 500

// Str is a value as str() makes it. It fails where an undefined value is in it.
func Str(v Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), nil
	case *Undefined:
		return "", Strict(v)
	case interface{ PyStr() string }:
		return v.PyStr(), nil
	}
	return Repr(v)
}

// Repr is a value as repr() makes it.
func Repr(v Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		return Quoted(string(v)), nil
	case starlark.Int:
		if small, ok := v.Int64(); ok {
			return strconv.FormatInt(small, 10), nil
		}
		if big := v.BigInt(); big.BitLen() > 14000 { // Python's limit is 4300 digits
			return "", Errorf("the number has more than 4300 digits")
		}
		return v.String(), nil
	case starlark.Float:
		return FloatText(float64(v)), nil
	}
	p := printer{}
	err := p.repr(v, 0)
	return p.b.String(), err
}

type printer struct{ b strings.Builder }

func (p *printer) repr(v Value, depth int) error {
	if depth > maxNesting {
		return Errorf("a value is nested more than %d levels deep, or holds itself", maxNesting)
	}
	if p.b.Len() > MaxText {
		return Fits("text of a value", MaxText+1)
	}
	switch v := v.(type) {
	case starlark.NoneType:
		p.b.WriteString("None")
	case starlark.Bool:
		p.b.WriteString(map[bool]string{true: "True", false: "False"}[bool(v)])
	case starlark.String, starlark.Int, starlark.Float:
		s, err := Repr(v)
		p.b.WriteString(s)
		return err
	case starlark.Bytes:
		p.b.WriteString(quotedBytes(string(v)))
	case *starlark.List:
		items, err := Elements(v)
		if err != nil {
			return err
		}
		return p.items("[", items, "]", depth)
	case starlark.Tuple:
		if len(v) == 1 {
			return p.items("(", v, ",)", depth)
		}
		return p.items("(", v, ")", depth)
	case *View:
		return p.items(v.Name+"([", v.Items, "])", depth)
	case *Range:
		if v.Step == 1 {
			fmt.Fprintf(&p.b, "range(%d, %d)", v.Start, v.Stop)
		} else {
			fmt.Fprintf(&p.b, "range(%d, %d, %d)", v.Start, v.Stop, v.Step)
		}
	case *starlark.Dict:
		p.b.WriteString("{")
		for i, item := range v.Items() {
			if i > 0 {
				p.b.WriteString(", ")
			}
			if err := p.repr(item[0], depth+1); err != nil {
				return err
			}
			p.b.WriteString(": ")
			if err := p.repr(item[1], depth+1); err != nil {
				return err
			}
		}
		p.b.WriteString("}")
	case *starlark.Set:
		if v.Len() == 0 {
			p.b.WriteString("set()")
			return nil
		}
		return p.items("{", elements(v), "}", depth)
	case *Undefined:
		p.b.WriteString("Undefined")
		return Strict(v)
	case interface{ Text() (string, error) }:
		s, err := v.Text()
		p.b.WriteString(s)
		return err
	default:
		return Errorf("a value of type %s has no text", TypeName(v))
	}
	return nil
}

func (p *printer) items(open string, items []Value, end string, depth int) error {
	p.b.WriteString(open)
	for i, item := range items {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.repr(item, depth+1); err != nil {
			return err
		}
	}
	p.b.WriteString(end)
	return nil
}

// FloatText is a float as Python prints it: the shortest text that reads back as the same number.
func FloatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	_, exp, _ := strings.Cut(s, "e")
	if n, _ := strconv.Atoi(exp); n >= -4 && n < 16 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}

// quoted is a string as repr() makes it.
func Quoted(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte(quote)
	for i, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == utf8.RuneError && invalid(s[i:]):
			fmt.Fprintf(&b, `\udc%02x`, s[i]) // as Python keeps a byte that is no text
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < utf8.RuneSelf || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// IsSpace is what Python counts as white space.
func IsSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func invalid(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	return n == 1
}

func quotedBytes(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte('b')
	b.WriteByte(quote)
	for i := range len(s) {
		switch c := s[i]; {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
