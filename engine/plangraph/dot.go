package plangraph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteDOT draws the graph for Graphviz: a cluster per host, and in it one per
// handler and per play that verifies; the units that act filled; script order
// dotted, requirements solid, notifications dashed.
func (g Graph) WriteDOT(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=monospace];")
	ids := map[string]string{}
	clusters := 0
	for _, h := range g.Hosts {
		fmt.Fprintf(b, "  subgraph cluster_%d {\n    label=%s;\n", clusters, dotQuote(h.Name))
		clusters++
		if h.Error != "" {
			fmt.Fprintf(b, "    x%d [label=%s, color=red];\n", clusters, dotQuote("could not be planned"))
		}
		for title, nodes := range h.parts() {
			indent := "    "
			if title != "" {
				fmt.Fprintf(b, "    subgraph cluster_%d {\n      label=%s;\n      style=dashed;\n", clusters, dotQuote(title))
				clusters++
				indent += "  "
			}
			for _, n := range nodes {
				ids[n.ID] = fmt.Sprintf("n%d", len(ids))
				fmt.Fprintf(b, "%s%s [label=%s%s];\n", indent, ids[n.ID], dotQuote(n.lines()...), dotStyle(n))
			}
			if title != "" {
				fmt.Fprintln(b, "    }")
			}
		}
		fmt.Fprintln(b, "  }")
	}
	styles := map[EdgeKind]string{Order: " [style=dotted]", Notify: " [style=dashed]"}
	for _, e := range g.Edges {
		fmt.Fprintf(b, "  %s -> %s%s;\n", ids[e.From], ids[e.To], styles[e.Kind])
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

// dotQuote writes lines as a label: in it Graphviz reads backslashes and HTML's entities.
func dotQuote(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	for i := range lines {
		lines[i] = escape.Replace(lines[i])
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}

func dotStyle(n Node) string {
	switch {
	case n.Failed:
		return `, color=red`
	case n.Acts:
		return `, style="rounded,filled", fillcolor=lightyellow, fontcolor=black`
	}
	return ""
}
