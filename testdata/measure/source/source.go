// Package source reads the Go files of a module as they stand, without building them: its packages, files, functions
// and types. The test of sizes and the table of testdata/measure both count with it.
package source

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Package is a directory with Go files that are no tests, for whatever platform they are.
type Package struct {
	Dir   string // below the module's root, with slashes; "." for the root
	Files []*File
	Types map[string]*Type // by name; those declared at the top level
	Funcs []*Func          // functions and methods

	Exported, Documented int // names, and how many of them have a comment
}

// File is one Go file that is no test.
type File struct {
	Name  string
	Lines int

	imports map[string]string // paths by the names that the file knows them by
}

// Func is a function or a method.
type Func struct {
	Name     string
	Receiver string // the type it is a method of, or ""
	Lines    int    // from its first line to its closing brace
	File     *File

	node *ast.FuncDecl
}

// Module is all packages below a root, ordered by their directories.
type Module struct {
	Path     string // as imports name it
	Packages []*Package
}

// Read reads the module of the given path whose root is a directory. As the go command does, it leaves out directories
// called testdata and those whose names begin with a dot or an underscore.
func Read(root, module string) (*Module, error) {
	m := &Module{Path: module}
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (entry.Name() == "testdata" || strings.ContainsAny(entry.Name()[:1], "._")):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		m.at(filepath.ToSlash(dir)).add(filepath.Base(name), parsed, files)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(m.Packages, func(a, b *Package) int { return strings.Compare(a.Dir, b.Dir) })
	for _, p := range m.Packages {
		p.attach()
	}
	return m, nil
}

// at returns the package of a directory, which may be new.
func (m *Module) at(dir string) *Package {
	if p := m.Package(dir); p != nil {
		return p
	}
	p := &Package{Dir: dir, Types: map[string]*Type{}}
	m.Packages = append(m.Packages, p)
	return p
}

// Package returns the package of a directory, or nil.
func (m *Module) Package(dir string) *Package {
	for _, p := range m.Packages {
		if p.Dir == dir {
			return p
		}
	}
	return nil
}

// add counts a file in.
func (p *Package) add(name string, parsed *ast.File, files *token.FileSet) {
	f := &File{Name: name, Lines: files.File(parsed.Pos()).LineCount(), imports: map[string]string{}}
	for _, spec := range parsed.Imports {
		target := strings.Trim(spec.Path.Value, `"`)
		known := path.Base(target)
		if spec.Name != nil {
			known = spec.Name.Name
		}
		f.imports[known] = target
	}
	p.Files = append(p.Files, f)
	for _, decl := range parsed.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			lines := files.Position(decl.End()).Line - files.Position(decl.Pos()).Line + 1
			fn := &Func{Name: decl.Name.Name, Receiver: receiver(decl), Lines: lines, File: f, node: decl}
			p.Funcs = append(p.Funcs, fn)
			if fn.Receiver == "" || ast.IsExported(fn.Receiver) {
				p.document(decl.Name, decl.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				p.declare(f, decl, spec)
			}
		}
	}
}

// declare counts the names in that a declaration of types, constants or variables makes.
func (p *Package) declare(f *File, decl *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		p.Types[spec.Name.Name] = &Type{Name: spec.Name.Name, Package: p, File: f, expr: spec.Type}
		p.document(spec.Name, spec.Doc, spec.Comment, decl.Doc)
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			p.document(name, spec.Doc, spec.Comment, decl.Doc)
		}
	}
}

// document counts a name in, if it is exported, and whether one of the comments that may speak of it is there.
func (p *Package) document(name *ast.Ident, comments ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	p.Exported++
	if slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return c != nil }) {
		p.Documented++
	}
}

// attach gives types their methods.
func (p *Package) attach() {
	for _, fn := range p.Funcs {
		if t := p.Types[fn.Receiver]; t != nil {
			t.Methods = append(t.Methods, fn)
		}
	}
}

// receiver is the name of the type that a method belongs to, or "".
func receiver(decl *ast.FuncDecl) string {
	if decl.Recv == nil || len(decl.Recv.List) == 0 {
		return ""
	}
	return baseName(decl.Recv.List[0].Type)
}

// baseName is the name in an expression such as T, *T or T[P], or "" where it has none of its own package.
func baseName(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.StarExpr:
		return baseName(expr.X)
	case *ast.IndexExpr:
		return baseName(expr.X)
	case *ast.IndexListExpr:
		return baseName(expr.X)
	case *ast.ParenExpr:
		return baseName(expr.X)
	}
	return ""
}
