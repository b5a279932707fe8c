package builtins_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/syntax"

	"github.com/openfroyo/froyo/builtins"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/resource"
)

// TestAll keeps the list of builtins complete: each has documentation, an
// example that can be parsed, and a chunk test that calls it.
func TestAll(t *testing.T) {
	chunks := readChunks(t)
	seen := map[string]bool{}
	for _, b := range builtins.All() {
		t.Run(b.Name, func(t *testing.T) {
			if seen[b.Name] {
				t.Error("it is listed twice")
			}
			seen[b.Name] = true
			if b.Doc == "" || strings.TrimSpace(b.Doc) != b.Doc || !strings.HasSuffix(b.Doc, ".") {
				t.Errorf("got the doc %q, want sentences", b.Doc)
			}
			if _, err := new(syntax.FileOptions).Parse(b.Name, b.Example, 0); err != nil {
				t.Errorf("example: %v", err)
			}
			last := b.Name[strings.LastIndex(b.Name, ".")+1:]
			if !strings.Contains(b.Example, last) {
				t.Errorf("the example %q does not use it", b.Example)
			}
			if used := regexp.MustCompile(`\b` + regexp.QuoteMeta(b.Name) + `\b[(.]`); !used.MatchString(chunks) {
				t.Error("no chunk test uses it")
			}
		})
	}
}

func readChunks(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("../runtime/script/testdata/*.star")
	if err != nil || len(files) == 0 {
		t.Fatalf("no chunk tests: %v", err)
	}
	var b strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

func TestPredeclared(t *testing.T) {
	env := &eval.Env{Vars: map[string]any{"a": "b"}}
	names := builtins.Predeclared(env)
	for _, b := range builtins.All() {
		if !strings.Contains(b.Name, ".") && !names.Has(b.Name) {
			t.Errorf("%s is documented, but not there", b.Name)
		}
	}
}

func TestMetaNames(t *testing.T) {
	var names []string
	for _, f := range resource.MetaFields() {
		if f.Doc == "" || f.Kind == "" {
			t.Errorf("%s is not described", f.Name)
		}
		names = append(names, f.Name)
	}
	if diff := cmp.Diff(names, resource.MetaNames()); diff != "" {
		t.Errorf("names (-described +taken):\n%s", diff)
	}
}

func TestReference(t *testing.T) {
	var b strings.Builder
	if err := builtins.Reference(&b); err != nil {
		t.Fatal(err)
	}
	for _, b2 := range builtins.All() {
		if !strings.Contains(b.String(), "\n## "+b2.Name+"\n") {
			t.Errorf("the reference does not tell of %s", b2.Name)
		}
	}
}
