package library

import (
	"cmp"
	"slices"

	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
)

// Entry is a filter, a test or a function, for the reference.
type Entry struct {
	Func  *function.Func
	Jinja bool // it is one of Jinja's own
}

// Filters lists the filters by name.
func (l *Library) Filters() []Entry { return entries(l.filters, filter.All()) }

// Tests lists the tests by name.
func (l *Library) Tests() []Entry { return entries(l.tests, filter.Tests()) }

// Functions lists the functions by name.
func (l *Library) Functions() []Entry {
	all := map[string]*function.Func{}
	for _, f := range append(globals(), lookup.Functions()...) {
		all[f.Name] = f
	}
	return entries(all, globals())
}

func entries(all map[string]*function.Func, jinja []*function.Func) []Entry {
	own := map[string]bool{"random": true, "tojson": true} // which other packages have
	for _, f := range jinja {
		own[f.Name] = true
	}
	var out []Entry
	for name, f := range all {
		out = append(out, Entry{f, own[name]})
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Compare(a.Func.Name, b.Func.Name) })
	return out
}
