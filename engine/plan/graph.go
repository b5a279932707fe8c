package plan

import (
	"iter"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/dial"
)

// Graph is a plan's units and what leads from one to the other, to be drawn.
type Graph struct {
	Hosts []GraphHost
	Edges []GraphEdge
}

// GraphHost is a host with its units, in the order of the runbook.
type GraphHost struct {
	Name  string
	Error string
	Nodes []GraphNode
}

// GraphNode is one unit.
type GraphNode struct {
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
	Notify                  // owes the handler a run where it changes something
)

// GraphEdge leads from a node to one that comes after it, by their IDs.
type GraphEdge struct {
	From, To string
	Kind     EdgeKind
}

// Graph gives the plan as a graph.
func (d *Document) Graph() Graph {
	var g Graph
	graph := map[string]bool{}
	for _, p := range d.Plays {
		graph[p.Name] = p.Order == OrderGraph
	}
	for i := range d.Hosts {
		h := &d.Hosts[i]
		b := graphBuilder{host: h, graph: graph, ids: map[scoped]string{}, handlers: map[string]string{}}
		g.Hosts = append(g.Hosts, b.nodes())
		g.Edges = append(g.Edges, b.edges()...)
	}
	return g
}

// scope is where a unit's name is unique: a host's units, each handler, what verifies a play.
type scope struct {
	play, handler string
	verify        bool
}

type scoped struct {
	scope
	unit string
}

type graphBuilder struct {
	host     *DocumentHost
	graph    map[string]bool // plays in graph order
	ids      map[scoped]string
	handlers map[string]string // play and handler → its first node
}

// scopeOf gives the units of all plays of a host one scope.
func scopeOf(u *DocumentUnit) scope {
	if u.Handler == "" && !u.Verify {
		return scope{}
	}
	return scope{play: u.Play, handler: u.Handler, verify: u.Verify}
}

func (b *graphBuilder) nodes() GraphHost {
	out := GraphHost{Name: b.host.Name, Error: b.host.Error}
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
		b.ids[scoped{scopeOf(u), u.Unit}] = id
		if name := u.Play + "\x00" + u.Handler; u.Handler != "" && b.handlers[name] == "" {
			b.handlers[name] = id
		}
		out.Nodes = append(out.Nodes, GraphNode{
			ID: id, Unit: u.Unit, Action: u.Action, Handler: u.Handler, Verify: u.Verify, Failed: u.failed(), Acts: u.pending(b.host.Name),
		})
	}
	return out
}

func (b *graphBuilder) edges() []GraphEdge {
	var edges []GraphEdge
	chains := map[scope]*chain{}
	for i := range b.host.Units {
		u := &b.host.Units[i]
		in := scopeOf(u)
		id := b.ids[scoped{in, u.Unit}]
		if chains[in] == nil {
			chains[in] = &chain{}
		}
		for _, before := range b.before(chains[in], u, id) {
			edges = append(edges, GraphEdge{before, id, Order})
		}
		for _, required := range u.Require {
			if from := b.find(in, required); from != "" {
				edges = append(edges, GraphEdge{from, id, Require})
			}
		}
		for _, handler := range u.Notify {
			if to := b.handlers[u.Play+"\x00"+handler]; to != "" {
				edges = append(edges, GraphEdge{id, to, Notify})
			}
		}
	}
	return edges
}

// find gives the node that a unit means by a name: of its own scope, or of the host's units.
func (b *graphBuilder) find(in scope, unit string) string {
	if id := b.ids[scoped{in, unit}]; id != "" {
		return id
	}
	return b.ids[scoped{scope{}, unit}]
}

// failed reports whether the unit could not be planned. What a sensitive unit's
// error says is sealed: that it has no action tells.
func (u *DocumentUnit) failed() bool { return u.Error != "" || u.Action == "" }

// pending reports whether the unit's change is still to be made, as Step.Pending does.
func (u *DocumentUnit) pending(host string) bool {
	return !u.failed() && !u.Skipped && (u.Once == "" || u.Once == host) && u.Action != abi.None && u.Action != abi.Probe && u.Certainty != Unknown
}

// parts ranges over a host's units as they are drawn together: those of its
// plays without a title, then each handler's and each verify's under theirs.
func (h GraphHost) parts() iter.Seq2[string, []GraphNode] {
	var titles []string
	nodes := map[string][]GraphNode{}
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
	return func(yield func(string, []GraphNode) bool) {
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
func (n GraphNode) lines() []string {
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
		parts[i] = dial.Escape(parts[i])
	}
	return strings.Join(parts, `\`)
}
