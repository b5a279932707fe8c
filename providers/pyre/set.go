package pyre

import (
	"strings"
	"unicode"
)

// set is characters.
type set struct {
	any, line bool // any character, but for the end of a line
	not       bool
	fold      bool
	ascii     bool
	ranges    [][2]rune
	classes   string // letters of \d, \D, \s, \S, \w and \W
}

func (s *set) has(c rune) bool {
	if s.any {
		return !s.line || c != '\n'
	}
	in := s.holds(c)
	if s.fold && !in {
		in = alike(c, s.ascii, s.holds)
	}
	return in != s.not
}

func (s *set) holds(c rune) bool {
	for _, r := range s.ranges {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	for _, class := range s.classes {
		if isClass(class, c, s.ascii) {
			return true
		}
	}
	return false
}

func isClass(class, c rune, ascii bool) bool {
	switch class {
	case 'd':
		return c >= '0' && c <= '9' || !ascii && c > unicode.MaxASCII && unicode.Is(unicode.Nd, c)
	case 's':
		return isSpace(c, ascii)
	case 'w':
		return isWord(c, ascii)
	case 'D':
		return !isClass('d', c, ascii)
	case 'S':
		return !isClass('s', c, ascii)
	}
	return !isWord(c, ascii)
}

func isSpace(c rune, ascii bool) bool {
	switch {
	case c >= '\t' && c <= '\r', c == ' ':
		return true
	case ascii:
		return false
	case c >= 0x1c && c <= 0x1f, c == 0x85, c == 0xa0, c == 0x1680, c >= 0x2000 && c <= 0x200a:
		return true
	}
	return c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000
}

func isWord(c rune, ascii bool) bool {
	if c <= unicode.MaxASCII {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return !ascii && (unicode.IsLetter(c) || unicode.IsNumber(c))
}

// pairs are characters that Python takes for alike, but Unicode's simple folding does not.
var pairs = [...][]rune{{'i', 'I', '\u0130', '\u0131'}, {'\ufb05', '\ufb06'}, {'\u0390', '\u1fd3'}, {'\u03b0', '\u1fe3'}}

// alike reports whether is holds for a character that differs from c in its case alone.
func alike(c rune, ascii bool, is func(rune) bool) bool {
	if ascii {
		switch {
		case c >= 'a' && c <= 'z':
			return is(c - 'a' + 'A')
		case c >= 'A' && c <= 'Z':
			return is(c - 'A' + 'a')
		}
		return false
	}
	for r := unicode.SimpleFold(c); r != c; r = unicode.SimpleFold(r) {
		if is(r) {
			return true
		}
	}
	for _, pair := range pairs {
		for _, r := range pair {
			if r != c {
				continue
			}
			for _, r := range pair {
				if r != c && is(r) {
					return true
				}
			}
		}
	}
	return false
}

func same(a, b rune, f flags) bool {
	return a == b || f.fold && alike(a, f.ascii, func(r rune) bool { return r == b })
}

// class reads a set.
func (p *parser) class(f flags) (*node, error) {
	at := p.pos
	p.pos++
	s := &set{fold: f.fold, ascii: f.ascii, not: p.take('^')}
	for first := p.pos; ; {
		from := p.pos
		if p.next() == ']' && p.pos != first {
			p.pos++
			return &node{kind: oneOf, set: s}, nil
		}
		low, class, err := p.member(at)
		if err != nil {
			return nil, err
		}
		high := low
		if p.next() == '-' && p.pos+1 < len(p.in) && p.in[p.pos+1] != ']' {
			p.pos++
			var upper rune
			if high, upper, err = p.member(at); err != nil {
				return nil, err
			}
			if class != 0 || upper != 0 || high < low {
				return nil, wrong("bad character range "+string(p.in[from:p.pos]), from)
			}
		}
		if class != 0 {
			s.classes += string(class)
		} else {
			s.ranges = append(s.ranges, [2]rune{low, high})
		}
	}
}

// member reads a character of a set, or the letter of a class.
func (p *parser) member(at int) (r, class rune, err error) {
	c := p.next()
	if c < 0 {
		return 0, 0, wrong("unterminated character set", at)
	}
	if c != '\\' {
		p.pos++
		return c, 0, nil
	}
	if p.pos+1 < len(p.in) {
		switch c := p.in[p.pos+1]; {
		case strings.ContainsRune("dDsSwW", c):
			p.pos += 2
			return 0, c, nil
		case c == 'b':
			p.pos += 2
			return '\b', 0, nil
		case c >= '0' && c <= '7':
			p.pos++
			n := 0
			for _, digit := range p.while("01234567", 3) {
				n = n*8 + int(digit-'0')
			}
			if n > 0o377 {
				return 0, 0, wrong("octal escape value outside of range 0-0o377", p.pos)
			}
			return rune(n), 0, nil
		}
	}
	r, err = p.character()
	return r, 0, err
}
