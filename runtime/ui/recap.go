package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/openfroyo/froyo/engine/apply"
)

// Recap prints the line per host that operators and their scripts look for.
func Recap(w io.Writer, style Style, counts []apply.Count) error {
	width := 0
	for _, c := range counts {
		width = max(width, len(c.Host))
	}
	var b strings.Builder
	for _, c := range counts {
		ignored := ""
		if c.Ignored > 0 {
			ignored = style.Paint(Yellow, fmt.Sprintf("   ignored=%d", c.Ignored))
		}
		fmt.Fprintf(&b, "%s : %s %s %s %s %s%s\n",
			style.Paint(hostColor(c), fmt.Sprintf("%-*s", width, c.Host)),
			figure(style, Green, "ok", c.OK), figure(style, Yellow, "changed", c.Changed),
			figure(style, Red, "unreachable", c.Unreachable), figure(style, Red, "failed", c.Failed),
			figure(style, Cyan, "skipped", c.Skipped), ignored)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// figure is one "name=n", painted where it is not zero.
func figure(style Style, color, name string, n int) string {
	text := fmt.Sprintf("%s=%-4d", name, n)
	if name == "skipped" {
		text = strings.TrimRight(text, " ")
	}
	if n == 0 {
		return text
	}
	return style.Paint(color, text)
}

func hostColor(c apply.Count) string {
	switch {
	case c.Unreachable+c.Failed > 0:
		return Red
	case c.Changed > 0:
		return Yellow
	}
	return Green
}
