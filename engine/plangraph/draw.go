package plangraph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// language is how the parts of a drawing are written, a text each line.
type language interface {
	begin() []string
	// open begins a box, which stands in another one where it is nested. Lines behind the first are within it.
	open(number int, title string, nested bool) []string
	close() string
	node(id string, lines []string, as look) string
	edges(all []Edge, ids map[string]string) []string
	end() []string
}

// look is how a node is shown.
type look int

const (
	unchanged look = iota
	acts
	failed
)

func (n Node) look() look {
	switch {
	case n.Failed:
		return failed
	case n.Acts:
		return acts
	}
	return unchanged
}

// draw writes the graph: a box per host, and in it one per handler and per play that verifies.
func (g Graph) draw(w io.Writer, l language) error {
	d := drawing{w: bufio.NewWriter(w), language: l, ids: map[string]string{}}
	d.write(0, l.begin()...)
	for _, h := range g.Hosts {
		d.open(1, h.Name)
		if h.Error != "" {
			d.write(2, l.node(fmt.Sprintf("x%d", d.boxes), []string{"could not be planned"}, failed))
		}
		for title, nodes := range h.parts() {
			if title == "" {
				d.nodes(2, nodes)
				continue
			}
			d.open(2, title)
			d.nodes(3, nodes)
			d.write(2, l.close())
		}
		d.write(1, l.close())
	}
	d.write(1, l.edges(g.Edges, d.ids)...)
	d.write(0, l.end()...)
	return d.w.Flush()
}

// drawing is a graph that is being written.
type drawing struct {
	w        *bufio.Writer // whose error Flush tells
	language language
	ids      map[string]string // of nodes, as they are written
	boxes    int
}

func (d *drawing) write(depth int, lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(d.w, "%s%s\n", strings.Repeat("  ", depth), line)
	}
}

func (d *drawing) open(depth int, title string) {
	lines := d.language.open(d.boxes, title, depth > 1)
	d.boxes++
	d.write(depth, lines[0])
	d.write(depth+1, lines[1:]...)
}

func (d *drawing) nodes(depth int, nodes []Node) {
	for _, n := range nodes {
		id := fmt.Sprintf("n%d", len(d.ids))
		d.ids[n.ID] = id
		d.write(depth, d.language.node(id, n.lines(), n.look()))
	}
}
