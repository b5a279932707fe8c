package library

import (
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
)

// Entry is a filter, a test or a function, for the reference.
type Entry struct {
	Func       *function.Func
	Name       string // the full one where the short one is not clear
	Collection string // of Ansible that has it, "" for none
	Jinja      bool   // it is one of Jinja's own
}

// Filters lists the filters by name.
func (l *Library) Filters() []Entry { return l.filters.entries() }

// Tests lists the tests by name.
func (l *Library) Tests() []Entry { return l.tests.entries() }

// Functions lists the functions by name.
func (l *Library) Functions() []Entry {
	n := newNames()
	n.add(globals(), jinja)
	n.add(lookup.Functions(), builtin)
	return n.entries()
}

// entries lists what there is, each once.
func (n names) entries() []Entry {
	var out []Entry
	for _, name := range n.list() {
		from := n.from[name]
		if from == "" && n.short[name] == nil {
			from, _ = collectionOf(name)
		}
		out = append(out, Entry{n.find(name), name, from, n.ofJinja[name]})
	}
	return out
}
