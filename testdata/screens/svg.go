package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"

	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// The measures of a picture. A character is as wide as the fonts below have it,
// and is stretched where another is used.
const (
	charWidth  = 8.4
	lineHeight = 19
	padding    = 16
	fontSize   = 14
)

// draw makes a picture of frames in the colours of a theme: of several, one after the other, over and
// over; the last where nothing may move.
func draw(title string, frames []frame, t theme) []byte {
	columns, rows := 0, 0
	for _, f := range frames {
		rows = max(rows, len(f.rows))
		for _, row := range f.rows {
			columns = max(columns, len(row))
		}
	}
	width, height := int(float64(columns)*charWidth)+2*padding, rows*lineHeight+2*padding
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" xml:space="preserve">`, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n<style>%s%s</style>\n", html.EscapeString(title), t.style(frames), motion(frames))
	fmt.Fprintf(&b, `<rect x=".5" y=".5" width="%d" height="%d" rx="8"/>`+"\n", width-1, height-1)
	for i, f := range frames {
		fmt.Fprintf(&b, `<g class="f f%d">`+"\n", i)
		for j, row := range f.rows {
			writeRow(&b, row, padding+j*lineHeight+fontSize)
		}
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// writeRow writes the pieces of a row that have one style, each at its column.
func writeRow(b *bytes.Buffer, row []uitest.Cell, y int) {
	for from := 0; from < len(row); {
		to, text := from, ""
		for to < len(row) && row[to].Style == row[from].Style {
			if r := row[to].Rune; r != 0 {
				text += string(r)
			}
			to++
		}
		if trimmed := strings.TrimLeft(text, " "); strings.TrimSpace(text) != "" {
			blanks := len(text) - len(trimmed)
			trimmed = strings.TrimRight(trimmed, " ")
			named := ""
			if s := row[from].Style; s != "" {
				named = ` class="` + class(s) + `"`
			}
			fmt.Fprintf(b, `<text%s x="%s" y="%d" textLength="%s">%s</text>`+"\n", named, number(padding+float64(from+blanks)*charWidth), y,
				number(float64(len([]rune(trimmed)))*charWidth), html.EscapeString(trimmed))
		}
		from = to
	}
}

// number writes a measure without needless digits.
func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", v), "0"), ".")
}

// motion shows the frames in turn.
func motion(frames []frame) string {
	if len(frames) == 1 {
		return ""
	}
	total := 0
	for _, f := range frames {
		total += f.seconds
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n.f{opacity:0;animation:%ds step-end infinite}.f%d{opacity:1}\n", total, len(frames)-1)
	begin := 0
	for i, f := range frames {
		from, to := 100*begin/total, 100*(begin+f.seconds)/total
		fmt.Fprintf(&b, "@keyframes k%d{0%%{opacity:%d}%d%%{opacity:1}%d%%{opacity:0}}.f%[1]d{animation-name:k%[1]d}\n", i, map[bool]int{true: 1}[from == 0], from, to)
		begin += f.seconds
	}
	b.WriteString("@media(prefers-reduced-motion:reduce){.f{animation:none}}\n")
	return b.String()
}
