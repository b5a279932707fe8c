package startest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
)

func TestParse(t *testing.T) {
	chunks, err := parse("x.star", "a\nb ### \"one\" `two`\n---\nc\n#> shown\n#>\n#>  twice\n---\n\nd ### \"three\"")
	if err != nil {
		t.Fatal(err)
	}
	type summary struct {
		Name, Source string
		Wants        map[int][]string
		Shows        []string
	}
	var got []summary
	for _, c := range chunks {
		s := summary{Name: c.Name, Source: c.Source, Shows: c.shows, Wants: map[int][]string{}}
		for line, wants := range c.wants {
			for _, w := range wants {
				s.Wants[line] = append(s.Wants[line], w.text)
			}
		}
		got = append(got, s)
	}
	want := []summary{
		{Name: "x.star:1", Source: "a\nb ### \"one\" `two`\n", Wants: map[int][]string{2: {"one", "two"}}},
		{Name: "x.star:4", Source: "\n\n\nc\n#> shown\n#>\n#>  twice\n", Wants: map[int][]string{}, Shows: []string{"shown", "", " twice"}},
		{Name: "x.star:9", Source: "\n\n\n\n\n\n\n\n\nd ### \"three\"\n", Wants: map[int][]string{10: {"three"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chunks (-want +got):\n%s", diff)
	}
}

func TestParseErrors(t *testing.T) {
	for _, text := range []string{"a ### one", "a ### \"(\"", "a ### \"x\" y"} {
		if _, err := parse("x.star", text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestProblems(t *testing.T) {
	at := func(line int, summary string) error {
		return &diag.Error{Summary: summary, Hint: "hint", Pos: diag.Pos{File: "x.star", Line: line}}
	}
	tests := []struct {
		name, text, output string
		err                error
		want               int
	}{
		{name: "as expected", text: "a ### \"bad; hint\"", err: at(1, "bad")},
		{name: "several", text: "a ### \"bad\" \"worse\"", err: errors.Join(at(1, "worse"), at(1, "bad"))},
		{name: "no error", text: "a ### \"bad\"", want: 1},
		{name: "wrong line", text: "a ### \"bad\"", err: at(2, "bad"), want: 2},
		{name: "wrong text", text: "a ### \"bad\"", err: at(1, "good"), want: 2},
		{name: "twice", text: "a ### \"bad\"", err: errors.Join(at(1, "bad"), at(1, "bad")), want: 1},
		{name: "unexpected", text: "a", err: at(1, "bad"), want: 1},
		{name: "without a place", text: "a", err: errors.New("bad"), want: 1},
		{name: "output", text: "a\n#> x", output: "x\n"},
		{name: "other output", text: "a\n#> x", output: "y", want: 1},
		{name: "no output", text: "a\n#> x", want: 1},
		{name: "output not told", text: "a", output: "x", want: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chunks, err := parse("x.star", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := chunks[0].problems(tt.output, tt.err); len(got) != tt.want {
				t.Errorf("got the problems %q, want %d", got, tt.want)
			}
		})
	}
}
