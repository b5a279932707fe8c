// Package plangraph draws a saved plan as a graph, for Graphviz and for Mermaid.
//
// It imports engine/planfile.
package plangraph

import (
	"iter"
	"strings"

	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/escape"
)

// Graph is a plan's units and what leads from one to the other, to be drawn.
type Graph struct {
	Hosts []Host
	Edges []Edge
}

// Host is a host with its units, in the order of the runbook.
type Host struct {
	Name  string
	Error string
	Nodes []Node
}

// Node is one unit.
type Node struct {
	ID     string // of the node: the same unit may stand in a play, in handlers and in verify
	Unit   string
	Action abi.Action
	// Handler names the handler that the unit belongs to; Verify says that it checks a play.
	Handler string
	Verify  bool
	// Failed says that it cannot be planned, Acts that it is going to change something.
	Failed, Acts bool
}

// EdgeKind says what an edge means.
type EdgeKind int

// The kinds of edges.
const (
	Order   EdgeKind = iota // the one after the other in the runbook
	Require                 // needs it, or reads its result
	Notify                  // notifies the handler where it changes something
)

// Edge leads from a node to one that comes after it, by their IDs.
type Edge struct {
	From, To string
	Kind     EdgeKind
}

// Of gives a plan as a graph.
func Of(d *planfile.Document) Graph {
	var g Graph
	graph := map[string]bool{}
	for _, p := range d.Plays {
		graph[p.Name] = p.Order == planfile.OrderGraph
	}
	for i := range d.Hosts {
		h := &d.Hosts[i]
		b := builder{host: h, graph: graph, ids: map[scoped]string{}, handlers: map[string]string{}}
		g.Hosts = append(g.Hosts, b.nodes())
		g.Edges = append(g.Edges, b.edges()...)
	}
	return g
}

// scoped is the name of a unit and where it is unique.
type scoped struct {
	scope unit.Scope
	unit  string
}

type builder struct {
	host     *planfile.Host
	graph    map[string]bool // plays in graph order
	ids      map[scoped]string
	handlers map[string]string // play and handler → its first node
}

func (b *builder) nodes() Host {
	out := Host{Name: b.host.Name, Error: b.host.Error}
	for i := range b.host.Units {
		u := &b.host.Units[i]
		id := b.host.Name + "/"
		if u.Handler != "" {
			id += "handler " + u.Handler + "/"
		}
		if u.Verify {
			id += "verify " + u.Play + "/"
		}
		id += u.Unit
		b.ids[scoped{u.Scope(), u.Unit}] = id
		if name := u.Play + "\x00" + u.Handler; u.Handler != "" && b.handlers[name] == "" {
			b.handlers[name] = id
		}
		out.Nodes = append(out.Nodes, Node{
			ID: id, Unit: u.Unit, Action: u.Action, Handler: u.Handler, Verify: u.Verify, Failed: u.Failed(), Acts: u.Pending(b.host.Name),
		})
	}
	return out
}

func (b *builder) edges() []Edge {
	var edges []Edge
	chains := map[unit.Scope]*chain{}
	for i := range b.host.Units {
		u := &b.host.Units[i]
		in := u.Scope()
		id := b.ids[scoped{in, u.Unit}]
		if chains[in] == nil {
			chains[in] = &chain{}
		}
		for _, before := range b.before(chains[in], u, id) {
			edges = append(edges, Edge{before, id, Order})
		}
		for _, required := range u.Require {
			if from := b.find(in, required); from != "" {
				edges = append(edges, Edge{from, id, Require})
			}
		}
		for _, handler := range u.Notify {
			if to := b.handlers[u.Play+"\x00"+handler]; to != "" {
				edges = append(edges, Edge{id, to, Notify})
			}
		}
	}
	return edges
}

// find gives the node that a unit means by a name: of its own scope, or of the host's units.
func (b *builder) find(in unit.Scope, name string) string {
	if id := b.ids[scoped{in, name}]; id != "" {
		return id
	}
	return b.ids[scoped{unit.Scope{}, name}]
}

// parts ranges over a host's units as they are drawn together: those of its
// plays without a title, then each handler's and each verify's under theirs.
func (h Host) parts() iter.Seq2[string, []Node] {
	var titles []string
	nodes := map[string][]Node{}
	for _, n := range h.Nodes {
		title := ""
		switch {
		case n.Handler != "":
			title = "handler " + plain(n.Handler)
		case n.Verify:
			title = "verify"
		}
		if nodes[title] == nil {
			titles = append(titles, title)
		}
		nodes[title] = append(nodes[title], n)
	}
	return func(yield func(string, []Node) bool) {
		for _, title := range titles {
			if !yield(title, nodes[title]) {
				return
			}
		}
	}
}

// maxLabel bounds the text of a node; commands may be long.
const maxLabel = 60

// lines are what a node says: the unit and what it does.
func (n Node) lines() []string {
	name := []rune(plain(n.Unit))
	if len(name) > maxLabel {
		name = append(name[:maxLabel-1], '…')
	}
	switch {
	case n.Failed:
		return []string{string(name), "cannot be planned"}
	case n.Action == abi.None:
		return []string{string(name)}
	}
	return []string{string(name), plain(string(n.Action))}
}

// plain makes a text of a runbook or a host safe to show and leaves backslashes as they are.
func plain(s string) string {
	parts := strings.Split(s, `\`)
	for i := range parts {
		parts[i] = escape.Text(parts[i])
	}
	return strings.Join(parts, `\`)
}
