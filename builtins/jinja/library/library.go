// Package library is all filters, tests and functions that templates have, by their names.
package library

import (
	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/ansible"
	"github.com/openfroyo/froyo/builtins/jinja/community"
	"github.com/openfroyo/froyo/builtins/jinja/filter"
	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/ipaddr"
	"github.com/openfroyo/froyo/builtins/jinja/jmespath"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
	"github.com/openfroyo/froyo/builtins/jinja/markup"
	"github.com/openfroyo/froyo/builtins/jinja/nested"
	"github.com/openfroyo/froyo/builtins/jinja/pprint"
	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pycrypt"
	"github.com/openfroyo/froyo/builtins/jinja/pyrandom"
	"github.com/openfroyo/froyo/builtins/jinja/pytime"
)

// Library finds them.
type Library struct {
	filters, tests names
	globals        map[string]py.Value
}

// Where filters and tests are from.
const (
	jinja   = "" // which has no full names
	builtin = "ansible.builtin"
	utils   = "ansible.utils"
	netCom  = "ansible.netcommon" // which passes on to ansible.utils
	general = "community.general"
)

// New makes the library.
func New() *Library {
	l := &Library{filters: newNames(), tests: newNames(), globals: map[string]py.Value{}}
	for _, part := range jinjaFilters() {
		l.filters.add(part, jinja)
	}
	for _, part := range [][]*function.Func{ansible.Filters(), pyrandom.Filters(), pycrypt.Filters(), pytime.Filters()} {
		l.filters.add(part, builtin)
	}
	l.filters.ofJinja["random"] = true // which another package has
	unique := l.filters.find("unique") // Ansible has one of its own, which package filter is like
	l.filters.add([]*function.Func{unique}, builtin)
	l.filters.add(ipaddr.Filters(), utils, netCom, builtin)
	l.filters.add(pycrypt.TypeFive(), netCom, builtin)
	l.filters.add(nested.Filters(), utils)
	for _, part := range [][]*function.Func{jmespath.Filters(), pyrandom.Addresses()} {
		l.filters.add(part, general, builtin)
	}
	l.filters.add(community.Filters(), general)
	l.tests.add(filter.Tests(), jinja)
	l.tests.add(ansible.Tests(), builtin)
	l.tests.add(ipaddr.Tests(), utils)
	for _, f := range append(globals(), lookup.Functions()...) {
		l.globals[f.Name] = &program.Global{Func: f}
	}
	return l
}

// jinjaFilters are the filters of Jinja itself.
func jinjaFilters() [][]*function.Func {
	return [][]*function.Func{filter.All(), markup.Filters(), pprint.Filters(), ansible.ForHTML()}
}

// Filter finds a filter by its name.
func (l *Library) Filter(name string) *function.Func { return l.filters.find(name) }

// Test finds a test by its name.
func (l *Library) Test(name string) *function.Func { return l.tests.find(name) }

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
