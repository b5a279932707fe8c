// Package library is all filters, tests and functions that templates have, by their names.
package library

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/ansible"
	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/ipaddr"
	"github.com/openfroyo/froyo/builtins/jinja/jmespath"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pycrypt"
	"github.com/openfroyo/froyo/builtins/jinja/pyrandom"
	"github.com/openfroyo/froyo/builtins/jinja/pytime"
)

// Library finds them.
type Library struct {
	filters, tests map[string]*function.Func
	jinja          map[string]bool // the filters and tests of Jinja, which have no full names
	globals        map[string]py.Value
}

// New makes the library.
func New() *Library {
	l := &Library{jinja: map[string]bool{}, filters: map[string]*function.Func{}, tests: map[string]*function.Func{}, globals: map[string]py.Value{}}
	for _, f := range filter.All() {
		l.filters[f.Name], l.jinja[f.Name] = f, true
	}
	for _, t := range filter.Tests() {
		l.tests[t.Name], l.jinja["is "+t.Name] = t, true
	}
	for _, part := range [][]*function.Func{ansible.Filters(), pyrandom.Filters(), pycrypt.Filters(), pytime.Filters(), ipaddr.Filters(), jmespath.Filters()} {
		for _, f := range part {
			l.filters[f.Name] = f
			delete(l.jinja, f.Name)
		}
	}
	delete(l.jinja, "unique") // Ansible has one of its own, which package filter is like
	for _, t := range ansible.Tests() {
		l.tests[t.Name] = t
		delete(l.jinja, "is "+t.Name)
	}
	for _, f := range append(globals(), lookup.Functions()...) {
		l.globals[f.Name] = &program.Global{Func: f}
	}
	return l
}

// short takes the collection off a full name.
func short(name string) string {
	for _, collection := range []string{"ansible.builtin.", "ansible.utils.", "ansible.netcommon.", "community.general."} {
		if rest, ok := strings.CutPrefix(name, collection); ok {
			return rest
		}
	}
	return name
}

// Filter finds a filter by its name.
func (l *Library) Filter(name string) *function.Func {
	plain := short(name)
	if plain != name && l.jinja[plain] {
		return nil
	}
	return l.filters[plain]
}

// Test finds a test by its name.
func (l *Library) Test(name string) *function.Func {
	plain := short(name)
	if plain != name && l.jinja["is "+plain] {
		return nil
	}
	return l.tests[plain]
}

// Global finds a function by its name.
func (l *Library) Global(name string) py.Value {
	if v, ok := l.globals[name]; ok {
		return v
	}
	return nil
}

// globals are the functions that templates call.
func globals() []*function.Func {
	return []*function.Func{
		{Name: "range", Params: py.Params("*args"), Doc: "Whole numbers.", Call: rangeOf},
		{Name: "dict", Params: py.Params("*args, **kwargs"), Doc: "A dict of pairs and named arguments.", Call: func(c *function.Call) (py.Value, error) {
			return program.DictOf(py.Args{Positional: c.Rest, Named: c.More})
		}},
		{Name: "namespace", Params: py.Params("*args, **kwargs"), Doc: "A value whose attributes set can change.", UndefinedArgs: true, Call: func(c *function.Call) (py.Value, error) {
			return program.NewNamespace(py.Args{Positional: c.Rest, Named: c.More})
		}},
		{Name: "cycler", Params: py.Params("*args"), Doc: "Values, one after the other and from the beginning again.", Call: func(c *function.Call) (py.Value, error) {
			return newCycler(c.Rest)
		}},
		{Name: "joiner", Params: py.Params("sep=', '"), Doc: "Nothing when it is first called, then a separator.", Call: func(c *function.Call) (py.Value, error) {
			return &joiner{sep: c.Values[0]}, nil
		}},
	}
}

// maxRange is how many numbers range() gives.
const maxRange = 1_000_000

func rangeOf(c *function.Call) (py.Value, error) {
	if n := len(c.Rest); n < 1 || n > 3 {
		return nil, py.Errorf("range expected 1 to 3 arguments, got %d", n)
	}
	var numbers [3]int
	for i, v := range c.Rest {
		n, ok := py.Int(v)
		if _, isBig := v.(starlark.Int); !ok && !isBig {
			return nil, py.Errorf("'%s' object cannot be interpreted as an integer", py.TypeName(v))
		} else if !ok {
			return nil, py.Errorf("range() of more than %d numbers", maxRange)
		}
		numbers[i] = n
	}
	r := &py.Range{Start: numbers[0], Stop: numbers[1], Step: 1}
	switch len(c.Rest) {
	case 1:
		r.Start, r.Stop = 0, numbers[0]
	case 3:
		if r.Step = numbers[2]; r.Step == 0 {
			return nil, py.Errorf("range() arg 3 must not be zero")
		}
	}
	if r.Len() > maxRange {
		return nil, py.Errorf("range() of more than %d numbers", maxRange)
	}
	return r, nil
}
