package codec

import "unicode/utf8"

// skip checks a value's syntax and steps over it. It is one loop that keeps to
// local variables, because calls and memory are what costs in guests; whatever is
// not in its usual form is left to the functions below.
func (d *decoder) skip() error {
	data, i, outer := d.data, d.pos, d.depth
	var objects uint64 // bit n is set where the bracket at depth n is an object's
	for {
		more := false
		if end := plainText(data, i); end > 0 {
			i = end
		} else {
			var err error
			d.pos = i
			if more, err = d.begin(&objects); err != nil {
				return err
			}
			i = d.pos
		}
		for !more {
			if d.depth == outer {
				d.pos = i
				return nil
			}
			if i < len(data) && data[i] == ',' {
				i++
				break
			}
			var err error
			d.pos = i
			if more, err = d.more(closing(objects, d.depth)); err != nil {
				return err
			}
			i = d.pos
		}
		if objects>>(d.depth-1)&1 == 0 {
			continue
		}
		if end := plainText(data, i); end > 0 && end < len(data) && data[end] == ':' {
			i = end + 1
			continue
		}
		d.pos = i
		if err := d.skipKey(); err != nil {
			return err
		}
		i = d.pos
	}
}

// span steps over a value by its brackets and quotes alone.
func (d *decoder) span() error {
	if c := d.peek() | 0x20; c != '{' { // nor a square one
		return d.skip()
	}
	data, opened := d.data, 0
	for i := d.pos; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			end := plainText(data, i)
			if end == 0 {
				d.pos = i
				if err := d.skipText(); err != nil {
					return err
				}
				end = d.pos
			}
			i = end - 1
		case c|0x20 == '{':
			opened++
		case c|0x20 == '}':
			if opened--; opened == 0 {
				d.pos = i + 1
				return nil
			}
		}
	}
	d.pos = len(data)
	return d.fail("a bracket is not closed")
}

// plainText returns where the string that begins at i ends, if it stands for
// itself, else 0.
func plainText(data []byte, i int) int {
	if i >= len(data) || data[i] != '"' {
		return 0
	}
	i++
	if i += plainRun(data[i:]); i < len(data) && data[i] == '"' {
		return i + 1
	}
	return 0
}

func closing(objects uint64, depth int) byte {
	if objects>>(depth-1)&1 == 0 {
		return ']'
	}
	return '}'
}

// begin steps over a value, or over the bracket that opens it, and reports
// whether elements follow then.
func (d *decoder) begin(objects *uint64) (more bool, err error) {
	d.space()
	switch c := d.peek(); {
	case c == '-' || isDigit(c):
		_, _, err = d.number()
	case c == 't' || c == 'f':
		_, err = d.boolean()
	case c == '{':
		*objects |= 1 << d.depth
		return d.open('{', '}')
	case c == '[':
		*objects &^= 1 << d.depth
		return d.open('[', ']')
	case c == '"':
		err = d.skipText()
	case c == 'n':
		err = d.literal("null")
	default:
		err = d.fail("expected a value, found " + d.found())
	}
	return false, err
}

// skipKey checks a member's key and steps to its value.
func (d *decoder) skipKey() error {
	d.space()
	if d.peek() != '"' {
		return d.fail("expected a string, found " + d.found())
	}
	if err := d.skipText(); err != nil {
		return err
	}
	return d.colon()
}

// skipText checks a string's syntax and steps over it.
func (d *decoder) skipText() error {
	d.pos++
	for {
		d.pos += plainRun(d.data[d.pos:])
		switch c := d.peek(); {
		case c == '"':
			d.pos++
			return nil
		case c == '\\':
			if _, err := d.escape(); err != nil {
				return err
			}
		case c >= utf8.RuneSelf:
			d.pos++
		default:
			return d.unfinished()
		}
	}
}
