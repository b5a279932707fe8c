package text

import (
	"context"
	"math"
	"strconv"

	"github.com/openfroyo/froyo/providers/pyre"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// pattern is a regular expression of Python's; a nil one matches nothing.
type pattern struct {
	t  *sdk.T
	re *pyre.Pattern
}

// compile fails the unit where a pattern is not valid.
func compile(t *sdk.T, argument, text string, f pyre.Flags) *pattern {
	if text == "" {
		return nil
	}
	re, err := pyre.Compile(text, f, math.MaxInt64) // the host bounds the time of a call
	if err != nil {
		t.Fail(op.Permanent, argument+": "+err.Error(), "", "patterns are those of Python's re; escape what is meant as it is, such as \\. and \\(")
	}
	return &pattern{t, re}
}

// search finds the first match, or nil.
func (p *pattern) search(s string) *pyre.Match {
	if p == nil {
		return nil
	}
	m, err := p.re.Search(context.Background(), s)
	p.must(err)
	return m
}

// replace replaces all matches by a template, and counts nothing.
func (p *pattern) replace(s, template string) string {
	out, err := p.re.Replace(context.Background(), s, template, op.MaxText, nil)
	p.must(err)
	return out
}

// expand fills a template with the groups of a match.
func (p *pattern) expand(m *pyre.Match, template string) string {
	out, err := p.re.Expand(m, template)
	p.must(err)
	return out
}

func (p *pattern) must(err error) {
	if err != nil {
		p.t.Fail(op.Permanent, err.Error(), "", "")
	}
}

// group is the number of a named group.
func (p *pattern) group(name string) int {
	n, err := p.re.Number(name)
	p.must(err)
	return n
}

func quote(s string) string { return strconv.Quote(s) }
