package stdlib_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/startest"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runtime/script"
	"github.com/openfroyo/froyo/stdlib"
)

// noReader answers no question: modules ask none.
type noReader struct{}

func (noReader) Facts(context.Context, *inventory.Host, *facts.Namespace) (map[string]any, error) {
	return nil, errors.New("a module asks for facts")
}

func (noReader) Do(context.Context, *inventory.Host, string, op.Op) (op.Result, error) {
	return op.Result{}, errors.New("a module asks a host")
}

// run evaluates a chunk and tells of its files, with their content.
func run(t *testing.T, types []*schema.Type, c startest.Chunk) (string, error) {
	inv := inventory.Localhost()
	p, err := script.Load(t.Context(), script.Options{
		FS: fstest.MapFS{"test.star": {Data: []byte(c.Source)}}, Main: "test.star", Types: types, Inventory: inv,
		Predeclared: starlark.StringDict{"assert": startest.Assert()},
	})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for i := range p.Plays() {
		ev, err := p.Evaluate(t.Context(), inv.Hosts()[0], []int{i}, noReader{})
		if err != nil {
			return "", err
		}
		for _, u := range ev.Plays[0].Units {
			out.WriteString(u.ID.Local() + "\n")
			for _, blob := range u.Blobs {
				r, err := blob.Open()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.Copy(&out, r); err != nil {
					t.Fatal(err)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return out.String(), nil
}

func TestModules(t *testing.T) {
	pkg, err := schema.Load(os.DirFS("../providers/linux"), "linux", map[string]string{"file": "#File", "cmd": "#Cmd", "pkg": "#Pkg", "service": "#Service"})
	if err != nil {
		t.Fatal(err)
	}
	modules, err := fs.Glob(os.DirFS("."), "*.star")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range modules {
		if strings.HasSuffix(name, "_test.star") {
			startest.File(t, name, func(t *testing.T, c startest.Chunk) (string, error) { return run(t, pkg.Types, c) })
			continue
		}
		if !slices.Contains(modules, strings.TrimSuffix(name, ".star")+"_test.star") {
			t.Errorf("%s has no tests", name)
		}
		if _, err := fs.Stat(stdlib.FS, name); err != nil {
			t.Errorf("%s is not embedded: %v", name, err)
		}
	}
}
