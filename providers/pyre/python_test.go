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
	if _, err := p.Search(t.Context(), text); err == nil || !strings.Contains(err.Error(), "in too many ways on this text: it would have to keep more than 8388608") {
		t.Errorf("a thousand million groups were kept: %v", err)
	}
}

// TestReplacement: what a replacement may say, and how large what it makes may be.
func TestReplacement(t *testing.T) {
	for _, tt := range []struct{ pattern, text, template, want, says string }{
		{"a", "a", `\377\08\000`, "\u00ff\x008\x00", ""},
		{"a", "a", `\400`, "", `octal escape value \400 outside of range 0-0o377`},
		{"a", "a", `x\777`, "", `octal escape value \777 outside of range 0-0o377`},
		{"a", "a", `\40`, "", "invalid group reference 40"},
		{"x*", "abxc", "-", "-a-b--c-", ""},
		{".*", strings.Repeat("a", 1<<20), strings.Repeat(`\g<0>`, 65), "", "the text would have more than 67108864 bytes"},
	} {
		p, err := pyre.Compile(tt.pattern, pyre.Flags{}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Replace(t.Context(), tt.text, tt.template, 1000, nil)
		if got != tt.want || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q by %.40q: got %q, %v, want %q, %s", tt.pattern, tt.template, got, err, tt.want, tt.says)
		}
		m, err := p.Search(t.Context(), tt.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Expand(m, tt.template); (err == nil) != (tt.says == "") {
			t.Errorf("%.40q: %v", tt.template, err)
		}
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
