package complete

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBashWords(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		words      []string
		raw        string
	}{
		{"plain", "froyo plan", []string{"froyo", "plan"}, "plan"},
		{"after a blank", "froyo  plan ", []string{"froyo", "plan", ""}, ""},
		{"quotes", `froyo -l 'a b' "c d`, []string{"froyo", "-l", "a b", "c d"}, `"c d`},
		{"backslash", `froyo my\ fi`, []string{"froyo", "my fi"}, `my\ fi`},
		{"quote within a word", `froyo a'b c'd`, []string{"froyo", "ab cd"}, `a'b c'd`},
		{"empty word", `froyo '' x`, []string{"froyo", "", "x"}, "x"},
		{"nothing", "", []string{""}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			words, raw := bashWords(tt.line)
			if diff := cmp.Diff(tt.words, words); diff != "" || raw != tt.raw {
				t.Errorf("raw %q, want %q\n%s", raw, tt.raw, diff)
			}
		})
	}
}

func TestBashValue(t *testing.T) {
	for _, tt := range []struct{ name, value, raw, want string }{
		{"plain", "plan", "pl", "plan"},
		{"blank", "my file", "my", `my\ file`},
		{"in a quote", "my file", `"my`, "my file"},
		{"taken apart", "web1:db1", "web1:d", "db1"},
		{"flag with its value", "--format=dot", "--format=", "dot"},
		{"taken apart, quoted", "file[/a:b c]", `file\[/a:b`, `b\ c\]`},
		{"substitution", "$(reboot)`x`", "", "\\$\\(reboot\\)\\`x\\`"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bashValue(tt.value, tt.raw, " \t\n\"'><=;|&(:"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
