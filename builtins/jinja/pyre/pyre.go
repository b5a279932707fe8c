// Package pyre is regular expressions that mean what they mean in Python's re. They are matched by regexp2, with a time
// limit.
package pyre

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2"
)

// maxPattern is how many bytes a pattern may have, and maxKept how many compiled ones are kept.
const (
	maxPattern = 64 << 10
	maxKept    = 1000
)

// Pattern is a compiled pattern. It may be used by several at once.
type Pattern struct {
	re     *regexp2.Regexp
	names  map[string]int
	groups int
}

// Flags of a pattern.
type Flags struct{ IgnoreCase, Multiline bool }

type key struct {
	pattern string
	flags   Flags
	limit   time.Duration
}

var (
	mu   sync.Mutex
	kept = map[key]*Pattern{}
)

// Compile compiles a pattern; a match that takes longer than limit is ended.
func Compile(pattern string, f Flags, limit time.Duration) (*Pattern, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("the pattern has more than %d bytes", maxPattern)
	}
	k := key{pattern, f, limit}
	mu.Lock()
	p, ok := kept[k]
	mu.Unlock()
	if ok {
		return p, nil
	}
	text, names, groups, err := translate(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q: %w", pattern, err)
	}
	options := regexp2.RegexOptions(0)
	if f.IgnoreCase {
		options |= regexp2.IgnoreCase
	}
	if f.Multiline {
		options |= regexp2.Multiline
	}
	re, err := regexp2.Compile(text, options)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q is not valid", pattern)
	}
	re.MatchTimeout = limit
	p = &Pattern{re, names, groups}
	mu.Lock()
	defer mu.Unlock()
	if len(kept) >= maxKept {
		clear(kept)
	}
	kept[k] = p
	return p, nil
}

// Match is where a pattern matches.
type Match struct {
	p *Pattern
	m *regexp2.Match
}

// errTooLong is a match that was ended.
var errTooLong = errors.New("the regular expression takes too long on this text")

func (p *Pattern) wrap(m *regexp2.Match, err error) (*Match, error) {
	switch {
	case err != nil:
		return nil, errTooLong
	case m == nil:
		return nil, nil
	}
	return &Match{p, m}, nil
}

// Search finds the first match, or nil.
func (p *Pattern) Search(s string) (*Match, error) { return p.wrap(p.re.FindStringMatch(s)) }

// At finds a match at the beginning, or nil.
func (p *Pattern) At(s string) (*Match, error) {
	m, err := p.Search(s)
	if m != nil && m.m.Index > 0 {
		return nil, err
	}
	return m, err
}

// next finds the match behind another.
func (m *Match) next() (*Match, error) { return m.p.wrap(m.p.re.FindNextMatch(m.m)) }

// Groups is how many groups the pattern has.
func (p *Pattern) Groups() int { return p.groups }

// Group is the text of a group; ok is false where it did not take part. Group 0 is the whole match.
func (m *Match) Group(n int) (text string, ok bool) {
	g := m.m.GroupByNumber(n)
	if g == nil || len(g.Captures) == 0 {
		return "", false
	}
	return g.String(), true
}

// Number is the number of a group with a name.
func (p *Pattern) Number(name string) (int, error) {
	if n, ok := p.names[name]; ok {
		return n, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n <= p.groups {
		return n, nil
	}
	return 0, fmt.Errorf("no such group: %s", name)
}

// FindAll returns all matches, up to a number.
func (p *Pattern) FindAll(s string, most int) ([]*Match, error) {
	var out []*Match
	m, err := p.Search(s)
	for ; m != nil; m, err = m.next() {
		if out = append(out, m); len(out) > most {
			return nil, fmt.Errorf("the regular expression has more than %d matches", most)
		}
	}
	return out, err
}

// Replace replaces all matches by a template as Python's sub() reads it.
func (p *Pattern) Replace(s, template string, most int) (string, error) {
	parts, err := p.template(template)
	if err != nil {
		return "", err
	}
	all, err := p.FindAll(s, most)
	if err != nil {
		return "", err
	}
	runes := []rune(s)
	var b strings.Builder
	last := 0
	for _, m := range all {
		b.WriteString(string(runes[last:m.m.Index]))
		last = m.m.Index + m.m.Length
		for _, part := range parts {
			if part.group < 0 {
				b.WriteString(part.text)
				continue
			}
			text, _ := m.Group(part.group)
			b.WriteString(text)
		}
		if b.Len() > maxResult {
			return "", fmt.Errorf("the text would have more than %d bytes", maxResult)
		}
	}
	b.WriteString(string(runes[last:]))
	return b.String(), nil
}

// maxResult is how large a text may become.
const maxResult = 64 << 20

// part is a text of a template, or a group if that is not negative.
type part struct {
	text  string
	group int
}

// template reads \1, \g<name> and the escapes of a replacement.
func (p *Pattern) template(s string) ([]part, error) {
	var out []part
	var text strings.Builder
	group := func(n int) error {
		if n > p.groups {
			return fmt.Errorf("invalid group reference %d", n)
		}
		out = append(out, part{text.String(), -1}, part{"", n})
		text.Reset()
		return nil
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			text.WriteByte(s[i])
			continue
		}
		if i++; i >= len(s) {
			return nil, errors.New("bad escape (end of replacement)")
		}
		c := s[i]
		switch simple := strings.IndexByte("abfnrtv\\", c); {
		case simple >= 0:
			text.WriteByte("\a\b\f\n\r\t\v\\"[simple])
		case c == 'g':
			end := strings.IndexByte(s[i:], '>')
			if !strings.HasPrefix(s[i:], "g<") || end < 0 {
				return nil, errors.New("missing group name in the replacement")
			}
			n, err := p.Number(s[i+2 : i+end])
			if err != nil {
				return nil, err
			}
			if err := group(n); err != nil {
				return nil, err
			}
			i += end
		case c >= '0' && c <= '9':
			n, used, octal := reference(s[i:])
			i += used - 1
			if octal {
				text.WriteRune(rune(n))
			} else if err := group(n); err != nil {
				return nil, err
			}
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return nil, fmt.Errorf(`bad escape \%c in the replacement`, c)
		default:
			text.WriteByte('\\')
			text.WriteByte(c)
		}
	}
	return append(out, part{text.String(), -1}), nil
}

// reference reads the digits behind a backslash: an octal escape, or a group's number.
func reference(s string) (n, used int, octal bool) {
	isOctal := func(i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '7' }
	if s[0] == '0' {
		used = 1
		for used < 3 && isOctal(used) {
			used++
		}
		v, _ := strconv.ParseUint(s[:used], 8, 16)
		return int(v), used, true
	}
	used = 1
	if len(s) > 1 && s[1] >= '0' && s[1] <= '9' {
		used = 2
		if isOctal(0) && isOctal(1) && isOctal(2) {
			v, _ := strconv.ParseUint(s[:3], 8, 16)
			return int(v & 0xff), 3, true
		}
	}
	n, _ = strconv.Atoi(s[:used])
	return n, used, false
}

// Escape makes a pattern that matches a text.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
