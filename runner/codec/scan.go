package codec

import (
	"unicode/utf16"
	"unicode/utf8"
)

func (d *decoder) fail(message string) error { return d.failAt(d.pos, message) }

func (d *decoder) failAt(offset int, message string) error {
	return &Error{Offset: offset, Message: message}
}

// found names what stands at the position, never quoting the foreign text.
func (d *decoder) found() string {
	switch c := d.peek(); {
	case d.pos >= len(d.data):
		return "the end"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '-' || isDigit(c):
		return "a number"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c > ' ' && c < utf8.RuneSelf-1:
		return "'" + string(rune(c)) + "'"
	default:
		return "byte 0x" + string([]byte{hex[c>>4], hex[c&0xF]})
	}
}

// peek returns the byte at the position, 0 at the end (a byte that no value begins with).
func (d *decoder) peek() byte {
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

// space steps over white space, of which there is hardly ever any.
func (d *decoder) space() {
	if d.pos < len(d.data) && d.data[d.pos] <= ' ' {
		d.spaces()
	}
}

func (d *decoder) spaces() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return
		}
	}
}

func (d *decoder) literal(want string) error {
	if end := d.pos + len(want); end <= len(d.data) && string(d.data[d.pos:end]) == want {
		d.pos = end
		return nil
	}
	return d.fail("expected " + want)
}

func (d *decoder) boolean() (bool, error) {
	switch d.peek() {
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	}
	return false, d.fail("expected a boolean, found " + d.found())
}

// open steps over an opening bracket, and reports whether elements follow.
func (d *decoder) open(opening, closing byte) (more bool, err error) {
	if d.peek() != opening {
		what := "an object"
		if opening == '[' {
			what = "an array"
		}
		return false, d.fail("expected " + what + ", found " + d.found())
	}
	if d.depth == MaxDepth {
		return false, d.fail("nested too deep")
	}
	d.depth++
	d.pos++
	d.space()
	if d.peek() == closing {
		d.depth--
		d.pos++
		return false, nil
	}
	return true, nil
}

// more steps over what follows an element, and reports whether another one comes.
func (d *decoder) more(closing byte) (bool, error) {
	d.space()
	switch d.peek() {
	case ',':
		d.pos++
		d.space()
		return true, nil
	case closing:
		d.depth--
		d.pos++
		return false, nil
	}
	return false, d.fail("expected ',' or '" + string(rune(closing)) + "', found " + d.found())
}

// key reads a member's key and steps to its value.
func (d *decoder) key() ([]byte, error) {
	key, err := d.chars()
	if err != nil {
		return nil, err
	}
	return key, d.colon()
}

// colon steps over what stands between a key and its value.
func (d *decoder) colon() error {
	d.space()
	if d.peek() != ':' {
		return d.fail("expected ':', found " + d.found())
	}
	d.pos++
	d.space()
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number steps over a number and returns its text, and whether it has neither
// fraction nor exponent.
func (d *decoder) number() (lit []byte, integer bool, err error) {
	start := d.pos
	if d.peek() == '-' {
		d.pos++
	}
	if d.peek() == '0' {
		d.pos++
	} else if !d.digits() {
		if d.pos = start; d.peek() == '-' {
			return nil, false, d.fail("expected a digit after '-'")
		}
		return nil, false, d.fail("expected a number, found " + d.found())
	}
	integer = true
	if d.peek() == '.' {
		integer = false
		d.pos++
		if !d.digits() {
			return nil, false, d.fail("expected a digit after '.'")
		}
	}
	if c := d.peek(); c == 'e' || c == 'E' {
		integer = false
		d.pos++
		if c := d.peek(); c == '+' || c == '-' {
			d.pos++
		}
		if !d.digits() {
			return nil, false, d.fail("expected a digit in the exponent")
		}
	}
	return d.data[start:d.pos], integer, nil
}

// small reads a number of up to 18 digits and nothing else, and reports whether one stood there.
func (d *decoder) small() (n int64, ok bool) {
	data, start, i := d.data, d.pos, d.pos
	for ; i < len(data) && isDigit(data[i]); i++ {
		n = n*10 + int64(data[i]-'0')
	}
	switch {
	case i == start, i > start+18, data[start] == '0' && i > start+1:
		return 0, false
	case i < len(data) && (data[i] == '.' || data[i]|0x20 == 'e'):
		return 0, false
	}
	d.pos = i
	return n, true
}

func (d *decoder) digits() bool {
	start := d.pos
	for isDigit(d.peek()) {
		d.pos++
	}
	return d.pos > start
}

// chars reads a string. The bytes it returns may be part of the input; they are
// valid UTF-8, bad bytes and lone surrogates replaced by U+FFFD.
func (d *decoder) chars() ([]byte, error) {
	if d.peek() != '"' {
		return nil, d.fail("expected a string, found " + d.found())
	}
	d.pos++
	end := d.pos + plainRun(d.data[d.pos:])
	if end < len(d.data) && d.data[end] == '"' {
		part := d.data[d.pos:end]
		d.pos = end + 1
		return part, nil
	}
	return d.unquote(end)
}

// unfinished is the error of a string in which neither its end nor a fit byte comes.
func (d *decoder) unfinished() error {
	if d.pos < len(d.data) {
		return d.fail("control character in a string")
	}
	return d.fail("string has no end")
}

// unquote reads a string that is not as it looks from end on.
func (d *decoder) unquote(end int) ([]byte, error) {
	out := append(make([]byte, 0, 2*(end-d.pos)+16), d.data[d.pos:end]...)
	d.pos = end
	for {
		end := d.pos + plainRun(d.data[d.pos:])
		out = append(out, d.data[d.pos:end]...)
		d.pos = end
		switch c := d.peek(); {
		case c == '"':
			d.pos++
			return out, nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(d.data[d.pos:])
			out = utf8.AppendRune(out, r)
			d.pos += size
		default:
			return nil, d.unfinished()
		}
	}
}

// escape reads an escape sequence, both halves of a surrogate pair at once.
func (d *decoder) escape() (rune, error) {
	start := d.pos
	d.pos++ // the backslash
	c := d.peek()
	d.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, ok := d.hex4()
		if !ok {
			return 0, d.failAt(start, "expected four hex digits after \\u")
		}
		return d.surrogate(r), nil
	}
	return 0, d.failAt(start, "unknown escape sequence")
}

// surrogate joins r with the second half that may follow.
func (d *decoder) surrogate(r rune) rune {
	if !utf16.IsSurrogate(r) {
		return r
	}
	after := d.pos
	if d.pos+1 < len(d.data) && d.data[d.pos] == '\\' && d.data[d.pos+1] == 'u' {
		d.pos += 2
		if low, ok := d.hex4(); ok {
			if joined := utf16.DecodeRune(r, low); joined != utf8.RuneError {
				return joined
			}
		}
	}
	d.pos = after
	return utf8.RuneError
}

func (d *decoder) hex4() (rune, bool) {
	if d.pos+4 > len(d.data) {
		return 0, false
	}
	var r rune
	for _, c := range d.data[d.pos : d.pos+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	d.pos += 4
	return r, true
}
