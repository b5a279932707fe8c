package pyre

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// kind is what a node of a pattern is.
type kind int

const (
	empty         kind = iota
	char               // one character
	oneOf              // one character of a set
	place              // a place between characters, of which r is the letter
	sequence           // of subs
	either             // of subs, the first that leads to a match
	group              // the sub, whose place is kept as n where that is not negative
	repeat             // of the sub
	backReference      // what group n matched
	look               // whether the sub matches here
	atomic             // the sub, whose first match is the only one
	choice             // the first sub where group n matched, else the second
)

// node is a part of a pattern.
type node struct {
	kind     kind
	flags    flags
	r        rune
	set      *set
	n        int
	min, max int // of a repetition; -1 is without end
	lazy     bool
	not      bool // looks for no match
	behind   int  // how many characters before this place it looks, -1 for ahead
	subs     []*node
}

// flags are how a part of a pattern is read.
type flags struct{ fold, multiline, dotAll, verbose, ascii bool }

// parser reads a pattern as Python's re does.
type parser struct {
	in     []rune
	pos    int
	names  map[string]int
	count  int          // groups that were begun
	open   map[int]bool // groups that have not ended
	widths [][2]int     // of the groups that have, by their numbers
	behind int          // the first group within the look behind that this place is in, 0 for none
	above  int          // the highest group that a choice names
	depth  int
}

// maxDepth bounds how deep groups are nested.
const maxDepth = 500

func wrong(text string, at int) error {
	return errors.New(text + " at position " + strconv.Itoa(at))
}

// parse reads a whole pattern.
func parse(pattern string, f flags) (*parser, *node, error) {
	p := &parser{in: []rune(pattern), names: map[string]int{}, open: map[int]bool{}, widths: make([][2]int, 1)}
	for beginsWithFlags(pattern) {
		flags, rest, _ := strings.Cut(pattern, ")")
		f.set(flags, true)
		p.pos, pattern = p.pos+len(flags)+1, rest
	}
	n, err := p.alternatives(f)
	switch {
	case err != nil:
		return nil, nil, err
	case p.pos < len(p.in):
		return nil, nil, wrong("unbalanced parenthesis", p.pos)
	case p.above > p.count:
		return nil, nil, errors.New("invalid group reference " + strconv.Itoa(p.above))
	}
	return p, n, nil
}

// beginsWithFlags reports whether flags of the whole pattern stand first: "(?im)".
func beginsWithFlags(pattern string) bool {
	rest, is := strings.CutPrefix(pattern, "(?")
	flags, _, closed := strings.Cut(rest, ")")
	return is && closed && flags != "" && strings.Trim(flags, "aiLmsux") == ""
}

func (f *flags) set(letters string, on bool) {
	for _, c := range letters {
		switch c {
		case 'i':
			f.fold = on
		case 'm':
			f.multiline = on
		case 's':
			f.dotAll = on
		case 'x':
			f.verbose = on
		case 'a':
			f.ascii = on
		case 'u':
			f.ascii = false
		}
	}
}

// next is the character at the present place, -1 at the end.
func (p *parser) next() rune {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return -1
}

// take passes over a character if it is the next one.
func (p *parser) take(c rune) bool {
	if p.next() != c {
		return false
	}
	p.pos++
	return true
}

// has reports whether a text comes next.
func (p *parser) has(text string) bool {
	for i, c := range text { // which is ASCII
		if p.pos+i >= len(p.in) || p.in[p.pos+i] != c {
			return false
		}
	}
	return true
}

// while takes characters of a set, up to a number.
func (p *parser) while(chars string, most int) string {
	from := p.pos
	for p.pos < len(p.in) && p.pos-from < most && strings.ContainsRune(chars, p.in[p.pos]) {
		p.pos++
	}
	return string(p.in[from:p.pos])
}

// alternatives reads up to a closing parenthesis or the end.
func (p *parser) alternatives(f flags) (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, wrong("groups are nested too deep", p.pos)
	}
	defer func() { p.depth-- }()
	all := &node{kind: either}
	for {
		n, err := p.sequence(f)
		if err != nil {
			return nil, err
		}
		if all.subs = append(all.subs, n); !p.take('|') {
			break
		}
	}
	if len(all.subs) == 1 {
		return all.subs[0], nil
	}
	return all, nil
}

func (p *parser) sequence(f flags) (*node, error) {
	all := &node{kind: sequence}
	for p.pos < len(p.in) && p.next() != '|' && p.next() != ')' {
		if f.verbose && p.space() {
			continue
		}
		at := p.pos
		least, most, is, err := p.quantifier()
		if err != nil {
			return nil, err
		}
		if is {
			if err := p.repeat(all, least, most, at); err != nil {
				return nil, err
			}
			continue
		}
		n, err := p.one(f)
		if err != nil {
			return nil, err
		}
		if n != nil {
			all.subs = append(all.subs, n)
		}
	}
	return all, nil
}

// space passes over a space or a comment of a verbose pattern.
func (p *parser) space() bool {
	if p.next() == '#' {
		for p.pos < len(p.in) && !p.take('\n') {
			p.pos++
		}
		return true
	}
	return p.while(" \t\n\r\v\f", 1) != ""
}

// maxRepeat bounds what stands in braces.
const maxRepeat = 1 << 31

// quantifier reads how often what stands before it is repeated.
func (p *parser) quantifier() (least, most int, is bool, err error) {
	from := p.pos
	switch p.next() {
	case '*':
		p.pos++
		return 0, -1, true, nil
	case '+':
		p.pos++
		return 1, -1, true, nil
	case '?':
		p.pos++
		return 0, 1, true, nil
	case '{':
	default:
		return 0, 0, false, nil
	}
	const digits = "0123456789"
	p.pos++
	if p.next() == '}' {
		p.pos = from
		return 0, 0, false, nil
	}
	low := p.while(digits, len(p.in))
	high := low
	if p.take(',') {
		high = p.while(digits, len(p.in))
	}
	if !p.take('}') {
		p.pos = from // it means itself
		return 0, 0, false, nil
	}
	most = -1
	if low != "" {
		least, err = strconv.Atoi(low)
	}
	if high != "" && err == nil {
		most, err = strconv.Atoi(high)
	}
	if err != nil || least >= maxRepeat || most >= maxRepeat {
		return 0, 0, false, wrong("the repetition number is too large", from)
	}
	if most >= 0 && most < least {
		return 0, 0, false, wrong("min repeat greater than max repeat", from)
	}
	return least, most, true, nil
}

// repeat makes the last node of a sequence a repetition.
func (p *parser) repeat(all *node, least, most, at int) error {
	if len(all.subs) == 0 {
		return wrong("nothing to repeat", at)
	}
	last := all.subs[len(all.subs)-1]
	switch {
	case last.kind == place:
		return wrong("nothing to repeat", at)
	case last.kind == repeat, last.kind == atomic && last.not:
		return wrong("multiple repeat", at)
	}
	n := &node{kind: repeat, min: least, max: most, subs: []*node{last}}
	if p.take('?') {
		n.lazy = true
	} else if p.take('+') {
		n = &node{kind: atomic, not: true, subs: []*node{n}} // not says that it is a repetition
	}
	all.subs[len(all.subs)-1] = n
	return nil
}

// one reads what is no quantifier; nil is nothing at all, such as a comment.
func (p *parser) one(f flags) (*node, error) {
	c := p.in[p.pos]
	switch c {
	case '\\':
		return p.escape(f)
	case '[':
		return p.class(f)
	case '(':
		return p.group(f)
	}
	p.pos++
	switch c {
	case '.':
		return &node{kind: oneOf, set: &set{any: true, line: !f.dotAll}}, nil
	case '^':
		if f.multiline {
			return &node{kind: place, r: 'm'}, nil
		}
		return &node{kind: place, r: 'A'}, nil
	case '$':
		if f.multiline {
			return &node{kind: place, r: '$'}, nil
		}
		return &node{kind: place, r: 'z'}, nil
	}
	return &node{kind: char, r: c, flags: f}, nil
}

// escape reads a backslash and what follows, outside of a set.
func (p *parser) escape(f flags) (*node, error) {
	at := p.pos
	if at+1 >= len(p.in) {
		return nil, wrong("bad escape (end of pattern)", at)
	}
	c := p.in[at+1]
	switch c {
	case 'A', 'Z', 'b', 'B':
		p.pos += 2
		return &node{kind: place, r: c, flags: f}, nil
	case 'd', 'D', 's', 'S', 'w', 'W':
		p.pos += 2
		return &node{kind: oneOf, set: &set{classes: string(c), ascii: f.ascii}}, nil
	}
	if c >= '1' && c <= '9' {
		p.pos++
		if n, is := p.octal(); is {
			return p.code(n, f, at)
		}
		n, _ := strconv.Atoi(p.while("0123456789", 2))
		return p.refer(n, f, at)
	}
	r, err := p.character()
	return &node{kind: char, r: r, flags: f}, err
}

// octal reads three octal digits.
func (p *parser) octal() (int, bool) {
	from := p.pos
	digits := p.while("01234567", 3)
	if len(digits) < 3 {
		p.pos = from
		return 0, false
	}
	n, _ := strconv.ParseInt(digits, 8, 32)
	return int(n), true
}

func (p *parser) code(n int, f flags, at int) (*node, error) {
	if n > 0o377 {
		return nil, wrong("octal escape value outside of range 0-0o377", at)
	}
	return &node{kind: char, r: rune(n), flags: f}, nil
}

// refer is a reference to a group, which has to be there and to have ended.
func (p *parser) refer(n int, f flags, at int) (*node, error) {
	switch {
	case n > p.count:
		return nil, wrong("invalid group reference "+strconv.Itoa(n), at)
	case p.open[n]:
		return nil, wrong("cannot refer to an open group", at)
	}
	if err := p.outside(n, at); err != nil {
		return nil, err
	}
	return &node{kind: backReference, n: n, flags: f}, nil
}

// outside refuses, within a look behind, a group that has not ended before it.
func (p *parser) outside(n, at int) error {
	if p.behind > 0 && (n >= p.behind || p.open[n]) {
		return wrong("cannot refer to a group of the same look-behind", at)
	}
	return nil
}

// simple are the escapes that a letter stands for.
var simple = map[rune]rune{'a': '\a', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// character reads an escape that is a character, in a set or outside.
func (p *parser) character() (rune, error) {
	at := p.pos
	if p.pos+1 >= len(p.in) {
		return 0, wrong("bad escape (end of pattern)", at)
	}
	c := p.in[p.pos+1]
	p.pos += 2
	if r, ok := simple[c]; ok {
		return r, nil
	}
	switch {
	case c == 'x' || c == 'u' || c == 'U':
		n := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
		digits := p.while("0123456789abcdefABCDEF", n)
		code, err := strconv.ParseUint(digits, 16, 32)
		if len(digits) < n || err != nil || code > unicode.MaxRune {
			return 0, wrong(`incomplete escape \`+string(c)+digits, at)
		}
		return rune(code), nil
	case c == '0':
		n, _ := strconv.ParseUint("0"+p.while("01234567", 2), 8, 16)
		return rune(n), nil
	case c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)):
		return 0, wrong(`bad escape \`+string(c), at)
	}
	return c, nil
}
