package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runtime/wire"
)

const typesHead = `# Resource types

What is shown for each type on real hosts by ` + "`make lab-test`" + `. This page is made of the tests and of the types' definitions:
` + "`make docs`" + ` writes it. [reference.md](reference.md) describes the types.

- **Converges**: units of the type change a pristine host, what they say holds, and a second plan is empty.
- **Drift**: for how many of the arguments that say what is on the host it was changed by hand, each change in a way that is looked at,
  and one apply brought back what was there. Arguments that say how a unit acts do not count; below the table they are listed.
- **Refuses**: wrong arguments, and what the host cannot do, end with an error and change nothing.
- **Removes**: what units brought can be removed by units.
- **Cannot be undone**: what a plan does not hold enough of to plan the way back.
- **Example**: a runbook with such a unit: one of the examples, or one of the tests.
- **–**: there is none: the type changes nothing that stays on a host, has no way to remove what it brought, or can be undone wholly.

| Type | Converges | Drift | Refuses | Removes | Cannot be undone | Example |
|---|---|---|---|---|---|---|
`

// aided are types of which the lab's hosts, which are containers, show all but one thing, and what stands in for that.
var aided = map[string]string{
	"kernel_module": "yes, with a script in modprobe's place, since a container loads no modules; and by [fixtures](../providers/system/system_test.go)",
}

// shown is what tests on real hosts show of a type.
type shown struct {
	converges, refuses, removes bool
	drifts                      map[string]bool // by field
}

// TestTypesPage: docs/types.md says what the lab's tests show.
func TestTypesPage(t *testing.T) {
	catalog, err := wire.Types(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer catalog.Close(t.Context())
	all := labCases(t)
	all.check(t, catalog)
	var b strings.Builder
	b.WriteString(typesHead)
	for _, typ := range catalog.Types() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name(typ), strings.Join(all.of(typ.Name).cells(t, typ), " | "), example(t, typ.Name))
	}
	b.WriteString(uncounted())
	const page = "docs/types.md"
	if os.Getenv("FROYO_UPDATE") != "" {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is not current: make docs\n%s", page, diff)
	}
}

func name(typ *schema.Type) string {
	text := fmt.Sprintf("[`%s`](reference.md#%s)", typ.Name, typ.Name)
	if typ.LocksOut() {
		text += ", can lock froyo out"
	}
	return text
}

// none stands in the cells of what a type does not have.
const none = "–"

// cells says what is shown of a type. What could be shown and is not is an error.
func (s shown) cells(t *testing.T, typ *schema.Type) []string {
	t.Helper()
	mark := func(shown, there bool, what string) string {
		switch {
		case shown:
			return "yes"
		case there:
			t.Errorf("no lab test shows of type %s that it %s", typ.Name, what)
		}
		return none
	}
	return []string{
		cmp.Or(aided[typ.Name], mark(s.converges, true, "converges")), s.drift(t, typ), mark(s.refuses, true, "refuses"),
		mark(s.removes, removable(typ), "removes"), cmp.Or(typ.Irreversible, none),
	}
}

// removable reports whether a type's units can take back what they brought.
func removable(typ *schema.Type) bool {
	i := typ.Index("state")
	return i >= 0 && !typ.Fields[i].Key && slices.ContainsFunc([]string{"absent", "free", "auto"}, func(word string) bool { return slices.Contains(typ.Fields[i].Enum, word) })
}

// example is a runbook that uses a type: of examples/, or of the tests.
func example(t *testing.T, typ string) string {
	t.Helper()
	files, err := filepath.Glob("examples/*/*.star")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(files, "runtime/cli/testdata/families/site.star") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if calls(typ, string(text)) {
			return fmt.Sprintf("[%s](../%s)", filepath.Base(filepath.Dir(path)), filepath.ToSlash(path))
		}
	}
	for _, c := range labCases(t) {
		if slices.ContainsFunc(c.converges, func(text string) bool { return calls(typ, text) }) {
			return fmt.Sprintf("[%s](../%s)", strings.TrimSuffix(filepath.Base(c.path), ".go"), filepath.ToSlash(c.path))
		}
	}
	t.Errorf("no runbook uses type %s", typ)
	return none
}

// calls reports whether a text has a call of a type's function.
func calls(typ, text string) bool {
	return regexp.MustCompile(`(^|[^\w."])` + typ + `\(`).MatchString(text)
}

// labCase is what one lab test says of runbooks: those that converge, are refused, and remove, and the fields of which the
// host is changed by hand.
type labCase struct {
	path                                string // of the test
	converges, refuses, removes, drifts []string
	around                              []string // all that its function says
}

type labCasesOf []labCase

func (all labCasesOf) of(typ string) shown {
	s := shown{drifts: map[string]bool{}}
	for _, c := range all {
		used := func(text string) bool { return calls(typ, text) }
		s.converges = s.converges || slices.ContainsFunc(c.converges, used)
		s.refuses = s.refuses || slices.ContainsFunc(c.refuses, used)
		s.removes = s.removes || slices.ContainsFunc(c.removes, used)
		for _, drift := range c.drifts {
			if of, field, _ := strings.Cut(drift, "."); of == typ {
				s.drifts[field] = true
			}
		}
	}
	return s
}

// labCases reads the tests: values of typeCase, and functions that reach, drift and refuse by themselves.
func labCases(t *testing.T) labCasesOf {
	t.Helper()
	files, err := filepath.Glob("runtime/cli/*_lab_test.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no lab tests: %v", err)
	}
	var all labCasesOf
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		add := func(c labCase) {
			c.path = path
			all = append(all, c)
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			add(byHand(fn))
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok {
					if c, is := caseOf(lit); is {
						c.around = stringsIn(fn)
						add(c)
					}
				}
				return true
			})
		}
	}
	return all
}

// caseOf reads a value of typeCase.
func caseOf(lit *ast.CompositeLit) (c labCase, is bool) {
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.Ident)
		if !ok {
			continue
		}
		switch key.Name {
		case "units":
			c.converges, is = stringsIn(pair.Value), true
		case "drifts", "later":
			c.drifts = append(c.drifts, driftsIn(pair.Value)...)
		case "refused":
			c.refuses = keysIn(pair.Value)
		case "gone":
			c.removes = stringsIn(pair.Value)
		}
	}
	return c, is
}

// driftsIn reads values of drift: the fields that each names.
func driftsIn(n ast.Node) []string {
	var all []string
	ast.Inspect(n, func(n ast.Node) bool {
		list, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if of, ok := list.Type.(*ast.ArrayType); !ok || !isDrift(of.Elt) {
			return true
		}
		for _, e := range list.Elts {
			if value, ok := e.(*ast.CompositeLit); ok && len(value.Elts) > 0 {
				all = append(all, strings.Fields(strings.Join(stringsIn(value.Elts[0]), " "))...)
			}
		}
		return false
	})
	return all
}

func isDrift(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "drift"
}

// byHand reads a test that calls what typeCase calls: reach, driftIsCorrected and refused.
func byHand(fn *ast.FuncDecl) labCase {
	var c labCase
	reaches := false
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		switch method.Sel.Name {
		case "reach":
			reaches = true
		case "driftIsCorrected", "byHand", "byHandHere":
			c.drifts = append(c.drifts, driftsIn(call)...)
		case "refused":
			c.refuses = keysIn(call)
		}
		return true
	})
	if !reaches && len(c.drifts) == 0 {
		return labCase{}
	}
	c.converges = stringsIn(fn)
	for _, text := range c.converges {
		if strings.Contains(text, `state = "absent"`) {
			c.removes = append(c.removes, text)
		}
	}
	return c
}

// stringsIn are the texts in a piece of Go. Those with a plus between them are one, without what only the test's run tells.
func stringsIn(n ast.Node) []string {
	var all []string
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				all = append(all, text)
			}
		case *ast.BinaryExpr:
			all = append(all, strings.Join(slices.Concat(stringsIn(n.X), stringsIn(n.Y)), ""))
			return false
		}
		return true
	})
	return all
}

// keysIn are the texts that are keys of maps in a piece of Go.
func keysIn(n ast.Node) []string {
	var all []string
	ast.Inspect(n, func(n ast.Node) bool {
		if pair, ok := n.(*ast.KeyValueExpr); ok {
			all = append(all, stringsIn(pair.Key)...)
		}
		return true
	})
	return all
}
