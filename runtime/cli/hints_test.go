package cli

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// blank stands in a text of the code for what is put in when froyo runs.
const blank = "\x00"

// text is what the code says to operators in one place.
type text struct {
	where string
	words string
	hint  bool // it is one, or a part of one
}

// texts are the strings of the code that is linked with froyo, each as long as it is put together in one expression.
func texts(t *testing.T) []text {
	t.Helper()
	var all []text
	set := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{"testdata", ".git", "dist", "bin", "docs", "examples"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		c := &textsOf{set: set}
		ast.Inspect(file, c.visit)
		all = append(all, c.found...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5000 {
		t.Fatalf("%d strings found: that cannot be all", len(all))
	}
	return all
}

// textsOf collects the strings of one file.
type textsOf struct {
	set   *token.FileSet
	found []text
	hints map[ast.Expr]bool
}

func (c *textsOf) visit(n ast.Node) bool {
	if c.hints == nil {
		c.hints = map[ast.Expr]bool{}
	}
	switch n := n.(type) {
	case *ast.ImportSpec:
		return false
	case *ast.Field:
		n.Tag = nil // help texts speak for themselves
	case *ast.CallExpr:
		if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "WithHint" && len(n.Args) > 0 {
			c.hints[n.Args[0]] = true
		}
	case *ast.KeyValueExpr:
		if k, ok := n.Key.(*ast.Ident); ok && isHint(k.Name) {
			c.hint(n.Value)
		}
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if i < len(n.Rhs) && isHint(nameOf(left)) {
				c.hint(n.Rhs[i])
			}
		}
	case *ast.BinaryExpr, *ast.BasicLit:
		e := n.(ast.Expr)
		words, is := fold(e)
		if is && words != "" {
			c.found = append(c.found, text{c.set.Position(e.Pos()).String(), words, c.hints[e]})
		}
		return !is
	}
	return true
}

// hint notes an expression that is a hint; of a call of Sprintf, its format is.
func (c *textsOf) hint(e ast.Expr) {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) > 0 {
		e = call.Args[0]
	}
	c.hints[e] = true
}

func isHint(name string) bool { return name == "hint" || name == "Hint" }

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// verbs are the places of a format.
var verbs = regexp.MustCompile(`%[+#]?[-\d.]*[a-zA-Z]`)

// fold is a string that is put together with +, with a blank for each part that is none.
func fold(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(e.Value)
		return verbs.ReplaceAllString(s, blank), err == nil
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, isLeft := fold(e.X)
		right, isRight := fold(e.Y)
		if !isLeft && !isRight {
			return "", false
		}
		if !isLeft {
			left = blank
		}
		if !isRight {
			right = blank
		}
		return left + right, true
	case *ast.ParenExpr:
		return fold(e.X)
	}
	return "", false
}

// model is froyo's grammar.
func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name("froyo"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

// advised is a froyo command that a text names: its words, and where each stands for.
type advised struct {
	node  *kong.Node
	words []string
	args  int
}

var (
	command   = regexp.MustCompile(`(?:^|[^\w/.-])froyo ([a-z-][^\n]*)`)
	ends      = regexp.MustCompile("[,;:)`\"…]+$")
	argument  = regexp.MustCompile(`^['"$]*[\w./-]*` + blank + `[\w./'"-]*$|^[A-Z][A-Z/-]+(\.star|\.json)?$|^[\w/-]+\.(star|json|ini)$|^'[^ ']*'$`)
	flagWord  = regexp.MustCompile(`^--?[a-zA-Z][\w-]*(=.*)?$`)
	nextValue = regexp.MustCompile(`^[a-z0-9-]+$`)
)

// follow reads the command that stands at the beginning of a text, as far as it goes before the text goes on.
func follow(app *kong.Application, rest string) (*advised, error) {
	a := &advised{node: app.Node}
	var value *kong.Flag
	rest = strings.ReplaceAll(rest, blank+blank, blank)
	for word := range strings.FieldsSeq(rest) {
		if word == "(" || strings.HasPrefix(word, "(") {
			break
		}
		bare := ends.ReplaceAllString(word, "")
		last := bare != word
		if name, more, is := strings.Cut(bare, blank); is && a.child(name) != nil && more == "" {
			bare = name // an argument that may be empty is put behind it
		}
		switch child := a.child(bare); {
		case value != nil:
			if !argument.MatchString(bare) && !nextValue.MatchString(bare) {
				return a, fmt.Errorf("%s wants a value", value.ShortSummary())
			}
			value = nil
		case child != nil:
			a.node = child
		case flagWord.MatchString(bare):
			f := a.flag(bare)
			switch {
			case f == nil && bare != "--help":
				return a, fmt.Errorf("there is no flag %s", bare)
			case f != nil && !f.IsBool() && !f.IsCounter() && !strings.Contains(bare, "="):
				value = f
			}
		case argument.MatchString(bare):
			a.args++
		default:
			return a, a.complete()
		}
		a.words = append(a.words, strings.ReplaceAll(bare, blank, "ARG"))
		if last {
			break
		}
	}
	if value != nil {
		return a, fmt.Errorf("--%s wants a value", value.Name)
	}
	return a, a.complete()
}

func (a *advised) child(name string) *kong.Node {
	for _, n := range a.node.Children {
		if n.Name == name {
			return n
		}
	}
	return nil
}

func (a *advised) flag(word string) *kong.Flag {
	word, _, _ = strings.Cut(word, "=")
	for _, group := range a.node.AllFlags(false) {
		for _, f := range group {
			if word == "--"+f.Name || word == "--no-"+f.Name && f.Tag.Negatable != "" || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	if a.node.DefaultCmd != nil {
		return (&advised{node: a.node.DefaultCmd}).flag(word)
	}
	return nil
}

// complete reports what the command lacks.
func (a *advised) complete() error {
	node := a.node
	if node.DefaultCmd != nil {
		node = node.DefaultCmd
	}
	if len(node.Children) > 0 && !slices.Contains(a.words, "--help") && !slices.Contains(a.words, "COMMAND") {
		return fmt.Errorf("it is no command by itself")
	}
	required := 0
	for _, p := range node.Positional {
		if p.Required {
			required++
		}
	}
	if a.args < required {
		return fmt.Errorf("it has %d arguments, and needs %d", a.args, required)
	}
	if a.args > len(node.Positional) && node.Name != "froyo" {
		return fmt.Errorf("it has %d arguments, and takes %d", a.args, len(node.Positional))
	}
	for _, f := range node.Flags {
		if f.Required && len(f.Xor) == 0 && !slices.ContainsFunc(a.words, func(w string) bool { return a.flag(w) == f }) {
			return fmt.Errorf("it lacks --%s", f.Name)
		}
	}
	return nil
}

// TestCommandsInTextsExist: every froyo command that the code tells an operator is one, with flags that it has and the
// arguments that it needs.
func TestCommandsInTextsExist(t *testing.T) {
	app, n := model(t), 0
	for _, s := range texts(t) {
		for _, m := range command.FindAllStringSubmatchIndex(s.words, -1) {
			rest := s.words[m[2]:m[3]]
			if !speaks(app, rest) {
				word, _, _ := strings.Cut(rest, " ")
				word = ends.ReplaceAllString(word, "")
				if s.hint && !verbsOf[word] {
					t.Errorf("%s: froyo %s is no command\n\t%s", s.where, word, s.words)
				}
				continue
			}
			if strings.Contains(s.words, "Example") || strings.HasPrefix(s.words, "# froyo completion") {
				continue // TestExamplesParse, and scripts
			}
			n++
			if a, err := follow(app, rest); err != nil && !prose[strings.Join(a.words, " ")] {
				t.Errorf("%s: froyo %s: %v\n\t%s", s.where, strings.Join(a.words, " "), err, strings.ReplaceAll(s.words, blank, "ARG"))
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d commands were found", n)
	}
}

// verbsOf are what hints say that froyo does.
var verbsOf = map[string]bool{"reads": true, "asks": true, "or": true, "has": true, "again": true}

// prose is what only names a command or a flag of it, and is not to be typed as it is.
var prose = map[string]bool{
	"apply --plan": true, "plan --out": true, // "as froyo plan --out saved it"
	"queue": true, // the mark of its file
}

// TestExamplesParse: the examples of the help texts are command lines of froyo.
func TestExamplesParse(t *testing.T) {
	example := regexp.MustCompile(`(?m)^  (?:[A-Z_]+=\S+ )?froyo (.*)$`)
	n := 0
	for _, s := range texts(t) {
		if !strings.Contains(s.words, "Example") {
			continue
		}
		for _, m := range example.FindAllStringSubmatch(s.words, -1) {
			line, _, _ := strings.Cut(m[1], "  ") // what it does
			for _, end := range []string{" | ", " && ", " >", " <", "; "} {
				line, _, _ = strings.Cut(line, end)
			}
			parser, err := kong.New(&grammar{}, kong.Name("froyo"), kong.Exit(func(int) {}))
			if err != nil {
				t.Fatal(err)
			}
			n++
			if _, err := parser.Parse(words(line)); err != nil {
				t.Errorf("%s: froyo %s: %v", s.where, line, err)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d examples were found", n)
	}
}

// words takes a command line apart, with its quotes.
func words(line string) []string {
	var all []string
	for _, w := range regexp.MustCompile(`'[^']*'|[^\s']+`).FindAllString(line, -1) {
		all = append(all, strings.Trim(w, "'"))
	}
	return all
}

// speaks reports whether a text that goes on after the word froyo names a command of it, or its help.
func speaks(app *kong.Application, rest string) bool {
	word, _, _ := strings.Cut(rest, " ")
	word = ends.ReplaceAllString(word, "")
	name, _, _ := strings.Cut(word, blank)
	return name == "" || name[0] == '-' || name == "COMMAND" || (&advised{node: app.Node}).child(name) != nil
}

// TestFlagsInHintsExist: every flag that a hint names is one of froyo's.
func TestFlagsInHintsExist(t *testing.T) {
	app, known := model(t), map[string]bool{"--help": true, "--list": true /* of inventory programs */}
	for _, n := range leafNodes(app.Node) {
		for _, group := range n.AllFlags(false) {
			for _, f := range group {
				known["--"+f.Name] = true
				known["--no-"+f.Name] = known["--no-"+f.Name] || f.Tag.Negatable != ""
				if f.Short != 0 {
					known["-"+string(f.Short)] = true
				}
			}
		}
	}
	flag, n := regexp.MustCompile(`(?:^|[\s('"])(--?[a-zA-Z][a-z-]*)`), 0
	for _, s := range texts(t) {
		if !s.hint {
			continue
		}
		for _, part := range regexp.MustCompile(`[;:|]|, or `).Split(s.words, -1) {
			if program.MatchString(strings.TrimSpace(part)) {
				continue
			}
			for _, m := range flag.FindAllStringSubmatch(part, -1) {
				n++
				if name := strings.TrimSuffix(m[1], "-"); !known[name] && !strings.Contains(part, name+"...") {
					t.Errorf("%s: there is no flag %s: %s", s.where, name, strings.ReplaceAll(s.words, blank, "ARG"))
				}
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d flags were found", n)
	}
}

// program begins what is a command of another program than froyo.
var program = regexp.MustCompile(`^(froyo|age|ls|chmod|chown|mkdir|ssh|ssh-keyscan|ssh-keygen|ssh-add|passwd|fuser|systemctl|apt-get|dpkg|sudo|df|ps|sshd|export|rm|cp|mv|cat|sh -c|cmd\() ?|passwd -S|ls -ld`)

func leafNodes(n *kong.Node) []*kong.Node {
	if len(n.Children) == 0 {
		return []*kong.Node{n}
	}
	var all []*kong.Node
	for _, c := range n.Children {
		all = append(all, leafNodes(c)...)
	}
	return all
}

// TestHintsAreFollowed: the commands of hints are run by a script as they were printed (its command "follow"), or it is
// said here why not.
func TestHintsAreFollowed(t *testing.T) {
	app, found := model(t), map[string]string{}
	for _, s := range texts(t) {
		if !s.hint {
			continue
		}
		for _, m := range command.FindAllStringSubmatchIndex(s.words, -1) {
			if a, err := follow(app, s.words[m[2]:m[3]]); err == nil {
				found[strings.Join(a.words, " ")] = s.where
			}
		}
	}
	scripts, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	var lines []string
	for _, name := range scripts {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if _, pattern, ok := strings.Cut(line, "follow 'froyo "); ok {
				lines = append(lines, pattern)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		fixed := beforeArguments(name)
		is := slices.ContainsFunc(lines, func(pattern string) bool { return strings.HasPrefix(pattern, fixed) })
		switch why := notFollowed[name]; {
		case !is && why == "":
			t.Errorf("%s: no script follows froyo %s, and notFollowed does not say why", found[name], name)
		case is && why != "":
			t.Errorf("a script follows froyo %s: take it out of notFollowed", name)
		}
	}
	for name := range notFollowed {
		if found[name] == "" {
			t.Errorf("no hint says froyo %s any more: take it out of notFollowed", name)
		}
	}
}

// beforeArguments is what stands before the first argument that differs from time to time.
func beforeArguments(name string) string {
	fields := strings.Fields(name)
	if i := slices.IndexFunc(fields, func(w string) bool { return strings.Contains(w, "ARG") || argument.MatchString(w) }); i >= 0 {
		fields = fields[:i]
	}
	return strings.Join(fields, " ")
}

// notFollowed are commands of hints that no script runs as they are printed, and why.
var notFollowed = map[string]string{
	"apply --no-guard":                                 "it takes a host: TestLabGuardConfirmed shows a removal so",
	"onboard rollback --host ARG --user ARG":           "it takes a host: TestLabOnboardOdd restores one",
	"onboard rekey --host ARG --key ARG":               "it takes a host: TestLabOnboardKeys gives one another key",
	"onboard rollback --host ARG --user root":          "it takes a host: TestLabOnboardOdd restores one",
	"onboard rekey --host ARG --key NAME":              "it takes a host: TestLabOnboardKeys gives one another key",
	"onboard rollback --host ARG --user ARG --key ARG": "it takes a host: TestLabOnboardOdd restores one",
}
