package main_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/script"
)

// sites uses the types of testdata/packages/site beside built-in ones. Nothing
// in it says what comes after what.
const sites = `
def do(host):
    cmd("true")
    file("/srv/docs", state = "directory")
    page("/srv/blog.html", site = "blog", text = "hi")
    site("docs", root = "/srv/docs")
    page("/srv/docs/a.html", site = "docs", text = "a")
    page("/srv/docs/b.html", site = "docs", text = "b")
    cmd(["ls"], cwd = "/srv/docs")

play("web", hosts = "all", do = do, order = "graph")
`

// TestPackageOfOthers: a package needs its manifest, its CUE definitions and its
// guest. What its units come after follows from the definitions.
func TestPackageOfOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a guest")
	}
	types := openTypes(t, buildPackage(t, "testdata/packages/site"))
	steps := evaluateSites(t, types.Types())
	groups := plan.Groups(steps)
	if diff := cmp.Diff(map[string]string{
		"cmd[true]":              "",
		"file[/srv/docs]":        "",
		"page[/srv/blog.html]":   "",
		"site[docs]":             "file[/srv/docs]",            // it needs the path
		"page[/srv/docs/a.html]": "file[/srv/docs] site[docs]", // it needs the site, too
		"page[/srv/docs/b.html]": "file[/srv/docs] site[docs]",
		"cmd[ls]":                "file[/srv/docs]",
	}, edgesOf(groups)); diff != "" {
		t.Errorf("what comes after what: -want +got:\n%s", diff)
	}

	target := &providertest.Memory{Files: map[string]*providertest.Node{
		"/srv": {Type: op.TypeDir, Mode: 0o755}, "/srv/docs": {Type: op.TypeDir, Mode: 0o755},
	}}
	for _, s := range steps {
		if typ := s.Unit.ID.Type; typ == "site" || typ == "page" {
			applyUnit(t, types, target, s.Unit)
		}
	}
	want := []string{"/srv", "/srv/blog.html", "/srv/docs", "/srv/docs/.site", "/srv/docs/a.html", "/srv/docs/b.html"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(target.Files))); diff != "" {
		t.Errorf("what is on the host: -want +got:\n%s", diff)
	}
}

// TestTheEngineKnowsNoType: what it needs to know of a type it reads from the
// type's definition.
func TestTheEngineKnowsNoType(t *testing.T) {
	types := map[string]bool{}
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile(files, manifest.File)
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse(manifest.File, data)
		if err != nil {
			t.Fatal(err)
		}
		for typ := range m.Types {
			types[strconv.Quote(typ)] = true
		}
	}
	for _, root := range []string{"engine", "builtins"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(filepath.Dir(path), "test") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if _, imports := n.(*ast.ImportSpec); imports { // a package may be called so
					return false
				}
				if text, ok := n.(*ast.BasicLit); ok && types[text.Value] && !otherMeaning(path, text.Value) {
					t.Errorf("%s knows the type %s by its name; declare what it needs to know in the type's definition", path, text.Value)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// otherMeaning reports whether a text is no type where it stands: a name of the language of templates, the scheme of the URLs
// that SQLite takes, a source of secrets, a method of strings, an action of the plan, the code of an error, the group of a file. The builtin check() is one with a unit of its own.
func otherMeaning(path, text string) bool {
	if strings.HasPrefix(path, "builtins/jinja/") { // whose names are Ansible's and Python's
		return true
	}
	switch text {
	case `"file"`:
		return strings.HasPrefix(path, "engine/state/sqlite/") || path == "engine/secret/source/source.go"
	case `"replace"`:
		return path == "builtins/bounds/methods.go" || path == "engine/protect/protect.go"
	case `"user"`: // of a host's connection, of run_as, the namespace of identities
		return path == "engine/schema/lockout.go" || path == "engine/inventory/source/cue.go" || path == "builtins/resource/draft.go" || path == "builtins/hostapi/live.go"
	case `"group"`: // of a file, of the inventory, of an entry
		return !strings.HasPrefix(path, "engine/planning/")
	case `"script"`: // the order of a play
		return path == "builtins/play/play.go"
	case `"timezone"`: // a fact
		return path == "engine/facts/ask/system.go"
	case `"check"`:
		return path == "engine/secret/target.go" || path == "builtins/checks/checks.go"
	}
	return false
}

// buildPackage builds a package's guest, and returns a directory with the package.
func buildPackage(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, host.PluginFile), "./"+from)
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openTypes opens the package in a directory beside the built-in types, as froyo opens these.
func openTypes(t *testing.T, dir string) *catalog.Catalog {
	t.Helper()
	files, err := providers.Package("linux")
	if err != nil {
		t.Fatal(err)
	}
	site, err := catalog.Directory(dir)
	if err != nil {
		t.Fatal(err)
	}
	types, err := catalog.Open(t.Context(), "", catalog.Source{Name: "linux", Files: files}, site)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = types.Close(context.WithoutCancel(t.Context())) })
	return types
}

// evaluateSites evaluates the runbook.
func evaluateSites(t *testing.T, types []*schema.Type) []*plan.Step {
	t.Helper()
	hosts := inventory.New([]*inventory.Host{{Name: "h1"}})
	program, err := script.Load(t.Context(), script.Options{
		FS: fstest.MapFS{"site.star": {Data: []byte(sites)}}, Main: "site.star",
		Types: types, Inventory: hosts,
	})
	if err != nil {
		t.Fatal(err)
	}
	evaluated, err := program.Evaluate(t.Context(), hosts.Host("h1"), []int{0}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var steps []*plan.Step
	for _, u := range evaluated.Plays[0].Units {
		steps = append(steps, &plan.Step{Unit: u})
	}
	return steps
}

// edgesOf gives, by unit, the units that it comes after.
func edgesOf(groups []plan.Group) map[string]string {
	edges := map[string]string{}
	for _, g := range groups {
		var after []string
		for _, i := range g.After {
			after = append(after, groups[i].Steps[0].Unit.ID.Bare())
		}
		edges[g.Steps[0].Unit.ID.Bare()] = strings.Join(after, " ")
	}
	return edges
}

// applyUnit has a guest read, plan and apply a unit.
func applyUnit(t *testing.T, types *catalog.Catalog, target *providertest.Memory, u *unit.Unit) {
	t.Helper()
	provider, err := types.Provider(t.Context(), u.ID.Type)
	if err != nil {
		t.Fatal(err)
	}
	perform := func(_ context.Context, ops [][]op.Op) ([][]op.Result, error) {
		results := make([][]op.Result, len(ops))
		for i := range ops {
			for _, o := range ops[i] {
				results[i] = append(results[i], target.Do(o))
			}
		}
		return results, nil
	}
	ask := func(verb abi.Verb, actual []byte) abi.Reply {
		replies, err := provider.Run(t.Context(), []abi.Request{{Type: u.ID.Type, Verb: verb, Unit: u.Args, Actual: actual}}, perform)
		if err != nil {
			t.Fatal(err)
		}
		if replies[0].Error != nil {
			t.Fatalf("%s %s: %+v", verb, u.ID, replies[0].Error)
		}
		return replies[0]
	}
	actual := ask(abi.Read, nil).Actual
	if c := ask(abi.Plan, actual).Change; len(c.Effects) != 1 {
		t.Errorf("%s: planned %+v, want one effect", u.ID, c)
	}
	if o := ask(abi.Apply, actual).Outcome; !o.Changed {
		t.Errorf("%s: changed nothing", u.ID)
	}
}
