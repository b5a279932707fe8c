package layout_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/ui/layout"
)

func TestWidthAndFit(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		width      int
		room       int
		fit        string
	}{
		{"plain", "plain", 5, 5, "plain"},
		{"cut", "plain text", 10, 6, "plain…"},
		{"umlauts", "größe", 5, 4, "grö…"},
		{"wide", "日本語", 6, 5, "日本…"},
		{"wide at the edge", "日本語", 6, 4, "日…"},
		{"combining", "é1", 2, 2, "é1"},
		{"emoji", "🍦x", 3, 2, "…"},
		{"no room", "abc", 3, 1, "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := layout.Width(tt.text); got != tt.width {
				t.Errorf("width %d, want %d", got, tt.width)
			}
			if got := layout.Fit(tt.text, tt.room); got != tt.fit {
				t.Errorf("fit %q, want %q", got, tt.fit)
			}
		})
	}
}

// TestNarrow: columns go in their order until the rest fits, and no longer.
func TestNarrow(t *testing.T) {
	rows := [][]string{{"ID", "USER", "STATUS", "N"}, {"r1", "alice", "interrupted", "3"}}
	for _, tt := range []struct {
		columns int
		header  string
		gone    string
	}{
		{25, "ID USER STATUS N", ""},
		{24, "ID STATUS N", "USER"},
		{10, "ID N", "USER STATUS"},
		{1, "ID N", "USER STATUS"},
	} {
		got, gone := layout.Narrow(rows, tt.columns, "USER", "STATUS")
		if strings.Join(got[0], " ") != tt.header || strings.Join(gone, " ") != tt.gone || len(got[1]) != len(got[0]) {
			t.Errorf("%d columns: %q without %q, want %s without %s", tt.columns, got, gone, tt.header, tt.gone)
		}
	}
	if len(rows[0]) != 4 || rows[1][1] != "alice" {
		t.Errorf("the table itself has changed: %q", rows)
	}
}

func TestColumns(t *testing.T) {
	var b strings.Builder
	layout.Columns(&b, "  ", [][]string{{"日本", "x", ""}, {"a", "longer", "last"}, {"alone"}})
	want := "  日本  x\n  a     longer  last\n  alone\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
