// Package lookup is the lookups of templates: lookup(), query() and q(), with those of Ansible's lookups that read the
// workspace only, or nothing. Each gives the same as Ansible's, or an error; what asks the world outside says what to
// write instead.
//
// A path that a lookup gives begins with // and counts from the workspace's root, as in include.
package lookup

import (
	"errors"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/engine/diag"
)

type value = py.Value

// Lookup is one of the lookups.
type Lookup struct {
	Name   string
	Params py.Signature // the terms, then options by name
	Doc    string       // one line for the reference
	run    func(c *call) ([]value, error)
}

// call is one call of a lookup. Its terms are copies.
type call struct {
	run   *function.Run
	terms []value
	args  py.Bound
}

// All returns the lookups, by name.
func All() []*Lookup {
	return []*Lookup{
		{"csvfile", py.Params("*terms, col=1, default=None, delimiter='TAB', file='ansible.csv', encoding='utf-8'"), "The column of the first line of a CSV file that begins with the term.", csvFile},
		{"dict", py.Params("*terms"), "The elements of dicts as dicts of key and value.", dicts},
		{"file", py.Params("*terms, rstrip=True, lstrip=False"), "The text of files.", files},
		{"fileglob", py.Params("*terms"), "The paths of the files in a directory whose names match a pattern, in order.", fileGlob},
		{"first_found", py.Params("*terms, files=None, paths=None, skip=False"), "The path of the first file that there is.", firstFound},
		{"indexed_items", py.Params("*terms"), "Pairs of a number from 0 and an element.", indexedItems},
		{"ini", py.Params("*terms, type='ini', file='ansible.ini', section='global', re=False, encoding='utf-8', default='', case_sensitive=False, allow_no_value=False, allow_none=False"), "The value of a key of an INI file or of Java properties.", iniFile},
		{"items", py.Params("*terms"), "The terms, lists among them opened once.", items},
		{"list", py.Params("*terms"), "The terms.", func(c *call) ([]value, error) { return c.terms, nil }},
		{"nested", py.Params("*terms"), "All combinations of an element of each list.", nested},
		{"sequence", py.Params("*terms"), "Numbers as texts: '4', '2-10/2', '3:web%02d', 'start=1 end=9 stride=2'.", sequence},
		{"subelements", py.Params("*terms"), "Pairs of a dict and an element of a list in it.", subelements},
		{"template", py.Params("*terms, convert_data=True, template_vars=None"), "What templates render; a list, a dict or a boolean in place of its text.", templates},
		{"together", py.Params("*terms"), "The first elements of lists, then the second ones and so on.", together},
		{"vars", py.Params("*terms, default=None"), "The values of variables that are given by name.", variables},
	}
}

// Functions are lookup(), query() and q().
func Functions() []*function.Func {
	byName := map[string]*Lookup{}
	for _, l := range All() {
		byName[l.Name] = l
	}
	of := func(name, doc string, list bool) *function.Func {
		return &function.Func{Name: name, Params: py.Params("name, *terms, **options"), Doc: doc, Call: func(c *function.Call) (value, error) {
			return run(c, byName, list)
		}}
	}
	return []*function.Func{
		of("lookup", "What a lookup gives, texts joined with commas; with wantlist=True as a list.", false),
		of("query", "What a lookup gives, as a list.", true),
		of("q", "The same as query.", true),
	}
}

// failure is an error that Ansible has, too, and that errors='ignore' passes over.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// failing makes an error of a value one that Ansible has, too; that of a limit stays what it is.
func failing(err error) error {
	if _, ok := errors.AsType[*py.Error](err); ok {
		return failure{err}
	}
	return err
}

func failf(format string, args ...any) error { return failure{py.Errorf(format, args...)} }

func run(c *function.Call, lookups map[string]*Lookup, list bool) (value, error) {
	name, err := c.Text(0)
	if err != nil {
		return nil, py.Errorf("the name of a lookup is a text, not %s", py.TypeName(c.Values[0]))
	}
	l, err := find(name, lookups)
	if err != nil {
		return nil, err
	}
	o := options{list: list}
	if err := o.take(c.More); err != nil {
		return nil, err
	}
	given := call{run: c.Run}
	for _, term := range c.Rest {
		term, err := given.copied(term, 0)
		if err != nil {
			return nil, named(l, err)
		}
		given.terms = append(given.terms, term)
	}
	if given.args, err = l.Params.Bind("lookup "+l.Name, py.Args{Positional: given.terms, Named: o.rest}); err != nil {
		return nil, err
	}
	out, err := l.run(&given)
	if _, ok := errors.AsType[failure](err); ok && o.ignore {
		if o.list {
			return starlark.NewList(nil), nil
		}
		return starlark.None, nil
	}
	if err != nil {
		return nil, named(l, err)
	}
	if o.list || len(out) == 0 {
		return starlark.NewList(out), nil
	}
	return joined(out)
}

// named says which lookup failed.
func named(l *Lookup, err error) error {
	if e, ok := errors.AsType[*py.Error](err); ok {
		return py.Errorf("lookup %s: %s", l.Name, e.Message)
	}
	return err
}

// options are those of all lookups.
type options struct {
	list, ignore bool
	rest         []py.NamedArg
}

func (o *options) take(given []py.NamedArg) error {
	for _, arg := range given {
		switch arg.Name {
		case "wantlist":
			yes, err := py.Truth(arg.Value)
			if err != nil {
				return err
			}
			o.list = o.list || yes
		case "errors":
			switch arg.Value {
			case starlark.String("ignore"):
				o.ignore = true
			case starlark.String("strict"):
			case starlark.String("warn"):
				return py.Errorf("errors='warn' is left out, since a template writes to no screen; use errors='ignore', or default()")
			default:
				return py.Errorf("errors is 'strict' or 'ignore'")
			}
		case "allow_unsafe":
			return py.Errorf("allow_unsafe is left out: what a lookup gives is never a template")
		default:
			o.rest = append(o.rest, arg)
		}
	}
	return nil
}

// joined is what lookup() makes of several values.
func joined(items []value) (value, error) {
	texts := make([]string, len(items))
	size := int64(0)
	for i, item := range items {
		s, ok := item.(starlark.String)
		if !ok {
			if len(items) == 1 {
				return item, nil
			}
			return starlark.NewList(items), nil
		}
		texts[i] = string(s)
		size += int64(len(s)) + 1
	}
	if err := py.Fits("lookup", size); err != nil {
		return nil, err
	}
	return starlark.String(strings.Join(texts, ",")), nil
}

func find(name string, lookups map[string]*Lookup) (*Lookup, error) {
	short := name
	for _, collection := range []string{"ansible.builtin.", "ansible.legacy."} {
		if rest, ok := strings.CutPrefix(name, collection); ok {
			short = rest
			break
		}
	}
	if l := lookups[short]; l != nil {
		return l, nil
	}
	names := make([]string, 0, len(lookups))
	for n := range lookups {
		names = append(names, n)
	}
	if why := LeftOut(short[strings.LastIndexByte(short, '.')+1:]); why != "" {
		return nil, py.Errorf("the lookup %q is left out: %s", name, why)
	}
	if near := diag.Nearest(short, names); near != "" {
		return nil, py.Errorf("there is no lookup %q; did you mean %q?", name, near)
	}
	return nil, py.Errorf("there is no lookup %q", name)
}

// maxDepth is how deep a term may be nested.
const maxDepth = 100

// copied copies a term: a lookup may change it, and tuples are lists, as Ansible passes them.
func (c *call) copied(v value, depth int) (value, error) {
	if err := c.run.Step(1); err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, py.Errorf("a term is nested more than %d levels deep", maxDepth)
	}
	switch v := v.(type) {
	case *py.Undefined:
		return nil, v
	case starlark.String:
		if IsTemplate(string(v)) {
			return nil, py.Errorf("a term has a template in it: %q; write it as an expression, such as 'a' ~ x", string(v))
		}
		return v, nil
	case *starlark.Dict:
		out := starlark.NewDict(v.Len())
		for _, item := range v.Items() {
			val, err := c.copied(item[1], depth+1)
			if err != nil {
				return nil, err
			}
			if err := out.SetKey(item[0], val); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *starlark.List, starlark.Tuple, *py.Range:
		elements, err := py.Elements(v)
		if err != nil {
			return nil, err
		}
		out := make([]value, len(elements))
		for i, e := range elements {
			if out[i], err = c.copied(e, depth+1); err != nil {
				return nil, err
			}
		}
		return starlark.NewList(out), nil
	}
	return v, nil
}

// IsTemplate reports whether a text looks like a template.
func IsTemplate(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "{%") || strings.Contains(s, "{#")
}
