// Package declared is the variables that a runbook declares in vars.cue: their types, defaults
// and documentation. It gives the variables of a run their defaults, and checks them.
//
// It imports engine/vars, engine/cuefile and what these import.
package declared

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"

	"cuelang.org/go/cue"

	"github.com/openfroyo/froyo/engine/cuefile"
	"github.com/openfroyo/froyo/engine/diag"
)

// Name is the file of declarations.
const Name = "vars.cue"

// Bounds of a file of declarations.
const (
	maxSize      = 1 << 20
	maxVariables = 2_000
)

// maxTime bounds the evaluation of one; tests have less.
var maxTime = 20 * time.Second

// Variables are the declarations of one file.
type Variables struct {
	// File is its path, as it was named to Read, and Text what it holds.
	File string
	Text []byte

	file  *cuefile.File
	all   []*Variable
	named map[string]*Variable
}

// Variable is one declaration.
type Variable struct {
	Name string
	// Doc is the comment above it.
	Doc string
	// Type is the expression as it is written, without the default, or the words of @want.
	Type string
	// Default is its value where nothing sets it, as plain data; HasDefault is that there is one.
	Default    any
	HasDefault bool
	// Required is that it has to be set.
	Required bool
	// Optional is that it may be missing.
	Optional bool
	// Sensitive is that its value is shown to no one.
	Sensitive bool
	Pos       diag.Pos // of its name

	refs []string // declared variables that it uses
}

// Find reads the nearest file of declarations, from the runbook's directory up to the root
// of files; nil where there is none.
func Find(files fs.FS, main string) (*Variables, error) {
	name, src, err := Locate(files, main)
	if err != nil || name == "" {
		return nil, err
	}
	return Read(name, src)
}

// Locate finds the file that Find reads, "" where there is none.
func Locate(files fs.FS, main string) (name string, src []byte, err error) {
	for dir := path.Dir(path.Clean(main)); ; dir = path.Dir(dir) {
		name := path.Join(dir, Name)
		src, err := readFile(files, name)
		switch {
		case err == nil:
			return name, src, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", nil, fmt.Errorf("%s: %w", name, err)
		case dir == "." || dir == "/":
			return "", nil, nil
		}
	}
}

func readFile(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(src) > maxSize {
		return nil, diag.Errorf(diag.Pos{File: name}, "larger than %d KiB", maxSize>>10).WithCode(diag.Usage)
	}
	return src, nil
}

// Read reads src, the content of the file called name. The error joins a *diag.Error for each problem.
func Read(name string, src []byte) (*Variables, error) {
	type answer struct {
		v   *Variables
		err error
	}
	read := make(chan answer, 1)
	go func() {
		v, err := parse(name, src)
		read <- answer{v, err}
	}()
	timer := time.NewTimer(maxTime)
	defer timer.Stop()
	select {
	case a := <-read:
		return a.v, a.err
	case <-timer.C: // CUE cannot be interrupted; the process is about to end
		return nil, diag.Errorf(diag.Pos{File: name}, "its evaluation takes longer than %s", maxTime).
			WithCode(diag.Usage).WithHint("does it count or repeat something many times? make that less")
	}
}

func parse(name string, src []byte) (*Variables, error) {
	file, err := cuefile.Open(name, src)
	if err != nil {
		return nil, err
	}
	v := &Variables{File: name, Text: src, file: file, named: map[string]*Variable{}}
	if kind := file.Value.IncompleteKind(); kind != cue.StructKind {
		return nil, diag.Errorf(diag.Pos{File: name}, "want declarations, such as port: int | *8080; got one %s", kind).WithCode(diag.Usage)
	}
	fields, err := file.Value.Fields(cue.Optional(true))
	if err != nil {
		return nil, err
	}
	var errs []error
	for fields.Next() {
		if len(v.all) == maxVariables {
			return nil, diag.Errorf(diag.Pos{File: name}, "more than %d variables", maxVariables).WithCode(diag.Usage)
		}
		variable, err := v.declare(fields.Selector(), fields.Value())
		errs = append(errs, err)
		v.all = append(v.all, variable)
		v.named[variable.Name] = variable
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return v, nil
}

func (v *Variables) declare(at cue.Selector, field cue.Value) (*Variable, error) {
	name := at.Unquoted()
	expected := v.file.Expect(name)
	out := &Variable{Name: name, Doc: v.file.Doc(name), Type: expected.Text, Pos: expected.Label, refs: v.file.References(name)}
	sensitive := field.Attribute("sensitive")
	if out.Sensitive = sensitive.Err() == nil; out.Sensitive && sensitive.Contents() != "" {
		return out, diag.Errorf(out.Pos, "%s: @sensitive() takes no arguments", name).WithCode(diag.Usage)
	}
	required := at.ConstraintType() == cue.RequiredConstraint
	if at.ConstraintType() == cue.OptionalConstraint || required {
		out.Required, out.Optional = required, !required
		return out, nil
	}
	if field.Validate(cue.Concrete(true)) != nil {
		out.Required = len(out.refs) == 0
		return out, nil
	}
	var err error
	if out.Default, err = cuefile.Plain(field); err != nil {
		return out, diag.Errorf(out.Pos, "%s: %w", name, err).WithCode(diag.Usage)
	}
	out.HasDefault = true
	return out, nil
}

// All are the declarations, none for nil, in the order of the file.
func (v *Variables) All() []*Variable {
	if v == nil {
		return nil
	}
	return slices.Clone(v.all)
}

// Sensitive names the variables that are declared as sensitive.
func (v *Variables) Sensitive() []string {
	var names []string
	for _, d := range v.All() {
		if d.Sensitive {
			names = append(names, d.Name)
		}
	}
	return names
}

// Declares reports whether a variable is declared. It may be asked of nil.
func (v *Variables) Declares(name string) bool { return v != nil && v.named[name] != nil }

// names are all that is declared.
func (v *Variables) names() []string {
	names := make([]string, len(v.all))
	for i, d := range v.all {
		names[i] = d.Name
	}
	return names
}
