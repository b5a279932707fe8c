package layout_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/ui/layout"
)

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		name, line            string
		columns, used, indent int
		want                  []string
	}{
		{"no terminal", "one two three four", 0, 0, 2, []string{"one two three four"}},
		{"it fits", "one two", 7, 0, 2, []string{"one two"}},
		{"at a blank", "one two three four five six", 20, 0, 0, []string{"one two three four", "five six"}},
		{"indent", "one two three four five six", 24, 0, 4, []string{"one two three four five", "    six"}},
		{"beside something", "one two three four", 24, 10, 2, []string{"one two three", "  four"}},
		{"nothing fits beside it", "onetwothree four", 24, 20, 2, []string{"", "  onetwothree four"}},
		{"a long word stays whole", "see /a/very/long/path/of/a/file here", 22, 0, 2, []string{"see", "  /a/very/long/path/of/a/file", "  here"}},
		{"a long word alone", "/a/very/long/path/of/a/file", 20, 0, 2, []string{"/a/very/long/path/of/a/file"}},
		{"blanks of its own", "  one  two  three four five", 22, 0, 2, []string{"  one  two  three four", "  five"}},
		{"indent of a narrow terminal", "one two three four five", 20, 0, 30, []string{"one two three four", "five"}},
		{"wide characters", "日本語 日本語 日本語 日本語", 21, 0, 0, []string{"日本語 日本語 日本語", "日本語"}},
		{"combining characters", "ééééé ééééé ééééé ééééé", 23, 0, 0, []string{"ééééé ééééé ééééé ééééé"}},
		{"escaped bytes", `one \u202etwo\x1b[31m three four`, 21, 0, 0, []string{`one \u202etwo\x1b[31m`, `three four`}},
		{"a command", "fix the cause, then: froyo resume RUN --with-changes (or not)", 40, 0, 2, []string{"fix the cause, then:", "  froyo resume RUN --with-changes (or", "  not)"}},
		{"a command with a value", "now do: froyo apply --plan FILE --stale skip, and wait", 30, 0, 2, []string{"now do:", "  froyo apply --plan FILE --stale skip,", "  and wait"}},
		{"a command of two words", "it is seen by froyo state handlers drop here", 34, 0, 0, []string{"it is seen by froyo state handlers", "drop here"}},
		{"a command with a variable", "say FROYO_VAR_x=1 froyo apply --plan x.json now", 30, 0, 0, []string{"say", "FROYO_VAR_x=1 froyo apply --plan x.json", "now"}},
		{"another program's", "do it so: chmod 600 /etc/x at once", 22, 0, 0, []string{"do it so:", "chmod 600 /etc/x at", "once"}},
		{"a sentence with a program", "the sudo of the host asks for a password", 30, 0, 0, []string{"the sudo of the host asks for", "a password"}},
		{"a call", `write: play("web", hosts = "all", do = web)`, 30, 0, 2, []string{"write:", `  play("web", hosts = "all", do = web)`}},
		{"a unit", "it was the one called cmd[make it so] on h1", 30, 0, 2, []string{"it was the one called", "  cmd[make it so] on h1"}},
		{"a remark", "it is here (and there is more of it)", 24, 0, 2, []string{"it is here (and there is", "  more of it)"}},
		{"a quotation", `there is no "big red button" here`, 20, 0, 2, []string{"there is no", `"big red button"`, "here"}},
		{"a long quotation", `"` + strings.Repeat("word ", 14) + `"`, 40, 0, 0, []string{`"word word word word word word word word`, `word word word word word word "`}},
		{"a bracket that does not end", "see f(a b c d e f g h i j k", 20, 0, 0, []string{"see f(a b c d e f g", "h i j k"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := layout.Wrap(tt.line, tt.columns, tt.used, tt.indent)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// FuzzWrap holds that wrapping loses and breaks no word.
func FuzzWrap(f *testing.F) {
	f.Add("fix the cause, then: froyo resume RUN (or not)", 30, 2, 4)
	f.Add(`a "quoted thing" f(a, b) [x`, 20, 0, 0)
	f.Fuzz(func(t *testing.T, line string, columns, used, indent int) {
		columns, used, indent = columns%300, max(0, used%100), max(0, indent%100)
		lines := layout.Wrap(line, columns, used, indent)
		if got, want := strings.Join(words(strings.Join(lines, " ")), " "), strings.Join(words(line), " "); got != want {
			t.Errorf("got words %q, want %q", got, want)
		}
	})
}

func words(s string) []string {
	var all []string
	for w := range strings.SplitSeq(s, " ") {
		if w != "" {
			all = append(all, w)
		}
	}
	return all
}
