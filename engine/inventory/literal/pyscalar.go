package literal

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Numbers as Python writes them.
var (
	pyNumber = regexp.MustCompile(`^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|` +
		`(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?|[0-9](?:_?[0-9])*\.?(?:[eE][-+]?[0-9](?:_?[0-9])*)?)`)
	pyInt   = regexp.MustCompile(`^(?:0[xXoObB][0-9a-fA-F]+|[1-9][0-9]*|0+)$`)
	pyFloat = regexp.MustCompile(`^[0-9]*(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$`)
)

// number reads a number. What has leading zeros and is no fraction is no literal.
func (p *pyParser) number(sign string) (any, error) {
	text := pyNumber.FindString(p.text[p.pos:])
	p.pos += len(text)
	if text == "" {
		return nil, ErrNoLiteral
	}
	if p.pos < len(p.text) && strings.IndexByte("jJ", p.text[p.pos]) >= 0 {
		return nil, errors.New("a complex number is not supported")
	}
	if p.pos < len(p.text) && (isWord(p.text[p.pos]) || p.text[p.pos] == '.') {
		return nil, ErrNoLiteral
	}
	sign = strings.TrimPrefix(sign, "+")
	digits := strings.ReplaceAll(text, "_", "")
	switch {
	case pyInt.MatchString(digits):
		if strings.Trim(digits, "0") == "" {
			return int64(0), nil
		}
		n, err := strconv.ParseInt(sign+digits, 0, 64)
		if err != nil {
			return nil, tooLarge(sign + text)
		}
		return n, nil
	case pyFloat.MatchString(digits) && strings.ContainsAny(digits, ".eE"):
		f, err := strconv.ParseFloat(sign+digits, 64)
		if math.IsInf(f, 0) || err != nil {
			return nil, tooLarge(sign + text)
		}
		return f, nil
	}
	return nil, ErrNoLiteral
}

// isPrefix reports whether a word before a quote is one that Python knows for a literal.
func isPrefix(word string) bool {
	switch strings.ToLower(word) {
	case "r", "u", "b", "br", "rb":
		return true
	}
	return false
}

// strings reads a string, or several that stand side by side. Bytes are text, too.
func (p *pyParser) strings() (any, error) {
	var b strings.Builder
	kind := -1 // 1: bytes, 0: text; both do not go together
	for {
		prefix := ""
		for i := p.pos; i < len(p.text) && isWord(p.text[i]); i++ {
			prefix = p.text[p.pos : i+1]
		}
		quote := p.pos + len(prefix)
		if quote == len(p.text) || strings.IndexByte(`'"`, p.text[quote]) < 0 {
			break
		}
		if prefix != "" && !isPrefix(prefix) {
			return nil, ErrNoLiteral
		}
		p.pos = quote
		s := pyString{raw: strings.ContainsAny(prefix, "rR"), bytes: strings.ContainsAny(prefix, "bB")}
		now := 0
		if s.bytes {
			now = 1
		}
		if kind >= 0 && kind != now {
			return nil, ErrNoLiteral
		}
		kind = now
		if err := p.quoted(s, &b); err != nil {
			return nil, err
		}
		p.space()
	}
	if !utf8.ValidString(b.String()) {
		return nil, errors.New("the bytes are not valid UTF-8")
	}
	return b.String(), nil
}

// pyString says how what stands in quotes is read.
type pyString struct{ raw, bytes bool }

// quoted reads what stands in quotes, one of each or three.
func (p *pyParser) quoted(s pyString, b *strings.Builder) error {
	quote := p.text[p.pos : p.pos+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(p.text[p.pos:], triple) {
		quote = triple
	}
	p.pos += len(quote)
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		switch {
		case strings.HasPrefix(p.text[p.pos:], quote):
			p.pos += len(quote)
			return nil
		case c == 0 || s.bytes && c >= 0x80:
			return ErrNoLiteral
		case c != '\\':
			b.WriteByte(c)
			p.pos++
		case p.pos+1 == len(p.text):
			return ErrNoLiteral
		case s.raw:
			_, size := utf8.DecodeRuneInString(p.text[p.pos+1:])
			b.WriteString(p.text[p.pos : p.pos+1+size])
			p.pos += 1 + size
		default:
			if err := p.escape(s, b); err != nil {
				return err
			}
		}
	}
	return ErrNoLiteral
}

var pyEscapes = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11}

// escape reads what follows a backslash. One that means nothing stays as it is.
func (p *pyParser) escape(s pyString, b *strings.Builder) error {
	c := p.text[p.pos+1]
	if plain, ok := pyEscapes[c]; ok {
		p.pos += 2
		return b.WriteByte(plain)
	}
	if c >= '0' && c <= '7' {
		end := p.pos + 2
		for end < len(p.text) && end < p.pos+4 && p.text[end] >= '0' && p.text[end] <= '7' {
			end++
		}
		return p.code(s, b, p.text[p.pos+1:end], 8, end)
	}
	size := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	switch {
	case c == 'N' && !s.bytes:
		return errors.New(`\N{...} in a string is not supported; write the character itself`)
	case size == 0 || s.bytes && c != 'x':
		b.WriteByte('\\')
		p.pos++
		return nil
	case p.pos+2+size > len(p.text):
		return ErrNoLiteral
	}
	return p.code(s, b, p.text[p.pos+2:p.pos+2+size], 16, p.pos+2+size)
}

// code writes the character of a number.
func (p *pyParser) code(s pyString, b *strings.Builder, digits string, base, end int) error {
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune {
		return ErrNoLiteral
	}
	p.pos = end
	if s.bytes {
		return b.WriteByte(byte(n))
	}
	if !utf8.ValidRune(rune(n)) {
		return errors.New("half a character, which is not supported")
	}
	b.WriteRune(rune(n))
	return nil
}
