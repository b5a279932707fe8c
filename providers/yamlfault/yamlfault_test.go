package yamlfault_test

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/providers/yamlfault"
)

// TestPlainWords has the library refuse what people write, and say so in words that tell them what to do.
func TestPlainWords(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"open bracket", "a: [1, 2\nb: 3\n", 0, "a list in brackets lacks a comma, or its ]"},
		{"nothing in a bracket", "all:\n  hosts:\n    a: [\n", 0, "a value is missing, or a bracket is not closed"},
		{"two colons", "a: b: c\n", 0, "a colon stands where none can be: quote the value, and check the indentation"},
		{"tab", "a:\n\tb: 1\n", 0, "a value begins with a tab, @ or `: quote it, and indent by blanks"},
		{"at sign", "a: @b\n", 0, "a value begins with a tab, @ or `: quote it, and indent by blanks"},
		{"no colon", "a: 1\nb\nc: 2\n", 0, "a line has no colon behind its name, or a quote is not closed"},
		{"indentation", "a:\n    b: 1\n  c: 2\n", 0, "the indentation does not fit to the lines above, or a quote is not closed"},
		{"open quote", "a: \"b\n", 0, "a quote is not closed"},
		{"escape", `a: "\q"`, 0, `a text in double quotes has a \ that means nothing: double it, or use single quotes`},
		{"star", "a: *\n", 0, "an alias (*) or anchor (&) has no name: quote a value that begins so"},
		{"twice", "a: 1\na: 2\n", 2, `mapping key "a" already defined at line 1`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var v map[string]any
			err := yaml.Unmarshal([]byte(tt.text), &v)
			if err == nil {
				t.Fatal("it is right")
			}
			got := yamlfault.Of(err)
			if len(got) != 1 || got[0].Text != tt.want || tt.line > 0 && got[0].Line != tt.line {
				t.Errorf("%v\ngot  %+v\nwant %q", err, got, tt.want)
			}
		})
	}
}
