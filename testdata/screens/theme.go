package main

import (
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// theme is the colours that a terminal gives to what has none.
type theme struct {
	name, background, border, text string
}

var (
	light = theme{"light", "#fff", "#d1d9e0", "#1f2328"}
	dark  = theme{"dark", "#000", "#3d444d", "#e6edf3"}
	// either is light or dark, as the reader likes it.
	either = theme{name: "either"}
)

const font = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}.s1{font-weight:700}`

// style is the style sheet of a picture with the colours of a theme.
func (t theme) style(frames []frame) string {
	if t == either {
		return font + light.rules() + "\n@media(prefers-color-scheme:dark){" + dark.rules() + "}\n" + fixed(frames)
	}
	return font + t.rules() + "\n" + fixed(frames)
}

func (t theme) rules() string {
	return fmt.Sprintf("rect{fill:%s;stroke:%s}text{fill:%s}", t.background, t.border, t.text)
}

// fixed gives the colours that are the same on every terminal.
func fixed(frames []frame) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, f := range frames {
		for _, row := range f.rows {
			for _, c := range row {
				rgb, ok := uitest.Color(c.Style)
				if !ok || seen[c.Style] {
					continue
				}
				seen[c.Style] = true
				fmt.Fprintf(&b, ".%s{fill:#%02x%02x%02x}", class(c.Style), rgb[0], rgb[1], rgb[2])
			}
		}
	}
	return b.String()
}

// class is the name that a style has in the style sheet.
func class(style string) string { return "s" + strings.ReplaceAll(style, ";", "-") }
