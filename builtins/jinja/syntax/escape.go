package syntax

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// simpleEscapes are the escapes of one character.
var simpleEscapes = map[byte]string{
	'\n': "", '\\': `\`, '\'': "'", '"': `"`, 'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v",
}

// Unescape replaces Python's escapes in what stands between quotes.
func Unescape(s string) (string, error) { return unescape(s) }

// unescape replaces Python's escapes in what stands between quotes. An unknown escape stays as it is written.
func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		i++
		c := s[i]
		if plain, ok := simpleEscapes[c]; ok {
			b.WriteString(plain)
			i++
			continue
		}
		n, err := b.Len(), error(nil)
		switch {
		case c >= '0' && c <= '7':
			n = octal(&b, s[i:])
		case c == 'x':
			n, err = hex(&b, s[i:], 2)
		case c == 'u':
			n, err = hex(&b, s[i:], 4)
		case c == 'U':
			n, err = hex(&b, s[i:], 8)
		case c == 'N':
			err = errors.New(`\N{...} is not supported; write the character itself, or \u and its number`)
		case c >= utf8.RuneSelf:
			// Jinja writes such a character as an escape before it reads escapes, and the backslash takes that one's.
			r, size := utf8.DecodeRuneInString(s[i:])
			b.WriteByte('\\')
			b.WriteString(escapeOf(r))
			n = size
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
			n = 1
		}
		if err != nil {
			return "", err
		}
		i += n
	}
	return b.String(), nil
}

// escapeOf is a character's escape without the backslash.
func escapeOf(r rune) string {
	switch {
	case r <= 0xff:
		return fmt.Sprintf("x%02x", r)
	case r <= 0xffff:
		return fmt.Sprintf("u%04x", r)
	}
	return fmt.Sprintf("U%08x", r)
}

// octal writes the character of up to three octal digits, and returns how many there are.
func octal(b *strings.Builder, s string) int {
	n := 0
	var r rune
	for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
		r = r*8 + rune(s[n]-'0')
		n++
	}
	b.WriteRune(r)
	return n
}

// hex writes the character of an escape with a number of digits, and returns the escape's length.
func hex(b *strings.Builder, s string, digits int) (int, error) {
	if len(s) <= digits {
		return 0, fmt.Errorf(`\%c needs %d hexadecimal digits`, s[0], digits)
	}
	code, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil {
		return 0, fmt.Errorf(`\%c needs %d hexadecimal digits, got %q`, s[0], digits, s[1:1+digits])
	}
	if code > utf8.MaxRune || code >= 0xd800 && code < 0xe000 {
		return 0, fmt.Errorf(`\%s is no character`, s[:1+digits])
	}
	b.WriteRune(rune(code))
	return 1 + digits, nil
}
