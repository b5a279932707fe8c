// Package jinja renders Jinja templates as Ansible's template module does: the same text, byte for byte, or an error.
// Undefined variables are errors, a tag takes the newline after it, the newlines at the end stay, nothing is escaped.
// What would make a text depend on anything but the template, its variables and the workspace's files is left out.
//
//	set := jinja.New(os.DirFS("templates"), nil)
//	text, err := set.File(jinja.Rendering{Context: ctx, Vars: jinja.Dict(vars)}, "app.conf.j2")
//
// A template is compiled once and may be rendered any number of times, at once, too. Values are those of Starlark.
//
// The parts are packages of their own: syntax reads templates, program compiles and runs them, py is Python's meaning of
// values, filter, ansible, lookup and library are the filters, tests and functions, pyre, pyjson, pyyaml and others what
// they are built on.
package jinja

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/library"
	"github.com/openfroyo/froyo/builtins/jinja/lookup"
	"github.com/openfroyo/froyo/builtins/jinja/program"
	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyliteral"
	"github.com/openfroyo/froyo/builtins/jinja/syntax"
)

// DefaultLimit is how long a rendering may take.
const DefaultLimit = 30 * time.Second

// DefaultSteps is how many steps a rendering may take where nothing else is said.
const DefaultSteps = 100_000_000

// maxTexts is how many compiled templates are kept that are no files.
const maxTexts = 1000

// Set holds the templates of a directory, each compiled once. It is safe for concurrent use.
type Set struct {
	fsys fs.FS
	read func(path string, content []byte) // told of every file that is read; may be nil
	lib  *library.Library

	mu    sync.Mutex
	files map[compiled]*program.Program
	texts map[textKey]*program.Program
}

// New makes a set over a directory. read, which may be nil, is told of every file that a rendering reads; it must be
// safe for concurrent use.
func New(fsys fs.FS, read func(path string, content []byte)) *Set {
	return &Set{
		fsys: fsys, read: read, lib: library.New(),
		files: map[compiled]*program.Program{}, texts: map[textKey]*program.Program{},
	}
}

// Variables are what a template is given.
type Variables interface {
	// Variable returns a variable; found is false where there is none. A template may change lists and dicts in it.
	Variable(name string) (v starlark.Value, found bool, err error)
	// Names lists the variables, for hints.
	Names() []string
}

// Rendering is what a template is rendered with.
type Rendering struct {
	Context context.Context //nolint:containedctx // it belongs to one call
	Vars    Variables
	// Limit is how long it may take; 0 is DefaultLimit.
	Limit time.Duration
	// Steps counts the steps that were taken, up to MaxSteps; nil is a count of its own up to DefaultSteps.
	Steps    *uint64
	MaxSteps uint64
}

// File renders the template at a path from the directory's root.
func (s *Set) File(r Rendering, path string) (string, error) {
	p, err := s.file(path, syntax.Default())
	if err != nil {
		return "", s.explain(err, r.Vars, path)
	}
	return s.render(r, p, path)
}

// Text renders a template that is given as text; what it includes is found from the directory's root.
func (s *Set) Text(r Rendering, text string) (string, error) {
	return s.text(r, textKey{text: text})
}

// Value renders a text as Ansible renders a variable: backslashes of texts within {{ }} stay, and of what is a list, a
// dict or a boolean that is made. A text in which nothing is to be rendered stays as it is.
func (s *Set) Value(r Rendering, text string) (starlark.Value, error) {
	if !lookup.IsTemplate(text) {
		return starlark.String(text), nil
	}
	out, err := s.text(r, textKey{text: text, variable: true})
	if err != nil {
		return nil, err
	}
	return pyliteral.Convert(out)
}

// IsTemplate reports whether a text looks like a template.
func IsTemplate(text string) bool { return lookup.IsTemplate(text) }

// textKey is a template that is no file.
type textKey struct {
	text     string
	variable bool // of Ansible
}

func (s *Set) text(r Rendering, key textKey) (string, error) {
	s.mu.Lock()
	p, ok := s.texts[key]
	s.mu.Unlock()
	if !ok {
		o := syntax.Default()
		o.RawTexts = key.variable
		var err error
		if p, err = program.Compile(textName, key.text, o, s.lib); err != nil {
			return "", s.explain(err, r.Vars, textName)
		}
		s.mu.Lock()
		if len(s.texts) >= maxTexts {
			clear(s.texts)
		}
		s.texts[key] = p
		s.mu.Unlock()
	}
	return s.render(r, p, textName)
}

// textName is what messages call a template that is no file.
const textName = "text"

// Dict gives the elements of a dict as variables. Rendering may change what is in it.
func Dict(d *starlark.Dict) Variables { return dict{d} }

type dict struct{ d *starlark.Dict }

func (d dict) Variable(name string) (starlark.Value, bool, error) {
	return d.d.Get(starlark.String(name))
}

func (d dict) Names() []string {
	var out []string
	for _, k := range d.d.Keys() {
		if s, ok := k.(starlark.String); ok {
			out = append(out, string(s))
		}
	}
	return out
}

// Object is a value with attributes that are made when they are read.
type Object struct {
	Name string // what messages call it
	Text func() (string, error)
	// Get returns an attribute; found is false where there is none.
	Get func(name string) (v starlark.Value, found bool, err error)
}

// Value makes a value of templates of an object.
func (o *Object) Value() starlark.Value { return &object{o} }

type object struct{ o *Object }

func (o *object) String() string        { return o.o.Name }
func (o *object) Type() string          { return o.o.Name }
func (o *object) Freeze()               {}
func (o *object) Truth() starlark.Bool  { return true }
func (o *object) Hash() (uint32, error) { return 0, errors.New("unhashable: " + o.o.Name) }

// Text implements what py.Str asks for.
func (o *object) Text() (string, error) { return o.o.Text() }

// Get implements py.Object.
func (o *object) Get(name string) (py.Value, error) {
	v, found, err := o.o.Get(name)
	if err != nil || !found {
		return nil, err
	}
	return v, nil
}
