package pyre

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// Match is where a pattern matches.
type Match struct {
	text  []rune // what was searched
	spans []int  // of each group its beginning and its end; -1 where it did not take part
}

// errTooLong is a match that was ended.
var errTooLong = errors.New("the regular expression takes too long on this text")

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
	for _, part := range parts {
		if part.group < 0 {
			b.WriteString(part.text)
			continue
		}
		group, _ := m.Group(part.group)
		b.WriteString(group)
	}
	return b.String(), nil
}

// match keeps what is needed of the library's match.
func (p *Pattern) match(text []rune, found *regexp2.Match) *Match {
	m := &Match{text: text, spans: make([]int, 2*(p.groups+1))}
	for n := range p.groups + 1 {
		m.spans[2*n] = -1
		if g := found.GroupByNumber(n); g != nil && len(g.Captures) > 0 {
			m.spans[2*n], m.spans[2*n+1] = g.Index, g.Index+g.Length
		}
	}
	return m
}

// Search finds the first match, or nil. It ends when the context is done.
func (p *Pattern) Search(ctx context.Context, s string) (*Match, error) {
	return within(ctx, func() (*Match, error) {
		text := []rune(s)
		found, err := p.re.FindRunesMatch(text)
		switch {
		case err != nil:
			return nil, errTooLong
		case found == nil:
			return nil, nil
		}
		return p.match(text, found), nil
	})
}

// At finds a match at the beginning, or nil.
func (p *Pattern) At(ctx context.Context, s string) (*Match, error) {
	m, err := p.Search(ctx, s)
	if m != nil && m.spans[0] > 0 {
		return nil, err
	}
	return m, err
}

// FindAll returns all matches, up to a number. step, which may be nil, is told how many were found; its error ends it.
func (p *Pattern) FindAll(ctx context.Context, s string, most int, step func(n int) error) ([]*Match, error) {
	text := []rune(s)
	next := func() (*regexp2.Match, error) { return p.re.FindRunesMatch(text) }
	var out []*Match
	for next != nil {
		part, err := within(ctx, func() (batch, error) { return p.batch(text, next) })
		if err != nil {
			return nil, err
		}
		if out = append(out, part.matches...); len(out) > most {
			return nil, fmt.Errorf("the regular expression has more than %d matches", most)
		}
		if step != nil {
			if err := step(len(part.matches)); err != nil {
				return nil, err
			}
		}
		next = part.next
	}
	return out, nil
}

// batch are some matches, and how to find those behind them; next is nil where there are no more.
type batch struct {
	matches []*Match
	next    func() (*regexp2.Match, error)
}

// batchTime is for how long matches are looked for before they are counted.
const batchTime = 10 * time.Millisecond

func (p *Pattern) batch(text []rune, next func() (*regexp2.Match, error)) (batch, error) {
	var out batch
	for until := time.Now().Add(batchTime); time.Now().Before(until); {
		found, err := next()
		switch {
		case err != nil:
			return out, errTooLong
		case found == nil:
			return out, nil
		}
		out.matches = append(out.matches, p.match(text, found))
		next = func() (*regexp2.Match, error) { return p.re.FindNextMatch(found) }
	}
	out.next = next
	return out, nil
}

// within does work on a goroutine of its own: the library cannot be interrupted while it matches. When the context is
// done, the caller goes on at once, and the work ends by the time limit of its match.
func within[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		var out outcome
		defer func() {
			if failed := recover(); failed != nil {
				out.err = fmt.Errorf("the regular expression failed: %v", failed)
			}
			done <- out
		}()
		out.value, out.err = work()
	}()
	select {
	case out := <-done:
		return out.value, out.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
