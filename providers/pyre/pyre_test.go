package pyre_test

import (
	"testing"
	"time"

	"github.com/openfroyo/froyo/providers/pyre"
)

func TestWrongPatterns(t *testing.T) {
	for _, pattern := range []string{"(", ")", "[", "a**", "*", "(?P<x", `\`, "a{2,1}", "(?z)"} {
		if _, err := pyre.Compile(pattern, pyre.Flags{}, time.Second); err == nil {
			t.Errorf("%q compiles, as in Python it does not", pattern)
		}
	}
}

// TestEscape: what is escaped matches itself, and nothing else of the same length.
func TestEscape(t *testing.T) {
	for _, text := range []string{"a.b", "[x]", "a+b*c?", `\d`, "é ☃", "a\nb", "^$", "(a|b)", "{2}", "#-~&"} {
		p, err := pyre.Compile("^"+pyre.Escape(text)+"$", pyre.Flags{}, time.Second)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if m, err := p.Search(t.Context(), text); err != nil || m == nil {
			t.Errorf("%q does not match itself: %v", text, err)
		}
	}
}

// FuzzCompile: no pattern ends the process.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{"(a|b)+", `(?P<x>\w+)(?P=x)`, `[^\]\d]`, "(?i)a", "a{1,2}?", "(?<!a)b", `\Z`, "(?#c)", "[[a]", `\N{DASH}`} {
		f.Add(seed, "abab")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 200 {
			t.Skip("long ones take long and show no more")
		}
		p, err := pyre.Compile(pattern, pyre.Flags{}, 100*time.Millisecond)
		if err != nil {
			return
		}
		_, _ = p.Search(t.Context(), text) // it may take too long: that is an error
	})
}
