package plangraph

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// WriteMermaid draws the graph for Mermaid, as WriteDOT does for Graphviz.
func (g Graph) WriteMermaid(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "flowchart LR")
	ids := map[string]string{}
	groups := 0
	for _, h := range g.Hosts {
		fmt.Fprintf(b, "  subgraph s%d[%s]\n", groups, mermaidQuote(h.Name))
		groups++
		if h.Error != "" {
			fmt.Fprintf(b, "    x%d[%s]:::failed\n", groups, mermaidQuote("could not be planned"))
		}
		for title, nodes := range h.parts() {
			indent := "    "
			if title != "" {
				fmt.Fprintf(b, "    subgraph s%d[%s]\n", groups, mermaidQuote(title))
				groups++
				indent += "  "
			}
			for _, n := range nodes {
				ids[n.ID] = fmt.Sprintf("n%d", len(ids))
				fmt.Fprintf(b, "%s%s[%s]%s\n", indent, ids[n.ID], mermaidQuote(n.lines()...), mermaidClass(n))
			}
			if title != "" {
				fmt.Fprintln(b, "    end")
			}
		}
		fmt.Fprintln(b, "  end")
	}
	g.mermaidEdges(b, ids)
	fmt.Fprintln(b, "  classDef acts fill:#ffffe0,stroke:#8a6d00,color:#000000")
	fmt.Fprintln(b, "  classDef failed stroke:#d00000,stroke-width:2px")
	return b.Flush()
}

// mermaidEdges writes the edges. Mermaid knows one broken line, which is taken
// for the order; notifications get their dashes by number.
func (g Graph) mermaidEdges(b *bufio.Writer, ids map[string]string) {
	var dashed []string
	for i, e := range g.Edges {
		arrow := "-->"
		switch e.Kind {
		case Order:
			arrow = "-.->"
		case Notify:
			dashed = append(dashed, strconv.Itoa(i))
		case Require:
		}
		fmt.Fprintf(b, "  %s %s %s\n", ids[e.From], arrow, ids[e.To])
	}
	if len(dashed) > 0 {
		fmt.Fprintf(b, "  linkStyle %s stroke-dasharray:6 4\n", strings.Join(dashed, ","))
	}
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

func mermaidClass(n Node) string {
	switch {
	case n.Failed:
		return ":::failed"
	case n.Acts:
		return ":::acts"
	}
	return ""
}
