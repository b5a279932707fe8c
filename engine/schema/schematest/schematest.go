// Package schematest loads resource types for tests.
//
// It imports engine/schema only.
package schematest

import (
	"os"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/engine/schema"
)

// Linux loads the types file and cmd of the package linux from dir, where the CUE of that package is.
func Linux(t testing.TB, dir string) *schema.Package {
	t.Helper()
	p, err := schema.Load(os.DirFS(dir), "linux", map[string]string{"file": "#File", "cmd": "#Cmd"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TypeOf picks a type of a package.
func TypeOf(t testing.TB, p *schema.Package, name string) *schema.Type {
	t.Helper()
	for _, typ := range p.Types {
		if typ.Name == name {
			return typ
		}
	}
	t.Fatalf("package %s has no type %s", p.Name, name)
	return nil
}

// Define loads one type from the body of its definition.
func Define(t testing.TB, text string) *schema.Type {
	t.Helper()
	fsys := fstest.MapFS{"t.cue": {Data: []byte("package t\n" + text)}}
	p, err := schema.Load(fsys, "t", map[string]string{"thing": "#Thing"})
	if err != nil {
		t.Fatal(err)
	}
	return p.Types[0]
}
