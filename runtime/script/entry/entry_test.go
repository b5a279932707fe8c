package entry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/script/entry"
)

func TestUnfinished(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"", false},
		{"# only a comment", false},
		{"1 + 1", false},
		{"x = (1", true},
		{"x = (1\n)", false},
		{"f(a,", true},
		{"1 +", false}, // an operator needs a bracket to go on
		{"1 + \\", true},
		{`x = """abc`, true},
		{"x = \"\"\"abc\ndef\"\"\"", false},
		{`x = "abc`, false}, // which is an error
		{"x = )", false},
		{"def f():", true},
		{"def f():\n    return 1", true},
		{"def f():\n    return 1\n", false},
		{"def f():\n    x = [\n        1,", true},
		{"def f(): return 1", false},
		{"if a:\n    b()\nelse:", true},
		{"if a:\n    b()\nelse:\n    c()\n", false},
		{"for x in y:\n    print(x)\n    ", false},
		{"def f():\n    # first", true},
	} {
		if got := entry.Unfinished(tt.text); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestLines(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"1\n2", "1|2"},
		{"x = [\n1,\n\n2,\n]\nx", "x = [\n1,\n\n2,\n]|x"},
		{"def f():\n    a()\n\n    b()\n\nf()", "def f():\n    a()\n\n    b()\n|f()"},
		{"if a:\n    b()\nelse:\n    c()\nd()", "if a:\n    b()\nelse:\n    c()|d()"},
		{"if a: b()\nelse: c()\nd()", "if a: b()\nelse: c()|d()"},
		{"x = \"\"\"\na\nb\n\"\"\"\ny", "x = \"\"\"\na\nb\n\"\"\"|y"},
		{"def f():\n    x = [\n1,\n    ]\n    return x\nf()", "def f():\n    x = [\n1,\n    ]\n    return x|f()"},
		{"# a\n\n1", "# a||1"},
		{"x = )\ny", "x = )|y"},
		{"def f():\n    return 1", "def f():\n    return 1"},
		{"x = (1", "x = (1"},
		{"def f():\n# a remark\n    return 1\n1", "def f():\n# a remark\n    return 1|1"},
	} {
		var l entry.Lines
		var got []string
		for line := range strings.SplitSeq(tt.text, "\n") {
			got = append(got, l.Add(line)...)
		}
		got = append(got, l.Rest()...)
		if diff := cmp.Diff(tt.want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestDedent(t *testing.T) {
	for text, want := range map[string]string{
		" x = 1": "x = 1", "x": "x", "  def f():\n      pass\n": "def f():\n    pass\n", " a\nb": "a\nb", "": "", "\n x": "\n x",
	} {
		if got := entry.Dedent(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestBound(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"1 + x", ""},
		{"x = 1", "x"},
		{"x, (y, z) = f()", "x y z"},
		{"x += 1", "x"},
		{"x[y] = 1", ""},
		{"x.y = 1", ""},
		{"def f(a):\n    b = 1", "f"},
		{"for x in [y for y in z]:\n    w = x", "x w"},
		{"if a:\n    b = 1\nelse:\n    c = (lambda d: d)", "b c"},
		{`load("a.star", "x", y = "z")`, "x y"},
		{"[x for x in y]", ""},
	} {
		file, err := entry.Dialect().Parse("", tt.text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(entry.Bound(file.Stmts[0]), " "); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}
