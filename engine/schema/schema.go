// Package schema reads resource types from CUE. The definitions are the one
// source: arguments, defaults, limits, documentation and JSON Schema all come
// from them. Package check checks calls against a type, package reference
// documents it.
//
// Beside CUE's own constraints a field may carry attributes:
//
//	@key(alias)          the field identifies the unit; alias is a field that may name it instead
//	@key(with=field)     the field and another one, with a colon between them, identify the unit; with="a|b" is the
//	                     first of several that is given, and there may be more than one with
//	@host()              the value is a host, passed on by its name
//	@later()             the value may become known only when the unit is executed
//	@result()            the value may be a function of the unit's result
//	@blob()              bulk content, passed on by digest
//	@source(into=field)  a file of the workspace, read into the blob field
//	@source(into=field, exclude=other)  a directory of the workspace, whose tree is listed in the blob field, without what the
//	                     patterns in the list other are for
//	@expect("words")     what to call a right value in messages: "an absolute path"
//	@meant(word="value") what a word of other tools means here, for the hint of a value that is refused
//	@called(a, b)        what other tools call the field, for the hint of an argument that there is not
//	@each()              a list stands for one unit for each of its elements; for keys
//	@volatile("a|b")     values that act at every apply, refused where nothing calls for them
//	@includes(a="b")     what value a does includes what value b does: of two handlers that ask for both, one is enough
//	@path()              a path on the host; a key is refused where it has "..", see engine/hostpath
//	@path(owns)          a path that the unit manages, with what is below it
//	@path(edits)         a text file of which the unit manages a part: others may edit it, too, but none may replace it
//	@path(owns, in="/d") a name in a directory, with suffix=".x" behind it and prefix="x" before it where the file is called so
//	                     {field} in the directory is the value of that field; with unless=field only where that one is not given
//	@replaces(a|b)       where the field is given, with one of the values if any are named, what is at the unit's path is
//	                     the unit's as a whole, so that no other may edit it
//	@path(needs)         a path that the unit needs to be there, or to be as it should
//	@identity(ns, owns)  the name of something that the unit manages; ns is what sort of thing
//	@identity(ns, needs) the name of something that the unit needs; suffix=".x" is no part of the name
//	@octal()             an int is a mistake for octal digits in quotes
//	@conflicts(a, b)     not together with these fields
//	@secret(f="x|y")     the value is a secret, where field f has one of the values if any are named: it is given by sensitive(...)
//	@needs(f="x|y")      only where field f has one of the values
//	@required(f="x|y")   must be given where field f has one of the values
//	@brings(kinds)       where the field is given and not False, units may bring things of these kinds, too
//
// and a definition these:
//
//	@transaction(name)   units that stand together are one transaction; all of that name are done one after the other
//	@systems("...")      on which systems units of the type work, for the reference
//	@irreversible("...") what of its changes cannot be undone from what a plan holds: what was there before, and how it was
//	@brings(kinds)       what other units may need and these may bring when they change their host: "user", "group", "program",
//	                     "service", "directory", "package" or what else a need is called (see abi.Need), "anything", and
//	                     "connections", without which the guards of other units may answer otherwise; beside it they
//	                     bring what the files are that they change; a type that does not say so may bring anything
//	@called(word="...")  what other tools call units of the type, and how they are written here
//	@lockout()           a unit could cut froyo off from its host: it is applied under guard, and nothing else is at work there
//	                     beside it; (field="a|b") only one whose field begins with one of these; (login=field) only one whose
//	                     field names who logs in; (alone) one that has a way of its own to come back. What the unit owns counts
//	                     beside that, see engine/lockout, but with (only, field="a|b"). (packages, field="a|b"): the software that
//	                     the unit owns are packages; one whose field begins so takes them away, which no guard undoes; () has none
//
// What owns something and what owns or needs the same are done in the order of
// the runbook, also where units run side by side. What only needs it is not.
//
// It imports CUE, engine/schema/shape, engine/diag, engine/hostpath, engine/unit and runner/codec.
package schema

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

// Package is a set of resource types that come together.
type Package struct {
	Name string
	// Version is for the caller to set, from the package's manifest.
	Version string
	Types   []*Type // by name
}

// Type is a resource type. It does not change once it is loaded, and may be used by many goroutines at once.
type Type struct {
	Name    string
	Doc     string
	Package string
	Systems string // on which systems its units work, "" where it does not say
	// Irreversible is what of its units' changes cannot be undone from what the plan shows, "" where all can.
	Irreversible string
	// Words are what other tools call units of the type, each with how it is written here.
	Words   map[string]string
	Fields  []Field // the arguments, in the definition's order
	Outputs []Field // what a unit of the type offers to later ones
	// Key names the field that identifies a unit. KeyAlias, where not empty,
	// names an optional field that does so in its place.
	Key      string
	KeyAlias string
	// KeyWith names the fields whose values belong to the key, of each list the first that is given.
	KeyWith [][]string

	// Rules are what the definition asks of each of Fields, Results of each of Outputs.
	Rules, Results []Rule
	// Value is the definition.
	Value cue.Value
	// Sorted are the indices of Fields, by name.
	Sorted []int
	// Plain says that the fields are all there is: no constraint ties them together.
	Plain bool

	index       map[string]int // of Fields, by name
	transaction string
	lockout     lockoutRule
	brings      []string // nil where the definition does not say
}

// LocksOut reports whether a unit of the type could cut froyo off from its host.
func (t *Type) LocksOut() bool {
	return t.lockout.declared && (!t.lockout.packages || t.lockout.field != "")
}

// Index is where in Fields the argument of that name is, -1 where there is none.
func (t *Type) Index(name string) int {
	if i, ok := t.index[name]; ok {
		return i
	}
	return -1
}

// Called is the argument that other tools call by a name, or "".
func (t *Type) Called(name string) string {
	for i := range t.Rules {
		if slices.Contains(t.Rules[i].Called, name) {
			return t.Fields[i].Name
		}
	}
	return ""
}

// Field is an argument or an output of a type.
type Field struct {
	Name string
	Doc  string
	// Kind is for documentation and messages: "string", "bool", "list of ints", "object", "string or list of strings".
	Kind       string // of a host field "host"
	Default    any    // plain data, where HasDefault
	HasDefault bool
	Enum       []string // the strings allowed, where only certain ones are
	Required   bool
	Key        bool
	Later      bool // may become known only at the unit's turn
	Blob       bool
	Host       bool   // a host, by its name
	Path       bool   // a path on the host, of which every spelling is one value
	Result     bool   // may be a function of the unit's result
	SourceInto string // the blob field that gets the named file's content
	Each       bool   // a list stands for one unit for each of its elements
	Resume     bool   // says what becomes of a unit whose run was broken off
	Volatile   []string
	Includes   map[string]string // of values that act whenever they are executed, the one whose work goes with it
	// BytesOf names the output whose bytes this one is: base64 where they are not UTF-8,
	// and left out where they are those of the text.
	BytesOf string
	// Claims are how the value orders the unit among others.
	Claims []*Claim
}

// Rule is what the values of a field must be, beside the field's description.
type Rule struct {
	Value     cue.Value
	Shape     shape.Shape
	Label     []byte // the name as JSON, with its colon
	Preset    []byte // the default as JSON
	Expect    string // what a right value is called in messages, or ""
	Octal     bool
	Without   string            // of a source that is a directory: the field with patterns of what is left out of it; "" for a file
	Meant     map[string]string // words of other tools, and the values that they mean
	Called    []string          // what other tools call the field
	Conflicts []string          // fields that must not be given as well
	Needs     []Condition       // must hold where the field is given
	Secret    bool              // the field is a secret
	SecretIf  []Condition       // must hold for that
	Required  []Condition       // where one holds, the field must be given
	Replaces  []string          // values with which the unit is all that decides about its path, empty for any; nil for none
	Brings    []string          // kinds of things that the unit may bring where the field is given
}

// Condition says that another field has one of some values, as CUE attributes spell them.
type Condition struct {
	Field  string
	Values []string
}

// Load reads the package's types: defs maps the name of each to its CUE
// definition, such as "file" to "#File". All *.cue files at the root of fsys
// belong to the package.
func Load(fsys fs.FS, name string, defs map[string]string) (*Package, error) {
	src, err := parse(fsys)
	if err != nil {
		return nil, fmt.Errorf("package %s: %w", name, err)
	}
	p := &Package{Name: name}
	for _, typeName := range slices.Sorted(maps.Keys(defs)) {
		t, err := src.newType(typeName, defs[typeName])
		if err != nil {
			return nil, fmt.Errorf("package %s: type %s: %w", name, typeName, err)
		}
		t.Package = name
		p.Types = append(p.Types, t)
	}
	return p, nil
}

// source is the CUE text of a package, as syntax and as a value.
type source struct {
	root  cue.Value
	files []*ast.File
}

func parse(fsys fs.FS) (*source, error) {
	names, err := fs.Glob(fsys, "*.cue")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("it has no *.cue files")
	}
	src := &source{}
	inst := build.NewContext().NewInstance("", nil)
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if err := inst.AddSyntax(file); err != nil {
			return nil, err
		}
		src.files = append(src.files, file)
	}
	if err := inst.Complete(); err != nil {
		return nil, err
	}
	src.root = cuecontext.New().BuildInstance(inst)
	return src, src.root.Err()
}
