// Package facts knows the facts that a host tells of itself: their names, what
// they mean, and what they can be. All of it comes from the CUE definitions
// beside the code, one file for each namespace.
//
// A host is not trusted: what it tells is checked here, once, by checks in Go
// that are compiled from the definitions.
//
// A workspace may define facts of its own; a Registry has those and froyo's.
//
// It imports engine/schema/shape, engine/diag, runner/op, runner/codec and CUE's syntax.
package facts

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

//go:embed *.cue
var sources embed.FS

// Basic is the namespace that every run asks for.
const Basic = "os.basic"

// definitions are the namespaces, in the order in which they are told of.
var definitions = [...]struct{ namespace, definition string }{
	{Basic, "#OSBasic"},
	{"hw.cpu", "#HWCPU"},
	{"hw.memory", "#HWMemory"},
	{"hw.disks", "#HWDisks"},
	{"net.ifaces", "#NetIfaces"},
	{"net.routes", "#NetRoutes"},
	{"fs.mounts", "#FSMounts"},
	{"users", "#Users"},
	{"time", "#Time"},
	{"virt", "#Virt"},
	{"pkg.manifest", "#PkgManifest"},
	{"svc.units", "#SvcUnits"},
}

// How long facts may be relied on, and how long a host may take to tell them, where the definition says nothing else.
const (
	DefaultTTL      = 24 * time.Hour
	DefaultDeadline = 10 * time.Second
)

// Namespace is a group of facts that come together.
type Namespace struct {
	Name string // "os.basic"
	Doc  string
	// Systems are those that report them; others leave them out, or empty.
	Systems string
	// TTL is how long stored ones may be relied on, Deadline how long a host may take to tell them.
	TTL, Deadline time.Duration
	// Own says how those of a workspace come to be; nil for froyo's.
	Own *Own
	record
}

// Form is how a field's values are held.
type Form uint8

// The forms.
const (
	Plain Form = iota // one value
	List              // records, in order
	Dict              // values by name; records where the field has fields
)

// Field is a fact, or a field of one that is a record.
type Field struct {
	Name string
	Doc  string
	Kind string // for documentation: "string", "int", "list", "dict"
	Form Form
	// Volatile says that it changes by itself all the time, so that a change of it is no news.
	Volatile bool
	// Bytes says that it counts bytes.
	Bytes bool
	// Fields are those of the records that a list or a dict holds.
	Fields []Field

	shape shape.Shape // of the value, or of each of a dict's; nil where they are records
}

// Source says what tells the facts: froyo, or a program of the host or a function of the workspace.
func (n *Namespace) Source() string {
	switch {
	case n.Own == nil:
		return "froyo"
	case n.Own.Script != "":
		return n.Own.Script
	}
	return strings.Join(n.Own.Argv, " ")
}

// record is what has fields.
type record struct{ Fields []Field }

// Field returns the field of a name, or nil.
func (r *record) Field(name string) *Field {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return &r.Fields[i]
		}
	}
	return nil
}

// All returns froyo's namespaces. They are read once, and must not be changed.
func All() []*Namespace { return load().all }

// Lookup returns the namespace of froyo's that has a name, or nil.
func Lookup(name string) *Namespace { return load().Lookup(name) }

var load = sync.OnceValue(func() *Registry {
	all, err := read(sources)
	if err != nil {
		panic(err) // embedded files can be read, as the tests have shown
	}
	return &Registry{all: all}
})

// read compiles the definitions of *.cue files.
func read(fsys fs.FS) ([]*Namespace, error) {
	s := &syntax{declared: map[string]*ast.Field{}}
	names, err := fs.Glob(fsys, "*.cue")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		s.take(file)
	}
	var all []*Namespace
	for _, d := range definitions {
		n := &Namespace{Name: d.namespace, TTL: DefaultTTL, Deadline: DefaultDeadline}
		if n.Fields, err = s.fields(d.definition); err != nil {
			return nil, fmt.Errorf("%s: %w", d.definition, err)
		}
		n.Doc = docOf(s.declared[d.definition])
		if err := n.attributes(s.declared[d.definition].Value.(*ast.StructLit).Elts); err != nil {
			return nil, fmt.Errorf("%s: %w", d.definition, err)
		}
		all = append(all, n)
	}
	return all, nil
}

// maxNested is how deep records may be nested.
const maxNested = 8

// syntax is the text of the definitions.
type syntax struct {
	files    []*ast.File
	declared map[string]*ast.Field // definitions by name
	depth    int                   // of the records that are being compiled
}

func (s *syntax) take(file *ast.File) {
	s.files = append(s.files, file)
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.Field); ok {
			s.declared[labelOf(f)] = f
		}
	}
}

// fields compiles the fields of a definition.
func (s *syntax) fields(definition string) ([]Field, error) {
	declared := s.declared[definition]
	if declared == nil {
		return nil, fmt.Errorf("there is no definition %s", definition)
	}
	body, ok := declared.Value.(*ast.StructLit)
	text := shape.Find(s.files, definition)
	if !ok || !text.Plain() {
		return nil, fmt.Errorf("%s is more than its fields", definition)
	}
	var all []Field
	var err error
	for _, decl := range body.Elts {
		of, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		f := Field{Name: labelOf(of), Doc: docOf(of)}
		if f.Volatile, err = isVolatile(of); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := s.compile(&f, of.Value, text); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// compile finds out what a field holds.
func (s *syntax) compile(f *Field, value ast.Expr, text *shape.Syntax) error {
	if name, ok := value.(*ast.Ident); ok {
		f.Bytes = name.Name == "#bytes"
	}
	f.shape = text.Field(f.Name)
	f.Kind = f.shape.Kind()
	form, element := container(value)
	if form == Dict {
		f.Form, f.Kind = Dict, "dict"
	}
	if record, ok := element.(*ast.Ident); ok && s.isRecord(record.Name) {
		if s.depth++; s.depth > maxNested {
			return fmt.Errorf("%s contains itself, or records are nested more than %d deep", record.Name, maxNested)
		}
		defer func() { s.depth-- }()
		var err error
		f.Form, f.Kind, f.shape = form, [...]string{List: "list", Dict: "dict"}[form], nil
		f.Fields, err = s.fields(record.Name)
		return err
	}
	if f.shape.Schema() == nil {
		return fmt.Errorf("this constraint cannot be checked of a fact")
	}
	return nil
}

// container tells what [...x] and {[string]: x} hold.
func container(value ast.Expr) (Form, ast.Expr) {
	switch v := value.(type) {
	case *ast.ListLit:
		if len(v.Elts) == 1 {
			if rest, ok := v.Elts[0].(*ast.Ellipsis); ok {
				return List, rest.Type
			}
		}
	case *ast.StructLit:
		if len(v.Elts) == 1 {
			if f, ok := v.Elts[0].(*ast.Field); ok && labelOf(f) == "" {
				return Dict, f.Value
			}
		}
	}
	return Plain, nil
}

func (s *syntax) isRecord(name string) bool {
	f := s.declared[name]
	if f == nil {
		return false
	}
	_, ok := f.Value.(*ast.StructLit)
	return ok
}

// labelOf returns the name that a field declares, "" for a pattern.
func labelOf(f *ast.Field) string {
	if _, pattern := f.Label.(*ast.ListLit); pattern {
		return ""
	}
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		return ""
	}
	return name
}

// docOf returns the comment above a field.
func docOf(f *ast.Field) string {
	var text []string
	for _, group := range ast.Comments(f) {
		if group.Doc {
			text = append(text, strings.Join(strings.Fields(group.Text()), " "))
		}
	}
	return strings.Join(text, " ")
}
