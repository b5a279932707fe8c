package facts

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/openfroyo/froyo/engine/diag"
)

// OwnDir is the directory of a workspace that holds its own facts: NAMESPACE.cue defines them, and NAMESPACE.star tells them
// where no program of the host does.
const OwnDir = "facts"

// Own says how facts of a workspace come to be: by a program on the host, or by a function.
type Own struct {
	// File defines them, with Text: "facts/app.cue".
	File string
	Text []byte
	// Argv is the program of the host that prints them as a JSON object, nil where a function tells them, and User who runs
	// it, "" being who acts on the host.
	Argv []string
	User string
	// Script is the Starlark file whose function Collect tells them, "" where a program does.
	Script string
}

// Collect is the function of Own.Script.
const Collect = "collect"

// Reserved are names by which conditions on hosts read a host, so that no facts begin with them.
var Reserved = []string{"host", "name", "address", "groups", "labels", "vars"}

// maxOwn bounds the text of one definition, in bytes.
const maxOwn = 256 << 10

// ownName is what a namespace may be called.
var ownName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

// Read returns froyo's namespaces and those that a workspace defines. The error joins all that is wrong, each a *diag.Error with
// its place.
func Read(files fs.FS) (*Registry, error) {
	entries, err := fs.ReadDir(files, OwnDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return BuiltIn(), nil
	case err != nil:
		return nil, diag.ReadFailed(OwnDir, err)
	}
	r := &Registry{all: BuiltIn().All()}
	scripts := map[string]bool{}
	for _, e := range entries {
		if name, found := strings.CutSuffix(e.Name(), ".star"); found {
			scripts[name] = true
		}
	}
	var errs []error
	for _, e := range entries {
		name, found := strings.CutSuffix(e.Name(), ".cue")
		if !found {
			continue
		}
		n, err := readOwn(files, name, scripts[name])
		if err == nil {
			err = r.add(n)
		}
		if err != nil {
			errs = append(errs, err)
		}
		delete(scripts, name)
	}
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		if !strings.HasPrefix(name, "_") {
			errs = append(errs, (&diag.Error{
				Summary: "no file defines the facts that it tells", Pos: diag.Pos{File: path.Join(OwnDir, name+".star")},
			}).WithHint("say in %s what they are: a field in each line, such as version: string; the name of a file that others load begins with _", path.Join(OwnDir, name+".cue")))
		}
	}
	return r, errors.Join(errs...)
}

// add takes another namespace, whose name must not be that of another or stand before one.
func (r *Registry) add(n *Namespace) error {
	pos := diag.Pos{File: n.Own.File}
	if !ownName.MatchString(n.Name) {
		return (&diag.Error{Summary: fmt.Sprintf("%q is no name for facts", n.Name), Pos: pos}).
			WithHint("expected words of a-z, 0-9 and _ with dots between them, such as app or app.release")
	}
	if first, _, _ := strings.Cut(n.Name, "."); slices.Contains(Reserved, first) {
		return (&diag.Error{Summary: fmt.Sprintf("facts cannot begin with %s, which means something else where hosts are selected", first), Pos: pos}).
			WithHint("rename the file: its name is that of the facts")
	}
	for _, other := range r.all {
		if n.Name == other.Name || strings.HasPrefix(n.Name, other.Name+".") || strings.HasPrefix(other.Name, n.Name+".") {
			return (&diag.Error{Summary: fmt.Sprintf("there are facts %s already, so that %s cannot be told apart from them", other.Name, n.Name), Pos: pos}).
				WithHint("rename the file: its name is that of the facts")
		}
	}
	r.all = append(slices.Clip(r.all), n)
	return nil
}

// readOwn compiles one definition of a workspace.
func readOwn(files fs.FS, name string, script bool) (*Namespace, error) {
	own := &Own{File: path.Join(OwnDir, name+".cue")}
	pos := diag.Pos{File: own.File}
	text, err := readText(files, own.File)
	if err != nil {
		return nil, err
	}
	own.Text = text
	file, err := parser.ParseFile(own.File, text, parser.ParseComments)
	if err != nil {
		return nil, syntaxError(own.File, err)
	}
	n := &Namespace{Name: name, TTL: DefaultTTL, Deadline: DefaultDeadline, Own: own, Systems: "hosts where " + own.File + " says"}
	body, rest := &ast.StructLit{}, &ast.File{}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.Field); ok && strings.HasPrefix(labelOf(f), "#") {
			rest.Decls = append(rest.Decls, decl)
			continue
		}
		body.Elts = append(body.Elts, decl)
	}
	n.Doc = fileDoc(file)
	if err := n.attributes(body.Elts); err != nil {
		return nil, &diag.Error{Summary: err.Error(), Pos: pos, Cause: err}
	}
	const definition = "#Facts"
	rest.Decls = append(rest.Decls, &ast.Field{Label: ast.NewIdent(definition), Value: body})
	s := &syntax{declared: map[string]*ast.Field{}}
	s.take(rest)
	if err := plainFields(own.File, body); err != nil {
		return nil, err
	}
	if n.Fields, err = s.fields(definition); err != nil {
		return nil, (&diag.Error{Summary: err.Error(), Pos: pos, Cause: err}).
			WithHint("a field is a type, bounds, a pattern, a list [...x], a dict [string]: x or a definition #X of the file with such fields")
	}
	switch {
	case len(n.Fields) == 0:
		return nil, (&diag.Error{Summary: "it defines no facts", Pos: pos}).WithHint("write a field in each line, such as version: string")
	case own.Argv != nil && script:
		return nil, (&diag.Error{Summary: "both a program and a function tell these facts", Pos: pos}).
			WithHint("remove @command(...) or %s", path.Join(OwnDir, name+".star"))
	case own.Argv == nil && !script:
		return nil, (&diag.Error{Summary: "nothing tells these facts", Pos: pos}).
			WithHint(`write @command("/path/of/a/program") for one of the host that prints them as JSON, or define %s(host) in %s`, Collect, path.Join(OwnDir, name+".star"))
	case own.Argv != nil && !path.IsAbs(own.Argv[0]):
		return nil, (&diag.Error{Summary: fmt.Sprintf("@command: expected the whole path of a program of the host, got %q", own.Argv[0]), Pos: pos}).
			WithHint(`such as @command("/usr/local/lib/app/facts", "--json")`)
	case script && own.User != "":
		return nil, &diag.Error{Summary: "@run_as says who runs a program, and a function tells these facts; host.query(..., run_as = ...) asks as another user", Pos: pos}
	case script:
		own.Script = path.Join(OwnDir, name+".star")
	}
	return n, nil
}

// readText reads a definition.
func readText(files fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err == nil && info.Size() > maxOwn {
		return nil, &diag.Error{Summary: fmt.Sprintf("it has %d bytes, expected at most %d", info.Size(), maxOwn), Pos: diag.Pos{File: name}}
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, diag.ReadFailed(name, err)
	}
	return text, nil
}

// plainFields refuses fields that a host may leave out, or that are set already.
func plainFields(file string, body *ast.StructLit) error {
	for _, decl := range body.Elts {
		f, ok := decl.(*ast.Field)
		switch {
		case ok && f.Constraint == token.OPTION:
			return (&diag.Error{Summary: fmt.Sprintf("%s?: a fact is always told", labelOf(f)), Pos: place(file, f.Pos())}).
				WithHint("write %s: null | string, or another type, and have null told where there is nothing", labelOf(f))
		case ok && labelOf(f) == "":
			return (&diag.Error{Summary: "a pattern where a fact is expected", Pos: place(file, f.Pos())}).
				WithHint("name the fact that holds them, such as units: [string]: string")
		case ok:
			continue
		}
		switch decl.(type) {
		case *ast.Attribute, *ast.CommentGroup, *ast.Package:
		default:
			return (&diag.Error{Summary: "expected facts: a name, a colon and a type in each line", Pos: place(file, decl.Pos())}).
				WithHint("such as version: string")
		}
	}
	return nil
}

// place is where a position of CUE is.
func place(file string, p token.Pos) diag.Pos {
	return diag.Pos{File: file, Line: p.Line(), Col: p.Column()}
}

// syntaxError is the first that CUE found, with its place.
func syntaxError(file string, err error) error {
	bad := cueerrors.Errors(err)
	if len(bad) == 0 {
		return &diag.Error{Summary: err.Error(), Pos: diag.Pos{File: file}, Cause: err}
	}
	format, args := bad[0].Msg()
	return &diag.Error{Summary: fmt.Sprintf(format, args...), Pos: place(file, bad[0].Position()), Cause: err}
}

// fileDoc is the comment at the beginning of a file: before its attributes, or before an empty line.
func fileDoc(file *ast.File) string {
	groups := ast.Comments(file)
	if len(file.Decls) > 0 && len(groups) == 0 {
		if a, ok := file.Decls[0].(*ast.Attribute); ok {
			groups = ast.Comments(a)
		}
	}
	if len(groups) == 0 {
		return ""
	}
	return strings.Join(strings.Fields(groups[0].Text()), " ")
}
