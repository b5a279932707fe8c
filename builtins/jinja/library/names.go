package library

import (
	"slices"
	"strings"

	"github.com/openfroyo/froyo/builtins/jinja/function"
)

// names are filters or tests by their short names and by their full ones.
type names struct {
	short, full map[string]*function.Func
	from        map[string]string   // short names with the collection that has them
	ofJinja     map[string]bool     // names that Jinja has, even where Ansible has its own
	several     map[string][]string // short names that several collections have, with the full ones
}

func newNames() names {
	return names{map[string]*function.Func{}, map[string]*function.Func{}, map[string]string{}, map[string]bool{}, map[string][]string{}}
}

// add adds what a collection has, and others that pass on to it. What Ansible has itself goes before what Jinja has, and
// both before what other collections have.
func (n names) add(funcs []*function.Func, collection string, others ...string) {
	for _, f := range funcs {
		full := collection + "." + f.Name
		switch before, had := n.from[f.Name]; {
		case !had || collection == builtin:
			n.short[f.Name], n.from[f.Name] = f, collection
		case before != jinja && before != builtin:
			n.several[f.Name] = []string{before + "." + f.Name, full}
		}
		if collection == jinja {
			n.ofJinja[f.Name] = true
		} else {
			n.full[full] = f
		}
		for _, other := range others {
			n.full[other+"."+f.Name] = f
		}
	}
}

// find returns what has a name.
func (n names) find(name string) *function.Func {
	if f, ok := n.full[name]; ok {
		return f
	}
	if _, unclear := n.several[name]; unclear {
		return nil
	}
	return n.short[name]
}

// list lists all names that find something: short ones, and the full ones where a short one is not clear.
func (n names) list() []string {
	var out []string
	for name := range n.short {
		if _, unclear := n.several[name]; !unclear {
			out = append(out, name)
		}
	}
	for _, full := range n.several {
		out = append(out, full...)
	}
	slices.Sort(out)
	return out
}

// collections are those that have filters or tests here.
var collections = []string{builtin, utils, netCom, general}

// collectionOf takes a full name apart. A name that is none stays.
func collectionOf(name string) (collection, short string) {
	for _, c := range collections {
		if rest, ok := strings.CutPrefix(name, c+"."); ok {
			return c, rest
		}
	}
	return "", name
}

func plain(name string) string {
	_, short := collectionOf(name)
	return short
}

// of lists the short names that a collection has.
func (n names) of(collection string) []string {
	var out []string
	for full, f := range n.full {
		if c, _ := collectionOf(full); c == collection {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return out
}
