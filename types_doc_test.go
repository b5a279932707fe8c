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
- **Drift**: what was changed by hand, or what the arguments say otherwise than the host, is seen and corrected.
- **Refuses**: wrong arguments, and what the host cannot do, end with an error and change nothing.
- **Removes**: what units brought can be removed by units.
- **Cannot be undone**: what a plan does not hold enough of to plan the way back.

| Type | Converges | Drift | Refuses | Removes | Cannot be undone | Example |
|---|---|---|---|---|---|---|
`

// byFixtures are types that the lab's hosts, which are containers, cannot show, with what tests them.
var byFixtures = map[string]string{"kernel_module": "providers/system/system_test.go"}

// shown is what a test on real hosts shows of a type.
type shown struct {
	converges, drift, refuses, removes bool
	fixtures                           string // what stands in their place
}

// TestTypesPage: docs/types.md says what the lab's tests show.
func TestTypesPage(t *testing.T) {
	catalog, err := wire.Types(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer catalog.Close(t.Context())
	all := labCases(t)
	var b strings.Builder
	b.WriteString(typesHead)
	for _, typ := range catalog.Types() {
		s := all.of(typ.Name)
		if fixtures := byFixtures[typ.Name]; fixtures != "" && !s.converges {
			s.fixtures = "by [fixtures](../" + fixtures + "): a container loads no modules"
		} else if !s.converges {
			t.Errorf("no lab test converges a unit of type %s", typ.Name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", name(typ), cmp.Or(s.fixtures, mark(s.converges)), mark(s.drift), mark(s.refuses), mark(s.removes), typ.Irreversible, example(t, typ.Name))
	}
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

func mark(yes bool) string {
	if yes {
		return "yes"
	}
	return ""
}

// example is a runbook of examples/ that uses a type.
func example(t *testing.T, typ string) string {
	t.Helper()
	files, err := filepath.Glob("examples/*/*.star")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if calls(typ, string(text)) {
			return fmt.Sprintf("[%s](../%s)", filepath.Base(filepath.Dir(path)), filepath.ToSlash(path))
		}
	}
	return ""
}

// calls reports whether a text has a call of a type's function.
func calls(typ, text string) bool {
	return regexp.MustCompile(`(^|[^\w."])` + typ + `\(`).MatchString(text)
}

// labCase is what one lab test says of runbooks: those that converge, are refused, and remove.
type labCase struct {
	converges, refuses, removes []string
	drifts                      bool
}

type labCasesOf []labCase

func (all labCasesOf) of(typ string) shown {
	var s shown
	for _, c := range all {
		used := func(text string) bool { return calls(typ, text) }
		if slices.ContainsFunc(c.converges, used) {
			s.converges = true
			s.drift = s.drift || c.drifts
		}
		s.refuses = s.refuses || slices.ContainsFunc(c.refuses, used)
		s.removes = s.removes || slices.ContainsFunc(c.removes, used)
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
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			all = append(all, byHand(fn))
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.CompositeLit); ok {
					if c, is := caseOf(lit); is {
						all = append(all, c)
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
			c.drifts = true
		case "refused":
			c.refuses = stringsIn(pair.Value)
		case "gone":
			c.removes = stringsIn(pair.Value)
		}
	}
	return c, is
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
		case "driftIsCorrected":
			c.drifts = true
		case "refused":
			c.refuses = stringsIn(call)
		}
		return true
	})
	if !reaches {
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

func stringsIn(n ast.Node) []string {
	var all []string
	ast.Inspect(n, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}
