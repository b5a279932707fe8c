package plangraph

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// WriteMermaid draws the graph for Mermaid, as WriteDOT does for Graphviz.
func (g Graph) WriteMermaid(w io.Writer) error { return g.draw(w, mermaid{}) }

// mermaid is the language of Mermaid.
type mermaid struct{}

func (mermaid) begin() []string { return []string{"flowchart LR"} }

func (mermaid) open(number int, title string, _ bool) []string {
	return []string{fmt.Sprintf("subgraph s%d[%s]", number, mermaidQuote(title))}
}

func (mermaid) close() string { return "end" }

func (mermaid) node(id string, lines []string, as look) string {
	classes := map[look]string{acts: ":::acts", failed: ":::failed"}
	return fmt.Sprintf("%s[%s]%s", id, mermaidQuote(lines...), classes[as])
}

// edges writes the edges. Mermaid knows one broken line, which is taken
// for the order; notifications get their dashes by number.
func (mermaid) edges(all []Edge, ids map[string]string) []string {
	var lines, dashed []string
	for i, e := range all {
		arrow := "-->"
		switch e.Kind {
		case Order:
			arrow = "-.->"
		case Notify:
			dashed = append(dashed, strconv.Itoa(i))
		case Require:
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", ids[e.From], arrow, ids[e.To]))
	}
	if len(dashed) > 0 {
		lines = append(lines, fmt.Sprintf("linkStyle %s stroke-dasharray:6 4", strings.Join(dashed, ",")))
	}
	return lines
}

func (mermaid) end() []string {
	return []string{"  classDef acts fill:#ffffe0,stroke:#8a6d00,color:#000000", "  classDef failed stroke:#d00000,stroke-width:2px"}
}

// mermaidQuote writes lines as a label. All that Mermaid or HTML might read
// anything into stands as its number; even "style" and a colon would do.
func mermaidQuote(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		for _, r := range line {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" /._-,=+[]()@", r) {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, "#%d;", r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
