package cli

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hintsFile says of every hint in the code which test follows it: directory, hint (… stands for what is put in), test
// file. FROYO_UPDATE=1 adds what is new as open, and takes out what is gone.
const hintsFile = "testdata/hints.tsv"

// Instead of a test file.
const (
	open  = "-"     // nothing follows it yet
	tells = "tells" // it advises nothing that could be done; a test file that shows it stands behind
	typed = "typed" // it is a froyo command, which TestHintsAreFollowed has a script run as it is printed
)

// openHints is how many hints nothing follows yet. It only goes down.
const openHints = 0

// coverage is one line of hintsFile.
type coverage struct{ dir, hint, test string }

func (c coverage) key() string { return c.dir + "\t" + c.hint }

func readCoverage(t *testing.T) []coverage {
	t.Helper()
	data, err := os.ReadFile(hintsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []coverage
	for line := range strings.Lines(string(data)) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(parts) != 3 {
			t.Fatalf("%s: want three columns: %q", hintsFile, line)
		}
		all = append(all, coverage{parts[0], parts[1], parts[2]})
	}
	return all
}

// TestEveryHintIsFollowed: each hint of the code has a test that does what it says. A new hint has to be given one.
func TestEveryHintIsFollowed(t *testing.T) {
	known, found := map[string]coverage{}, map[string]string{}
	for _, c := range readCoverage(t) {
		known[c.key()] = c
	}
	var now []coverage
	for _, h := range hints(t) {
		c := coverage{dir: filepath.ToSlash(filepath.Dir(strings.TrimPrefix(h.where, "../../"))), hint: h.words, test: open}
		if found[c.key()] != "" {
			continue
		}
		found[c.key()] = h.where
		if k, is := known[c.key()]; is {
			c = k
		} else if os.Getenv("FROYO_UPDATE") == "" {
			t.Errorf("%s: a new hint; write a test that follows it, and name that in runtime/cli/%s: %s", h.where, hintsFile, h.words)
		}
		now = append(now, c)
	}
	if len(now) < 350 {
		t.Fatalf("%d hints found: that cannot be all", len(now))
	}
	if os.Getenv("FROYO_UPDATE") != "" {
		writeCoverage(t, now)
	}
	for _, c := range known {
		if found[c.key()] == "" && os.Getenv("FROYO_UPDATE") == "" {
			t.Errorf("no hint of %s says this any more: %s", c.dir, c.hint)
		}
	}
	left := 0
	for _, c := range now {
		if c.test == open {
			left++
			continue
		}
		if err := c.check(); err != nil {
			t.Errorf("%s: %s: %v", found[c.key()], c.hint, err)
		}
	}
	if left != openHints {
		t.Errorf("nothing follows %d hints, and openHints says %d", left, openHints)
	}
}

func writeCoverage(t *testing.T, all []coverage) {
	t.Helper()
	slices.SortFunc(all, func(a, b coverage) int { return cmp.Or(cmp.Compare(a.dir, b.dir), cmp.Compare(a.hint, b.hint)) })
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s\t%s\t%s\n", c.dir, c.hint, c.test)
	}
	if err := os.WriteFile(hintsFile, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// check sees whether the test is there, and speaks of the hint: each of its fixed parts stands in it.
func (c coverage) check() error {
	if c.test == typed {
		if !strings.Contains(" "+c.hint, " froyo ") {
			return errors.New("it names no froyo command")
		}
		return nil
	}
	file, _ := strings.CutPrefix(c.test, tells+" ")
	data, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		return err
	}
	text := unquoted(string(data))
	for part := range strings.SplitSeq(c.hint, "…") {
		if part = strings.TrimSpace(unquoted(part)); len(part) > 3 && !strings.Contains(text, part) {
			return fmt.Errorf("%s does not have %q", file, part)
		}
	}
	return nil
}

// unquoted is a text without what quoting and regular expressions add to it.
func unquoted(s string) string {
	return strings.NewReplacer("\\", "", `"`, "", "'", "", "`", "", "[(]", "(", "[)]", ")", "%%", "%").Replace(s)
}

// hintName is what variables, fields, parameters and functions of hints are called.
var hintName = regexp.MustCompile(`^(hint(For|Of|Author)?|Hint|HintOf|\w+Hint|[aA]dvice)$`)

// wordsOfStores are the fields of storefault.Words that are hints.
var wordsOfStores = map[string]bool{"Corrupt": true, "ReadOnly": true, "Full": true, "Busy": true}

// hintless are packages where a hint is what Jinja's own is: the text of an error about a missing value.
var hintless = []string{"builtins/jinja/filter", "builtins/jinja/program", "builtins/jinja/pymethod"}

// hintScan collects the hints of the code: what is given to fields, variables and parameters of such a name, what
// functions of such a name return, what WithHint is called with, and the package's variables that stand there.
type hintScan struct {
	set    *token.FileSet
	files  map[string][]*ast.File // by directory
	params map[string][]int       // of functions: which are hints
	found  []text
	seen   map[token.Pos]bool
	dir    string
}

// hints are all hints of the code.
func hints(t *testing.T) []text {
	t.Helper()
	s := &hintScan{set: token.NewFileSet(), files: map[string][]*ast.File{}, params: map[string][]int{"WithHint": {0}}, seen: map[token.Pos]bool{}}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains([]string{"testdata", ".git", "dist", "bin", "docs", "examples"}, d.Name()) ||
			slices.Contains(hintless, strings.TrimPrefix(path, "../../"))):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(s.set, path, nil, 0)
		s.files[filepath.Dir(path)] = append(s.files[filepath.Dir(path)], file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, visit := range []func(ast.Node) bool{s.parameters, s.visit} {
		for dir, files := range s.files {
			s.dir = dir
			for _, f := range files {
				ast.Inspect(f, visit)
			}
		}
	}
	return s.found
}

// parameters notes which parameters of functions are hints.
func (s *hintScan) parameters(n ast.Node) bool {
	f, is := n.(*ast.FuncDecl)
	if !is {
		return true
	}
	i := 0
	for _, p := range f.Type.Params.List {
		for _, name := range p.Names {
			if hintName.MatchString(name.Name) && !slices.Contains(s.params[f.Name.Name], i) {
				s.params[f.Name.Name] = append(s.params[f.Name.Name], i)
			}
			i++
		}
	}
	return false
}

func (s *hintScan) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		for _, i := range s.params[nameOf(n.Fun)] {
			if i < len(n.Args) {
				s.take(n.Args[i], n.Args[i+1:])
			}
		}
	case *ast.KeyValueExpr:
		if k, is := n.Key.(*ast.Ident); is && (hintName.MatchString(k.Name) || wordsOfStores[k.Name]) {
			s.take(n.Value, nil)
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if hintName.MatchString(name.Name) && i < len(n.Values) {
				s.take(n.Values[i], nil)
			}
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if hintName.MatchString(nameOf(left)) && i < len(n.Rhs) {
				s.take(n.Rhs[i], nil)
			}
		}
	case *ast.FuncDecl:
		s.results(n)
	}
	return true
}

// results takes what a function returns as a hint.
func (s *hintScan) results(f *ast.FuncDecl) {
	if f.Type.Results == nil || f.Body == nil || f.Name.Name == "WithHint" {
		return
	}
	at, i := -1, 0
	if hintName.MatchString(f.Name.Name) {
		at = 0
	}
	for _, r := range f.Type.Results.List {
		for _, name := range r.Names {
			if hintName.MatchString(name.Name) {
				at = i
			}
			i++
		}
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if r, is := n.(*ast.ReturnStmt); is && at >= 0 && at < len(r.Results) {
			s.take(r.Results[at], nil)
		}
		return true
	})
}

// take takes the texts of an expression; where it has no words of its own, those of what is put in.
func (s *hintScan) take(e ast.Expr, putIn []ast.Expr) {
	bare := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr: // of a map: what is found by the key
			s.take(n.Value, nil)
			return false
		case *ast.IndexExpr: // a key
			return false
		case *ast.CallExpr: // texts in other calls are for these
			return n == e && s.params[nameOf(n.Fun)] != nil || nameOf(n.Fun) == "Sprintf"
		}
		x, is := n.(ast.Expr)
		if !is {
			return true
		}
		switch words, folded := fold(x); {
		case folded:
			words = strings.NewReplacer(blank, "…", "PATH", "…").Replace(words) // as storefault.Words has it
			if strings.Trim(words, "…:;,. \n") != "" {
				bare = false
				s.found = append(s.found, text{where: s.set.Position(x.Pos()).String(), words: strings.ReplaceAll(words, "\n", " ")})
			}
			return strings.Trim(words, "…:;,. \n") == ""
		case bare:
			if id, is := x.(*ast.Ident); is {
				s.variable(id.Name)
			}
		}
		return true
	})
	if bare {
		for _, x := range putIn {
			s.take(x, nil)
		}
	}
}

// variable takes the texts of a variable or constant of the package, or of one that the package's functions assign.
func (s *hintScan) variable(name string) {
	for _, f := range s.files[s.dir] {
		for _, d := range f.Decls {
			g, is := d.(*ast.GenDecl)
			if !is || g.Tok != token.CONST && g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v, is := spec.(*ast.ValueSpec)
				if is && len(v.Values) > 0 && v.Names[0].Name == name && !s.seen[v.Pos()] {
					s.seen[v.Pos()] = true
					s.take(v.Values[0], nil)
				}
			}
		}
	}
}
