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

func TestColumns(t *testing.T) {
	var b strings.Builder
	layout.Columns(&b, "  ", [][]string{{"日本", "x", ""}, {"a", "longer", "last"}, {"alone"}})
	want := "  日本  x\n  a     longer  last\n  alone\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
