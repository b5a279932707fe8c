package plan

import (
	"cmp"
	"container/heap"

	"github.com/openfroyo/froyo/engine/unit"
)

// Merge gives the units of a play, by what they are called on their hosts, their places in
// one list of all: a unit stands after those that come before it on any host. Where no host
// decides, before_change, units, handlers, verify and after_change follow each other, then as their files have
// them. Hosts that contradict each other are each in order as far as that is possible.
func Merge(hosts [][]*unit.Unit) map[string]int {
	m := merging{byName: map[string]*place{}}
	for _, units := range hosts {
		m.add(units)
	}
	return m.places()
}

// Places is the order of a play's units, of all hosts that have a plan: see [Merge].
func Places(hosts []*Host, play int) map[string]int {
	var all [][]*unit.Unit
	for _, h := range hosts {
		if h.Err != nil || h.Plays[play] == nil {
			continue
		}
		var units []*unit.Unit
		for s := range h.Plays[play].All() {
			units = append(units, s.Unit)
		}
		all = append(all, units)
	}
	return Merge(all)
}

type merging struct {
	byName map[string]*place
	order  []*place // as they were first seen
	files  []string
	ready  ready
}

// place is a unit of some hosts.
type place struct {
	name     string
	rank     [4]int // what decides where no host does: part of the play, file, line and column
	seen     int
	before   int // how many come before it that have no place yet
	after    []*place
	done     bool
	position int // in the heap, -1 where it is not there
}

func (m *merging) add(units []*unit.Unit) {
	var last *place
	for _, u := range units {
		p := m.byName[u.ID.Local()]
		if p == nil {
			p = &place{name: u.ID.Local(), rank: m.rank(u), seen: len(m.order), position: -1}
			m.byName[p.name] = p
			m.order = append(m.order, p)
		}
		if last != nil && last != p {
			last.after = append(last.after, p)
			p.before++
		}
		last = p
	}
}

func (m *merging) rank(u *unit.Unit) [4]int {
	part := 1
	switch scope := u.ID.Scope; {
	case scope.Handler == unit.BeforeChange:
		part = 0
	case scope.Handler == unit.AfterChange:
		part = 4
	case scope.Handler != "":
		part = 2
	case scope != unit.Scope{}:
		part = 3
	}
	file := 0
	for file < len(m.files) && m.files[file] != u.Pos.File {
		file++
	}
	if file == len(m.files) {
		m.files = append(m.files, u.Pos.File)
	}
	return [4]int{part, file, u.Pos.Line, u.Pos.Col}
}

func (m *merging) places() map[string]int {
	for _, p := range m.order {
		if p.before == 0 {
			heap.Push(&m.ready, p)
		}
	}
	places := make(map[string]int, len(m.order))
	next := 0 // the first of order that may have no place
	for len(places) < len(m.order) {
		if m.ready.Len() == 0 { // hosts contradict each other: as the first of them has it
			for m.order[next].done {
				next++
			}
			heap.Push(&m.ready, m.order[next])
		}
		p := heap.Pop(&m.ready).(*place)
		p.done, places[p.name] = true, len(places)
		for _, q := range p.after {
			if q.before--; q.before == 0 && !q.done && q.position < 0 {
				heap.Push(&m.ready, q)
			}
		}
	}
	return places
}

// ready is a heap of the places that nothing has to come before any more.
type ready []*place

func (r ready) Len() int { return len(r) }

func (r ready) Less(i, j int) bool {
	for k, a := range r[i].rank {
		if c := cmp.Compare(a, r[j].rank[k]); c != 0 {
			return c < 0
		}
	}
	return r[i].seen < r[j].seen
}

func (r ready) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].position, r[j].position = i, j
}

func (r *ready) Push(x any) {
	p := x.(*place)
	p.position = len(*r)
	*r = append(*r, p)
}

func (r *ready) Pop() any {
	old := *r
	p := old[len(old)-1]
	p.position = -1
	*r = old[:len(old)-1]
	return p
}
