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
	env := &builtins.Env{Vars: map[string]any{"a": "b"}}
	names := env.Predeclared()
	for _, b := range builtins.All() {
		if !strings.Contains(b.Name, ".") && !names.Has(b.Name) {
			t.Errorf("%s is documented, but not there", b.Name)
		}
	}
}

func TestMetaNames(t *testing.T) {
	var names []string
	for _, f := range builtins.MetaFields() {
		if f.Doc == "" || f.Kind == "" {
			t.Errorf("%s is not described", f.Name)
		}
		names = append(names, f.Name)
	}
	if diff := cmp.Diff(names, builtins.MetaNames()); diff != "" {
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

func TestResolvePath(t *testing.T) {
	tests := []struct{ name, from, path, want, wantErr string }{
		{name: "beside", from: "site.star", path: "a.j2", want: "a.j2"},
		{name: "beside, in a folder", from: "lib/x.star", path: "a.j2", want: "lib/a.j2"},
		{name: "above, within", from: "lib/x.star", path: "../a.j2", want: "a.j2"},
		{name: "from the root", from: "lib/x.star", path: "//b/a.j2", want: "b/a.j2"},
		{name: "cleaned", from: "site.star", path: "b/./c/../a.j2", want: "b/a.j2"},
		{name: "out", from: "site.star", path: "../a.j2", wantErr: "leads out of the workspace"},
		{name: "out, from the root", from: "lib/x.star", path: "//../a.j2", wantErr: "leads out of the workspace"},
		{name: "out, in the middle", from: "lib/x.star", path: "a/../../../b", wantErr: "leads out of the workspace"},
		{name: "absolute", from: "site.star", path: "/etc/passwd", wantErr: "is no path in the workspace"},
		{name: "three slashes", from: "site.star", path: "///etc/passwd", wantErr: "leads out of the workspace"},
		{name: "empty", from: "site.star", path: "", wantErr: "is no path in the workspace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := builtins.ResolvePath(tt.from, tt.path)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Summary, tt.wantErr) {
					t.Errorf("got %q, %v, want the error %q", got, err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
