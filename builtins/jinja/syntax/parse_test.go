package syntax_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		text, want string
		line, col  int
	}{
		{"a\n{{ 1 + }}", "expected an expression", 2, 8},
		{"{% if a %}\n", "endif", 0, 0},
		{"{% endif %}", "endif", 1, 0},
		{"{{ 'a }}", "", 1, 0},
		{"{{ a", "", 1, 0},
		{"{# a", "", 1, 0},
		{"{% raw %}", "", 1, 0},
		{"{% nosuch %}", "nosuch", 1, 0},
		{"#jinja2: nosuch: True\nx", "nosuch", 1, 0},
		{"#jinja2: trim_blocks: False\n{{ 1 + }}", "expected an expression", 2, 0},
		{"{% for x %}{% endfor %}", "", 1, 0},
		{"{{ a b }}", "", 1, 0},
		{"{% block a %}{% endblock %}{% block a %}{% endblock %}", "", 1, 0},
		{"{{ [1, 2 }}", "", 1, 0},
	}
	for _, tt := range tests {
		_, err := syntax.Parse(tt.text, syntax.Default())
		e, ok := errors.AsType[*syntax.Error](err)
		if !ok {
			t.Errorf("%q: got %v, want a *syntax.Error", tt.text, err)
			continue
		}
		if !strings.Contains(e.Message, tt.want) || tt.line > 0 && e.Pos.Line != tt.line || tt.col > 0 && e.Pos.Col != tt.col {
			t.Errorf("%q: got %s: %s, want %d:%d: %s", tt.text, e.Pos, e.Message, tt.line, tt.col, tt.want)
		}
	}
}

// FuzzParse: no text makes the parser fail in another way than by an error whose place is in the text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{{", "{{ a.b[1:2]|f(x, y=1) is not t }}", "{% for a, (b, c) in d if e recursive %}{% else %}{% endfor %}", "{#- x +#}", "{% raw %}{{{% endraw %}",
		"#jinja2: trim_blocks: False, newline_sequence: '\\r\\n'\nx", "{% call(a, b=1) m() %}{% endcall %}", "{% set a | upper %}{% endset %}", "{{ 'a\\x' 1e5 0x }}", "{% block a scoped required %}{% endblock a %}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := syntax.Parse(text, syntax.Default())
		if err == nil {
			return
		}
		e, ok := errors.AsType[*syntax.Error](err)
		if !ok {
			t.Fatalf("got %T, want a *syntax.Error: %v", err, err)
		}
		if n := strings.Count(text, "\n") + strings.Count(text, "\r") + 1; e.Pos.Line < 1 || e.Pos.Line > n || e.Pos.Col < 1 {
			t.Errorf("the place %s is not in the text of %d lines", e.Pos, n)
		}
		if strings.TrimSpace(e.Message) == "" {
			t.Error("the error has no message")
		}
	})
}
