package repl

import (
	"fmt"
	"testing"
)

func TestScan(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`pk`, `-1 "" "" []`},
		{`pkg("nginx", st`, `-1 "pkg" "" []`},
		{`pkg("nginx", state = `, `-1 "pkg" "state" [state]`},
		{`pkg("nginx", state = "la`, `22 "pkg" "state" [state]`},
		{`pkg("nginx", state = "latest", `, `-1 "pkg" "" [state]`},
		{`f(g(1), x = [h(`, `-1 "h" "" []`},
		{`f(g(1), x = [h(2), `, `-1 "f" "x" [x]`},
		{`f(")", `, `-1 "f" "" []`},
		{`f(a == b, `, `-1 "f" "" []`},
		{`f(a >= `, `-1 "f" "" []`},
		{`f({"a": `, `-1 "" "" []`},
		{`"it's`, `1 "" "" []`},
		{`'''a 'b`, `3 "" "" []`},
		{`"a\"b`, `1 "" "" []`},
		{`x = "a" # "b`, `-1 "" "" []`},
		{"host(\"", `6 "host" "" []`},
	} {
		at := scan(tt.text)
		if got := fmt.Sprintf("%d %q %q %v", at.quoted, at.call, at.argument, at.given); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func TestPrimary(t *testing.T) {
	for text, want := range map[string]string{
		"x": "x", "1 + x.y": "x.y", `f(host("h1")`: `host("h1")`, `[host("a)b").facts`: `host("a)b").facts`,
		`hosts("x")[0]`: `hosts("x")[0]`, "(a + b)": "(a + b)", "if (a)": "(a)", ")": "", "": "", "a, b": "b",
	} {
		if got := primary(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, text := range []string{`pkg("a", b = [c("`, `)]}`, `'''`, "\"\\", "#\n(", `x.y[0]("a").`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if at := scan(text); at.quoted > len(text) {
			t.Errorf("%q: the text begins at %d", text, at.quoted)
		}
		_ = primary(text)
	})
}
