package pyre_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/providers/pyre"
)

// python is what Python's re makes of a pattern and a text.
type python struct {
	Pattern, Text           string
	Fold, Multiline, DotAll bool
	Wrong                   bool // it does not compile
	All                     [][][2]int
	Whole                   [][2]int
}

// TestBesidePython has what testdata/python.py wrote; FROYO_PYRE names another file of it, of any size.
func TestBesidePython(t *testing.T) {
	f, err := os.Open(cmp.Or(os.Getenv("FROYO_PYRE"), "testdata/python.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c python
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		c.check(t)
	}
}

func (c *python) check(t *testing.T) {
	t.Helper()
	flags := pyre.Flags{IgnoreCase: c.Fold, Multiline: c.Multiline, DotAll: c.DotAll}
	p, err := pyre.Compile(c.Pattern, flags, time.Minute)
	if err != nil || c.Wrong {
		if err == nil || !c.Wrong {
			t.Errorf("%q: %v; in Python it is wrong: %v", c.Pattern, err, c.Wrong)
		}
		return
	}
	all, err := p.FindAll(t.Context(), c.Text, 1000, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([][][2]int, len(all))
	for n, m := range all {
		got[n] = spans(p, m)
	}
	if diff := gocmp.Diff(c.All, got); diff != "" {
		t.Errorf("%q in %q: -Python +froyo:\n%s", c.Pattern, c.Text, diff)
	}
	flags.Whole = true
	if p, err = pyre.Compile(c.Pattern, flags, time.Minute); err != nil {
		t.Fatal(err)
	}
	m, err := p.At(t.Context(), c.Text)
	if err != nil {
		t.Fatal(err)
	}
	if (m == nil) != (c.Whole == nil) {
		t.Errorf("%q as a whole in %q: %v, in Python %v", c.Pattern, c.Text, m, c.Whole)
	}
}

func spans(p *pyre.Pattern, m *pyre.Match) [][2]int {
	all := make([][2]int, p.Groups()+1)
	for n := range all {
		all[n] = [2]int{-1, -1}
		if from, to := m.Span(n); from >= 0 {
			all[n] = [2]int{from, to}
		}
	}
	return all
}

// TestTooLong: a match ends by its time, its context, and what it may keep.
func TestTooLong(t *testing.T) {
	const slow = "(a*)*b"
	text := strings.Repeat("a", 40)
	p, err := pyre.Compile("("+slow+"|(a+)+c)", pyre.Flags{}, 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Search(t.Context(), text); err == nil || !strings.Contains(err.Error(), "takes too long") {
		t.Errorf("got %v, want it to take too long", err)
	}
	if p, err = pyre.Compile("("+slow+"|(a+)+c)", pyre.Flags{}, time.Hour); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Search(ctx, text); err == nil || err.Error() != context.DeadlineExceeded.Error() {
		t.Errorf("got %v, want the context's end", err)
	}
	if p, err = pyre.Compile("(){1000000000}", pyre.Flags{}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Search(t.Context(), text); err == nil {
		t.Error("a thousand million groups were kept")
	}
}

// TestLongTexts: what repeats over a long text does not recurse.
func TestLongTexts(t *testing.T) {
	text := strings.Repeat("ab", 200_000)
	for _, pattern := range []string{"(?:a|b)*", "(a|b)*?$", "(?:ab)+", "(?:(a)|(b))++", ".*", "(?=(?:a|b)*)(?:ab)*"} {
		p, err := pyre.Compile(pattern, pyre.Flags{}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.Search(t.Context(), text)
		if err != nil || m == nil {
			t.Fatalf("%s: %v", pattern, err)
		}
		if _, to := m.Span(0); to != len(text) {
			t.Errorf("%s ends at %d", pattern, to)
		}
	}
}
