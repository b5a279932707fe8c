package plan

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// WriteDOT draws the plan for Graphviz: a cluster per host, the units that
// act filled, script order dotted, required units solid.
func WriteDOT(w io.Writer, hosts []*Host) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=monospace];")
	for i, h := range hosts {
		fmt.Fprintf(b, "  subgraph cluster_%d {\n    label=%s;\n", i, strconv.Quote(h.Host.Name))
		var edges []string
		previous := ""
		for _, play := range sortedKeys(h.Plays) {
			for s := range h.Plays[play].All() {
				id := strconv.Quote(s.Unit.ID.String())
				fmt.Fprintf(b, "    %s [label=%s%s];\n", id, strconv.Quote(dotLabel(s)), dotStyle(s))
				if previous != "" {
					edges = append(edges, previous+" -> "+id+" [style=dotted];")
				}
				for _, r := range s.Unit.Require {
					edges = append(edges, strconv.Quote(r.String())+" -> "+id+";")
				}
				previous = id
			}
		}
		fmt.Fprintln(b, "  }")
		for _, e := range edges {
			fmt.Fprintln(b, "  "+e)
		}
	}
	fmt.Fprintln(b, "}")
	return b.Flush()
}

func dotLabel(s *Step) string {
	if s.Change == nil {
		return s.Unit.ID.Local()
	}
	return s.Unit.ID.Local() + "\n" + string(s.Change.Action)
}

func dotStyle(s *Step) string {
	switch {
	case s.Err != nil:
		return `, color=red`
	case s.Pending():
		return `, style="rounded,filled", fillcolor=lightyellow`
	}
	return ""
}
