package cuefile

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	cueerrors "cuelang.org/go/cue/errors"

	"github.com/openfroyo/froyo/engine/diag"
)

// checker compares a file with its definition, field by field. Validating the
// two unified would report only some of the problems, with places in the
// definition.
type checker struct {
	file *File
	errs []error
}

func (c *checker) errorf(pos diag.Pos, format string, args ...any) *diag.Error {
	err := diag.Errorf(pos, format, args...).WithCode(diag.Usage)
	c.errs = append(c.errs, err)
	return err
}

func (c *checker) check(v, def cue.Value) {
	switch def.IncompleteKind() {
	case cue.StructKind:
		c.fields(v, def)
	case cue.ListKind:
		c.elements(v, def)
	case cue.TopKind:
		c.concrete(v)
	default:
		if err := v.Unify(def).Validate(cue.Concrete(true)); err != nil {
			c.refuse(v, def)
		}
	}
}

func (c *checker) fields(v, def cue.Value) {
	if v.IncompleteKind() != cue.StructKind {
		c.refuse(v, def)
		return
	}
	fields, err := v.Fields()
	if err != nil {
		c.errs = append(c.errs, problems(c.file.name, err))
		return
	}
	for fields.Next() {
		name := fields.Selector().Unquoted()
		if d := member(def, name); d.Exists() {
			c.check(fields.Value(), d)
		} else {
			c.unknown(fields.Value(), def, name)
		}
	}
}

// member returns what a definition says of a field by that name.
func member(def cue.Value, name string) cue.Value {
	if d := def.LookupPath(cue.MakePath(cue.Str(name).Optional())); d.Exists() {
		return d
	}
	return def.LookupPath(cue.MakePath(cue.AnyString))
}

func (c *checker) unknown(v, def cue.Value, name string) {
	names, at := fieldNames(def), v.Path().Selectors()
	err := c.errorf(c.file.Pos(v), "%sunknown field %q", prefix(at[:len(at)-1]), name)
	if near := diag.Nearest(name, names); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	} else {
		err.Hint = "allowed are " + strings.Join(names, ", ")
	}
}

func fieldNames(def cue.Value) []string {
	var names []string
	fields, err := def.Fields(cue.Optional(true))
	for err == nil && fields.Next() {
		names = append(names, fields.Selector().Unquoted())
	}
	return names
}

func (c *checker) elements(v, def cue.Value) {
	if v.IncompleteKind() != cue.ListKind {
		c.refuse(v, def)
		return
	}
	list, err := v.List()
	if err != nil {
		c.errs = append(c.errs, problems(c.file.name, err))
		return
	}
	element := def.LookupPath(cue.MakePath(cue.AnyIndex))
	for list.Next() {
		c.check(list.Value(), element)
	}
}

// concrete wants values, whatever they are.
func (c *checker) concrete(v cue.Value) {
	err := v.Validate(cue.Concrete(true))
	if err == nil {
		return
	}
	root := len(v.Path().Selectors())
	for _, e := range cueerrors.Errors(err) {
		at := v
		if path := e.Path(); len(path) > root {
			at = descend(v, path[root:])
		}
		c.refuse(at, cue.Value{})
	}
}

// descend follows the names and indexes of an error's path as far as it leads.
func descend(v cue.Value, path []string) cue.Value {
	for _, name := range path {
		next := v.LookupPath(cue.MakePath(cue.Str(strings.Trim(name, `"`))))
		if i, err := strconv.Atoi(name); err == nil && v.IncompleteKind() == cue.ListKind {
			next = v.LookupPath(cue.MakePath(cue.Index(i)))
		}
		if !next.Exists() && next.IncompleteKind() == cue.BottomKind && !next.Pos().IsValid() {
			return v
		}
		v = next
	}
	return v
}

// refuse reports a value that is not what its definition wants.
func (c *checker) refuse(v, def cue.Value) {
	if v.IncompleteKind() == cue.BottomKind {
		c.errs = append(c.errs, problems(c.file.name, v.Err()))
		return
	}
	c.errorf(c.file.ValuePos(v), "%swant %s, got %s", prefix(v.Path().Selectors()), wanted(def), brief(v))
}

// wanted says in words what a definition accepts.
func wanted(def cue.Value) string {
	if !def.Exists() {
		return "a value"
	}
	attr := def.Attribute("want")
	if words, err := attr.String(0); attr.Err() == nil && err == nil {
		return words
	}
	return noun(def.IncompleteKind())
}

func noun(k cue.Kind) string {
	switch k {
	case cue.StructKind:
		return "a struct"
	case cue.ListKind:
		return "a list"
	case cue.BoolKind:
		return "true or false"
	case cue.IntKind:
		return "a whole number"
	case cue.NullKind:
		return "null"
	case cue.StringKind:
		return "a string"
	}
	return "a " + k.String()
}

// maxBrief bounds how much of a value an error shows.
const maxBrief = 60

// brief shows a value in an error.
func brief(v cue.Value) string {
	if d, ok := v.Default(); ok {
		v = d
	}
	kind := v.Kind()
	switch kind {
	case cue.StructKind, cue.ListKind:
		return noun(kind)
	case cue.BottomKind:
		return oneLine(fmt.Sprint(v)) + ", which leaves it open"
	}
	text := fmt.Sprint(v)
	if s, err := v.String(); err == nil {
		text = strconv.Quote(s)
	}
	return bounded(text, maxBrief)
}

// prefix names a field at the start of an error: "hosts.web1.port: ".
func prefix(selectors []cue.Selector) string {
	if len(selectors) == 0 {
		return ""
	}
	return cue.MakePath(selectors...).String() + ": "
}
