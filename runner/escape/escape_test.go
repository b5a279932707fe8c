package escape_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/escape"
)

func TestEscape(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "nothing to do: 1 < 2", "nothing to do: 1 < 2"},
		{"letters of others", "größe 日本 🍦", "größe 日本 🍦"},
		{"escape sequence", "\x1b[2J\x1b]0;x\x07", `\x1b[2J\x1b]0;x\x07`},
		{"line ends", "a\r\nb\tc", `a\r\nb\tc`},
		{"backslash", `a\x1b`, `a\\x1b`},
		{"C1 control", "a\u009bb", `a\u{9b}b`},
		{"reordering", "a\u202eb\u2066c", `a\u{202e}b\u{2066}c`},
		{"zero width", "a\u200bb\ufeff", `a\u{200b}b\u{feff}`},
		{"line separator", "a\u2028b", `a\u{2028}b`},
		{"not UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"replacement character", "a\ufffd", "a\ufffd"},
		{"tags", "a\U000e0041", `a\u{e0041}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := escape.Text(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b[0m")
	f.Add("\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		got := escape.Text(text)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("%q shows as %q", text, got)
		}
	})
}
