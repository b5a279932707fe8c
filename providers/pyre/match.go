package pyre

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Match is where a pattern matches.
type Match struct {
	text  []rune // what was searched
	spans []int  // of each group its beginning and its end; -1 where it did not take part
}

// errTooLong is a match that was ended.
var errTooLong = errors.New("the regular expression takes too long on this text")

// errTooLarge is a match that was ended because of what it would have to keep in memory.
var errTooLarge = errors.New("the regular expression can match in too many ways on this text: it would have to keep more than " + strconv.Itoa(maxStack) +
	" of them, such as one for each repetition of a group; a set [ab] in the place of a group (a|b) keeps one for all")

// Group is the text of a group; ok is false where it did not take part. Group 0 is the whole match.
func (m *Match) Group(n int) (text string, ok bool) {
	if 2*n >= len(m.spans) || m.spans[2*n] < 0 {
		return "", false
	}
	return string(m.text[m.spans[2*n]:m.spans[2*n+1]]), true
}

// Span is where a group begins and ends, in characters; -1 where it did not take part.
func (m *Match) Span(n int) (from, to int) {
	if 2*n >= len(m.spans) {
		return -1, -1
	}
	return m.spans[2*n], m.spans[2*n+1]
}

// Expand fills a template as Python's expand() does; a group that did not take part is empty.
func (p *Pattern) Expand(m *Match, template string) (string, error) {
	parts, err := p.template(template)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = m.fill(&b, parts)
	return b.String(), err
}

// fill writes a template that is filled with the groups of a match, behind what is there.
func (m *Match) fill(b *strings.Builder, parts []part) error {
	for _, part := range parts {
		text := part.text
		if part.group >= 0 {
			text, _ = m.Group(part.group)
		}
		if b.Len()+len(text) > maxResult {
			return errResult
		}
		b.WriteString(text)
	}
	return nil
}

// errResult is a text that would become too large.
var errResult = errors.New("the text would have more than " + strconv.Itoa(maxResult) + " bytes")

// find finds the first match from a place on, nil for none. An empty one may not be at not.
func (p *Pattern) find(l *limits, text []rune, from, not int) (*Match, error) {
	return p.findUpTo(l, text, from, len(text), not)
}

// findUpTo finds the first match that begins between two places.
func (p *Pattern) findUpTo(l *limits, text []rune, from, last, not int) (*Match, error) {
	if p.limit < forever && l.until.IsZero() { // of all that is found with these limits
		l.until = time.Now().Add(p.limit)
	}
	m := machine{limits: l, code: p.program.code, text: text, slots: make([]int, p.program.slots), not: not, stack: l.stack[:0]}
	defer func() { l.stack = m.stack }()
	for range stepsOfSearch {
		l.spend()
	}
	for ; from <= last && l.spend(); from++ {
		if p.program.filtered && (from == len(text) || !p.program.mayBegin(text[from])) {
			continue
		}
		for n := range m.slots {
			m.slots[n] = -1
		}
		m.slots[0] = from
		m.stack = m.stack[:0]
		if m.slots[1] = m.run(0, from, true); m.slots[1] >= 0 && l.err == nil {
			return &Match{text: text, spans: m.spans(p.groups)}, nil
		}
	}
	return nil, l.err
}

// spans are the places of the groups that took part.
func (m *machine) spans(groups int) []int {
	spans := m.slots[: 2*(groups+1) : 2*(groups+1)]
	for n := 0; n < len(spans); n += 2 {
		if spans[n+1] < 0 {
			spans[n] = -1
		}
		if spans[n] < 0 {
			spans[n+1] = 0
		}
	}
	return spans
}

// Search finds the first match, or nil. It ends when the context is done.
func (p *Pattern) Search(ctx context.Context, s string) (*Match, error) {
	return p.find(&limits{ctx: ctx}, []rune(s), 0, -1)
}

// At finds a match at the beginning, or nil.
func (p *Pattern) At(ctx context.Context, s string) (*Match, error) {
	text := []rune(s)
	return p.findUpTo(&limits{ctx: ctx}, text, 0, 0, -1)
}

// stepsOfSearch is how many steps a search costs beside those that it makes.
const stepsOfSearch = 8

// stepsToTell is how many matches are found before step is told.
const stepsToTell = 1000

// FindAll returns all matches, up to a number. step, which may be nil, is told how many were found; its error ends it.
func (p *Pattern) FindAll(ctx context.Context, s string, most int, step func(n int) error) ([]*Match, error) {
	var out []*Match
	err := p.each(ctx, []rune(s), most, step, func(m *Match) error {
		out = append(out, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each does something with each match, up to a number.
func (p *Pattern) each(ctx context.Context, text []rune, most int, step func(n int) error, do func(m *Match) error) error {
	l, found, told := &limits{ctx: ctx}, 0, 0
	tell := func() error {
		if step == nil || told == found {
			return nil
		}
		n := found - told
		told = found
		return step(n)
	}
	for from, not := 0, -1; ; {
		m, err := p.find(l, text, from, not)
		if err != nil {
			return err
		}
		if m == nil {
			return tell()
		}
		if found++; found > most {
			return errors.New("the regular expression has more than " + strconv.Itoa(most) + " matches")
		}
		if err := do(m); err != nil {
			return err
		}
		if found-told >= stepsToTell {
			if err := tell(); err != nil {
				return err
			}
		}
		if from, not = m.spans[1], -1; m.spans[0] == m.spans[1] {
			not = from
		}
	}
}
