// Package pyre is regular expressions that mean what they mean in Python's re, matched within a time limit.
//
// It imports the standard library only, and of that neither fmt nor regexp: guests are made of it.
package pyre

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxPattern is how many bytes a pattern may have, and maxKept how many compiled ones are kept.
const (
	maxPattern = 64 << 10
	maxKept    = 1000
)

// Pattern is a compiled pattern. It may be used by several at once.
type Pattern struct {
	program *program
	names   map[string]int
	groups  int
	limit   time.Duration
}

// Flags of a pattern. DotAll is that a dot matches the end of a line, too, Whole that the pattern matches up to the end of the text.
type Flags struct{ IgnoreCase, Multiline, DotAll, Whole bool }

// forever is a limit that is none.
const forever = time.Duration(math.MaxInt64)

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
		return nil, errors.New("the pattern has more than " + strconv.Itoa(maxPattern) + " bytes")
	}
	k := key{pattern, f, limit}
	mu.Lock()
	p, ok := kept[k]
	mu.Unlock()
	if ok {
		return p, nil
	}
	read, tree, err := parse(pattern, flags{fold: f.IgnoreCase, multiline: f.Multiline, dotAll: f.DotAll})
	if err != nil {
		return nil, errors.New("the pattern " + strconv.Quote(pattern) + ": " + err.Error())
	}
	p = &Pattern{compile(tree, read.count, f.Whole), read.names, read.count, limit}
	mu.Lock()
	defer mu.Unlock()
	if len(kept) >= maxKept {
		clear(kept)
	}
	kept[k] = p
	return p, nil
}

// Groups is how many groups the pattern has.
func (p *Pattern) Groups() int { return p.groups }

// Number is the number of a group with a name.
func (p *Pattern) Number(name string) (int, error) {
	if n, ok := p.names[name]; ok {
		return n, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n <= p.groups {
		return n, nil
	}
	return 0, errors.New("no such group: " + name)
}

// Replace replaces all matches by a template as Python's sub() reads it.
func (p *Pattern) Replace(ctx context.Context, s, template string, most int, step func(n int) error) (string, error) {
	parts, err := p.template(template)
	if err != nil {
		return "", err
	}
	text := []rune(s)
	var b strings.Builder
	last := 0
	err = p.each(ctx, text, most, step, func(m *Match) error {
		b.WriteString(string(text[last:m.spans[0]]))
		last = m.spans[1]
		return m.fill(&b, parts)
	})
	if err != nil {
		return "", err
	}
	b.WriteString(string(text[last:]))
	return b.String(), nil
}

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
			return errors.New("invalid group reference " + strconv.Itoa(n))
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
			if octal && n > 0o377 {
				return nil, errors.New(`octal escape value \` + s[i:i+used] + ` outside of range 0-0o377 in the replacement`)
			}
			i += used - 1
			if octal {
				text.WriteRune(rune(n))
			} else if err := group(n); err != nil {
				return nil, err
			}
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			return nil, errors.New(`bad escape \` + string(rune(c)) + ` in the replacement`)
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
			return int(v), 3, true
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
