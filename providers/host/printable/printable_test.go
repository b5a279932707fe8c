package printable

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		line  string
		lines string
	}{
		{"plain", "größer 日本 🙂", "größer 日本 🙂", "größer 日本 🙂"},
		{"lines", "a\n\tb\r\n", `a\n\tb`, "a\n    b"},
		{"lines for a terminal", "a\r\n\rb\r\nc", `a\r\n\rb\r\nc`, "a\n\\rb\nc"},
		{"terminal", "\x1b[31mred\x07\u009b0m", `\x1b[31mred\a\u009b0m`, `\x1b[31mred\a\u009b0m`},
		{"direction", "a\u202eb\u2066", `a\u202eb\u2066`, `a\u202eb\u2066`},
		{"bad bytes", "a\xff\xfeb\ufffd", `a\xff\xfeb\ufffd`, `a\xff\xfeb\ufffd`},
		{"NUL", "a\x00b", `a\x00b`, `a\x00b`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Line(test.text); got != test.line {
				t.Errorf("Line = %q, want %q", got, test.line)
			}
			if got := Lines(test.text); got != test.lines {
				t.Errorf("Lines = %q, want %q", got, test.lines)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b]0;title\x07b")
	f.Add(strings.Repeat("\xff", maxLines))
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{Line(text), Lines(text)} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) }) {
				t.Errorf("%q became %q", text, got)
			}
			if len(got) > maxLines+16 {
				t.Errorf("%d bytes became %d", len(text), len(got))
			}
		}
	})
}
