// Package cuefile reads a file that an operator writes in CUE, such as an
// inventory or a workspace's settings, and checks it against a definition of
// froyo's. Errors point into the operator's file, never into the definition,
// and all of a file are found at once.
//
// A file stands alone: it may import the packages that are part of CUE, and
// nothing else. The package imports CUE and engine/diag only.
package cuefile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"

	"github.com/openfroyo/froyo/engine/diag"
)

// File is a file that agrees with its definition. Its values are concrete.
type File struct {
	Value cue.Value

	name   string
	src    []byte
	syntax *ast.File
	places map[string]place
}

// place is where a field stands in the file.
type place struct {
	label, value token.Pos
	expr         ast.Expr
}

// Read checks src, the content of the file called name, against the definition
// #File of a schema. The error joins a *diag.Error for each problem.
//
// A field of the schema may say in words what it wants: @want("a port from 1
// to 65535").
func Read(name string, src []byte, schema string) (*File, error) {
	ctx := cuecontext.New()
	def := ctx.CompileString(schema).LookupPath(cue.ParsePath("#File"))
	if err := def.Err(); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	f, err := open(ctx, name, src)
	if err != nil {
		return nil, err
	}
	c := &checker{file: f}
	c.check(f.Value, def)
	return f, errors.Join(c.errs...)
}

// Open reads src, the content of the file called name, without a definition: its values
// need not be concrete.
func Open(name string, src []byte) (*File, error) { return open(cuecontext.New(), name, src) }

func open(ctx *cue.Context, name string, src []byte) (*File, error) {
	if err := flat(name, src); err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(name, src, parser.ParseComments)
	if err != nil {
		return nil, problems(name, err)
	}
	if err := foreign(name, syntax); err != nil {
		return nil, err
	}
	f := &File{name: name, src: src, syntax: syntax, places: map[string]place{}}
	f.index("", syntax.Decls)
	f.Value = ctx.BuildFile(syntax)
	if err := f.Value.Err(); err != nil {
		return nil, problems(name, err)
	}
	return f, nil
}

// Again reads the file anew, into a context of its own: contexts keep what they have seen, and
// are for one goroutine.
func (f *File) Again() (*File, error) { return Open(f.name, f.src) }

// maxDepth bounds how deeply a file is nested: its parser calls itself.
const maxDepth = 500

// flat refuses a file that is nested more deeply than anyone writes.
func flat(name string, src []byte) error {
	var s scanner.Scanner
	file := token.NewFile(name, -1, len(src))
	s.Init(file, src, func(token.Pos, string, []any) {}, 0) // the parser tells of what is no token
	depth := 0
	for {
		pos, tok, _ := s.Scan()
		switch tok {
		case token.EOF:
			return nil
		case token.LBRACE, token.LBRACK, token.LPAREN:
			depth++
		case token.RBRACE, token.RBRACK, token.RPAREN:
			depth--
		}
		if depth > maxDepth {
			return diag.Errorf(position(name, pos), "nested more than %d levels deep", maxDepth).WithCode(diag.Usage)
		}
	}
}

// foreign refuses imports of packages that are not part of CUE.
func foreign(name string, syntax *ast.File) error {
	var errs []error
	for spec := range syntax.ImportSpecs() {
		path, err := literal.Unquote(spec.Path.Value)
		if domain, _, _ := strings.Cut(path, "/"); err != nil || strings.Contains(domain, ".") {
			errs = append(errs, diag.Errorf(position(name, spec.Path.Pos()), "import of %s, which is not part of CUE", spec.Path.Value).
				WithCode(diag.Usage).WithHint("the file stands alone; copy into it what it needs"))
		}
	}
	return errors.Join(errs...)
}

// Pos returns the place of a field's name, or, where it is computed, of what computes it.
func (f *File) Pos(v cue.Value) diag.Pos { return f.pos(v, func(p place) token.Pos { return p.label }) }

// ValuePos returns the place of a field's value.
func (f *File) ValuePos(v cue.Value) diag.Pos {
	return f.pos(v, func(p place) token.Pos { return p.value })
}

func (f *File) pos(v cue.Value, part func(place) token.Pos) diag.Pos {
	selectors := v.Path().Selectors()
	if p, ok := f.places[key(selectors)]; ok {
		return position(f.name, part(p))
	}
	if v.Pos().Filename() == f.name {
		return position(f.name, v.Pos())
	}
	for n := len(selectors) - 1; n > 0; n-- {
		if p, ok := f.places[key(selectors[:n])]; ok {
			return position(f.name, part(p))
		}
	}
	return diag.Pos{File: f.name}
}

func key(selectors []cue.Selector) string {
	var b strings.Builder
	for _, s := range selectors {
		b.WriteByte(0)
		if s.IsString() {
			b.WriteString(s.Unquoted())
		} else {
			b.WriteString(s.String())
		}
	}
	return b.String()
}

// index notes the fields that stand in the file by name; the first of several counts.
func (f *File) index(path string, decls []ast.Decl) {
	for _, d := range decls {
		field, ok := d.(*ast.Field)
		if !ok {
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			continue // a pattern, or a computed name
		}
		f.note(path+"\x00"+name, field.Label.Pos(), field.Value)
	}
}

func (f *File) note(path string, label token.Pos, value ast.Expr) {
	if _, ok := f.places[path]; !ok {
		f.places[path] = place{label: label, value: value.Pos(), expr: value}
	}
	switch value := value.(type) {
	case *ast.StructLit:
		f.index(path, value.Elts)
	case *ast.ListLit:
		for i, e := range value.Elts {
			if more, ok := e.(*ast.Ellipsis); ok && more.Type != nil {
				f.note(path+"\x00[]", more.Type.Pos(), more.Type)
				continue
			}
			f.note(path+"\x00"+strconv.Itoa(i), e.Pos(), e)
		}
	}
}

// position is a place in the file called name; any other stands for the file as a whole.
func position(name string, p token.Pos) diag.Pos {
	if p.Filename() != name {
		return diag.Pos{File: name}
	}
	return diag.Pos{File: name, Line: p.Line(), Col: p.Column()}
}

// problems turns CUE's errors into ours, one for each place.
func problems(name string, err error) error {
	found := map[diag.Pos]*diag.Error{}
	for _, e := range cueerrors.Errors(err) {
		pos := diag.Pos{File: name}
		for _, p := range cueerrors.Positions(e) {
			if p.Filename() == name {
				pos = position(name, p)
				break
			}
		}
		format, args := e.Msg()
		text := PlainWords(fmt.Sprintf(format, args...))
		if strings.HasSuffix(text, "in empty disjunction:") {
			continue // its alternatives follow
		}
		if path := strings.Join(e.Path(), "."); path != "" {
			text = path + ": " + text
		}
		if found[pos] == nil {
			found[pos] = &diag.Error{Summary: oneLine(text), Pos: pos, Code: diag.Usage, Cause: err}
		}
	}
	ordered := slices.SortedFunc(maps.Values(found), func(a, b *diag.Error) int { return comparePos(a.Pos, b.Pos) })
	errs := make([]error, len(ordered))
	for i, e := range ordered {
		errs[i] = e
	}
	return errors.Join(errs...)
}

var (
	syntaxWords = strings.NewReplacer("'EOF'", "the end of the file", "expected operand", "expected a value")
	mismatched  = regexp.MustCompile(`^conflicting values (.*) and (.*) \(mismatched types (.*) and (.*)\)$`)
)

// phrases are what CUE says, and that in words of its users.
var phrases = []struct {
	says *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`^reference "([#_].*)" not found$`), `$1 is not defined`},
	{regexp.MustCompile(`^reference "(.*)" not found$`), `$1 is not defined; a text stands in quotes: "$1"`},
	{regexp.MustCompile(`^builtin package "(.*)" undefined$`), `CUE has no package "$1"`},
	{regexp.MustCompile(`^undefined field: (.*)$`), `there is no field $1`},
	{regexp.MustCompile(`^incomplete value (.*)$`), `a value is missing: want $1`},
	{regexp.MustCompile(`^invalid value (.*) \((?:out of bound|does not satisfy) (.*)\)$`), `$1 does not fit: want $2`},
	{regexp.MustCompile(`^field not allowed$`), `no such field is allowed here`},
	{regexp.MustCompile(`^cannot call non-function (\S+) \(type _\|_\)$`), `there is no function $1`},
	{regexp.MustCompile(`^invalid operand (.*) \('(.*)' requires concrete value\)$`), `$2 needs values, and $1 is none yet`},
	{regexp.MustCompile(`^missing ',' in struct literal$`), `a comma or the end of the line is missing`},
	{regexp.MustCompile(`^failed arithmetic: (.*)$`), `$1`},
	{regexp.MustCompile(`^cycle with field: (.*)$`), `it depends on itself by the field $1`},
}

// PlainWords says what CUE says in words of its users.
func PlainWords(text string) string {
	text = syntaxWords.Replace(text)
	if m := mismatched.FindStringSubmatch(text); m != nil {
		switch isType := func(i int) bool { return m[i] == m[i+2] }; {
		case isType(1) && !isType(2):
			return "want " + m[1] + ", got " + m[2]
		case isType(2) && !isType(1):
			return "want " + m[2] + ", got " + m[1]
		}
		return "conflicting values " + m[1] + " and " + m[2]
	}
	for _, p := range phrases {
		if p.says.MatchString(text) {
			return p.says.ReplaceAllString(text, p.as)
		}
	}
	return text
}

func comparePos(a, b diag.Pos) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
