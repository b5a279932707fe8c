package pyre

import (
	"strconv"
	"strings"
	"unicode"
)

// group reads what an opening parenthesis begins.
func (p *parser) group(f flags) (*node, error) {
	at := p.pos
	switch {
	case !p.has("(?"):
		p.pos++
		return p.capture(f, at)
	case p.has("(?P<"):
		name, err := p.name("(?P<", '>')
		if err != nil {
			return nil, err
		}
		if _, twice := p.names[name]; twice {
			return nil, wrong("redefinition of group name "+strconv.Quote(name), at)
		}
		p.names[name] = p.count + 1
		return p.capture(f, at)
	case p.has("(?P="):
		name, err := p.name("(?P=", ')')
		if err != nil {
			return nil, err
		}
		n, ok := p.names[name]
		if !ok {
			return nil, wrong("unknown group name "+strconv.Quote(name), at)
		}
		return p.refer(n, f, at)
	case p.has("(?("):
		return p.choice(f, at)
	case p.has("(?#"):
		for p.pos < len(p.in) {
			if p.pos++; p.in[p.pos-1] == ')' {
				return nil, nil //nolint:nilnil // a comment is nothing
			}
		}
		return nil, wrong("missing ), unterminated comment", at)
	case p.has("(?:"):
		p.pos += 3
		return p.inside(f, at, &node{kind: group, n: -1})
	case p.has("(?>"):
		p.pos += 3
		return p.inside(f, at, &node{kind: atomic})
	case p.has("(?="), p.has("(?!"):
		p.pos += 3
		return p.inside(f, at, &node{kind: look, behind: -1, not: p.in[at+2] == '!'})
	case p.has("(?<="), p.has("(?<!"):
		return p.lookBehind(f, at)
	}
	return p.scoped(f, at)
}

// inside reads the sub of a group, and the closing parenthesis.
func (p *parser) inside(f flags, at int, n *node) (*node, error) {
	sub, err := p.alternatives(f)
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		return nil, wrong("missing ), unterminated subpattern", at)
	}
	n.subs = []*node{sub}
	return n, nil
}

func (p *parser) capture(f flags, at int) (*node, error) {
	p.count++
	n := &node{kind: group, n: p.count}
	p.open[n.n] = true
	p.widths = append(p.widths, [2]int{})
	if _, err := p.inside(f, at, n); err != nil {
		return nil, err
	}
	p.widths[n.n][0], p.widths[n.n][1] = width(n, p.widths)
	delete(p.open, n.n)
	return n, nil
}

// lookBehind reads a look at what is before: the sub always matches as many characters.
func (p *parser) lookBehind(f flags, at int) (*node, error) {
	p.pos += 4
	if p.behind == 0 {
		p.behind = p.count + 1
		defer func() { p.behind = 0 }()
	}
	n, err := p.inside(f, at, &node{kind: look, not: p.in[at+3] == '!'})
	if err != nil {
		return nil, err
	}
	least, most := width(n.subs[0], p.widths)
	if least != most {
		return nil, wrong("look-behind requires fixed-width pattern", at)
	}
	n.behind = least
	return n, nil
}

// name reads a group's name between a prefix and a character.
func (p *parser) name(prefix string, end rune) (string, error) {
	at := p.pos
	from := p.pos + len(prefix)
	for i := from; i < len(p.in); i++ {
		if p.in[i] != end {
			continue
		}
		p.pos = i + 1
		name := string(p.in[from:i])
		if !isIdentifier(name) {
			return "", wrong("bad character in group name "+strconv.Quote(name), at)
		}
		return name, nil
	}
	return "", wrong("missing "+string(end)+", unterminated name", at)
}

func isIdentifier(name string) bool {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return name != ""
}

// choice reads (?(group)this|that).
func (p *parser) choice(f flags, at int) (*node, error) {
	p.pos += len("(?(")
	digits := p.while("0123456789", len(p.in))
	n, err := strconv.Atoi(digits)
	if digits != "" {
		if err != nil || n == 0 || n >= maxRepeat || !p.take(')') {
			return nil, wrong("bad group number", at)
		}
		p.above = max(p.above, n)
	} else {
		p.pos = at
		name, err := p.name("(?(", ')')
		if err != nil {
			return nil, err
		}
		var ok bool
		if n, ok = p.names[name]; !ok {
			return nil, wrong("unknown group name "+strconv.Quote(name), at)
		}
	}
	if err := p.outside(n, at); err != nil {
		return nil, err
	}
	out := &node{kind: choice, n: n}
	for len(out.subs) < 2 {
		sub, err := p.sequence(f)
		if err != nil {
			return nil, err
		}
		if out.subs = append(out.subs, sub); !p.take('|') {
			break
		}
		if len(out.subs) == 2 {
			return nil, wrong("conditional backref with more than two branches", at)
		}
	}
	if !p.take(')') {
		return nil, wrong("missing ), unterminated subpattern", at)
	}
	if len(out.subs) == 1 {
		out.subs = append(out.subs, &node{kind: empty})
	}
	return out, nil
}

// scoped reads (?i:...) and (?i-m:...).
func (p *parser) scoped(f flags, at int) (*node, error) {
	p.pos += len("(?")
	on := p.while("aiLmsux", len(p.in))
	off, minus := "", p.take('-')
	if minus {
		off = p.while("imsx", len(p.in))
	}
	switch {
	case p.next() == ')' && on != "" && !minus:
		return nil, wrong("global flags not at the start of the expression", at)
	case !p.take(':'), on == "" && !minus, minus && off == "":
		return nil, wrong("unknown extension "+string(p.in[at:min(at+3, len(p.in))]), at)
	case strings.ContainsAny(on, off) && off != "":
		return nil, wrong("bad inline flags: flag turned on and off", at)
	}
	f.set(on, true)
	f.set(off, false)
	return p.inside(f, at, &node{kind: group, n: -1, not: true}) // not says that it has flags
}

// width is how many characters a node matches at least and at most, -1 for without end, where groups are so wide.
func width(n *node, groups [][2]int) (least, most int) {
	switch n.kind {
	case char, oneOf:
		return 1, 1
	case sequence:
		for _, sub := range n.subs {
			l, m := width(sub, groups)
			least, most = bounded(least+l), more(most, m)
		}
	case either, choice:
		for i, sub := range n.subs {
			l, m := width(sub, groups)
			if i == 0 {
				least, most = l, m
				continue
			}
			least = min(least, l)
			if m < 0 || most >= 0 && m > most {
				most = m
			}
		}
	case group, atomic:
		return width(n.subs[0], groups)
	case repeat:
		l, m := width(n.subs[0], groups)
		least, most = bounded(l*n.min), -1
		if m == 0 || n.max == 0 {
			most = 0
		} else if m > 0 && n.max > 0 {
			most = bounded(m * n.max)
		}
	case backReference:
		return groups[n.n][0], groups[n.n][1]
	}
	return least, most
}

func more(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return bounded(a + b)
}

// maxWidth bounds what a width is reckoned with.
const maxWidth = 1 << 30

func bounded(n int) int { return min(n, maxWidth) }
