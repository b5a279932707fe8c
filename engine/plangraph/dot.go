package plangraph

import (
	"fmt"
	"io"
	"strings"
)

// WriteDOT draws the graph for Graphviz: the units that act filled; script order
// dotted, requirements solid, notifications dashed.
func (g Graph) WriteDOT(w io.Writer) error { return g.draw(w, dot{}) }

// dot is the language of Graphviz.
type dot struct{}

func (dot) begin() []string {
	return []string{"digraph plan {", "  rankdir=LR;", "  node [shape=box, style=rounded, fontname=monospace];"}
}

func (dot) open(number int, title string, nested bool) []string {
	lines := []string{fmt.Sprintf("subgraph cluster_%d {", number), "label=" + dotQuote(title) + ";"}
	if nested {
		lines = append(lines, "style=dashed;")
	}
	return lines
}

func (dot) close() string { return "}" }

func (dot) node(id string, lines []string, as look) string {
	style := ""
	switch as {
	case failed:
		style = `, color=red`
	case acts:
		style = `, style="rounded,filled", fillcolor=lightyellow, fontcolor=black`
	case unchanged:
	}
	return fmt.Sprintf("%s [label=%s%s];", id, dotQuote(lines...), style)
}

func (dot) edges(all []Edge, ids map[string]string) []string {
	styles := map[EdgeKind]string{Order: " [style=dotted]", Notify: " [style=dashed]"}
	lines := make([]string, len(all))
	for i, e := range all {
		lines[i] = fmt.Sprintf("%s -> %s%s;", ids[e.From], ids[e.To], styles[e.Kind])
	}
	return lines
}

func (dot) end() []string { return []string{"}"} }

// dotQuote writes lines as a label: in it Graphviz reads backslashes and HTML's entities.
func dotQuote(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	for i := range lines {
		lines[i] = escape.Replace(lines[i])
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
