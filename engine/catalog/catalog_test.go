package catalog_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
)

// packageOf is a package of one type. Its guest is no module, which nothing finds out before it is used.
func packageOf(name, typ string) fstest.MapFS {
	return fstest.MapFS{
		"manifest.yaml": {Data: []byte("name: " + name + "\nversion: 0.1.0\ndescription: Things.\nabi: 1\ntypes:\n  " + typ + ": \"#Thing\"\ncapabilities:\n  ops:\n    - kind: fs.stat\n")},
		"thing.cue":     {Data: []byte("package " + name + "\n\n// Thing is one.\n#Thing: {\n\t// Its name.\n\tname: string & !=\"\" @key()\n}\n")},
		"plugin.wasm":   {Data: []byte("no module")},
	}
}

// TestDirectory loads a package from the disk, and says what a directory lacks that is none.
func TestDirectory(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(dir string) error
		want   string // of the error
	}{
		{name: "complete", change: func(string) error { return nil }},
		{"no manifest", func(dir string) error { return os.Remove(filepath.Join(dir, "manifest.yaml")) }, "manifest.yaml: no such file or directory"},
		{"no guest", func(dir string) error { return os.Remove(filepath.Join(dir, "plugin.wasm")) }, "plugin.wasm: no such file or directory"},
		{"a guest that is no file", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "plugin.wasm")), os.Mkdir(filepath.Join(dir, "plugin.wasm"), 0o755))
		}, "plugin.wasm: not a regular file"},
		{"no directory", os.RemoveAll, "manifest.yaml: no such file or directory"},
		{"no types", func(dir string) error { return os.Remove(filepath.Join(dir, "thing.cue")) }, "it has no *.cue files"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "things")
			if err := errors.Join(os.CopyFS(dir, packageOf("things", "thing")), test.change(dir)); err != nil {
				t.Fatal(err)
			}
			source, err := catalog.Directory(dir)
			var c *catalog.Catalog
			if err == nil {
				c, err = catalog.Open(t.Context(), "", source)
			}
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got %v, want an error with %q about %s", err, test.want, dir)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
			if c.Type("thing") == nil {
				t.Error("the catalog does not have the type")
			}
			if p, err := c.Provider(t.Context(), "thing"); p == nil || err != nil {
				t.Errorf("the guest of the type is %v, %v", p, err)
			}
		})
	}
}

// TestDirectorySaysWhatAPackageIs: the error is one of usage, tells what was expected, and keeps its cause.
func TestDirectorySaysWhatAPackageIs(t *testing.T) {
	dir := t.TempDir()
	_, err := catalog.Directory(dir)
	d, ok := errors.AsType[*diag.Error](err)
	if !ok || d.Code != diag.Usage || d.Hint != "a package is a directory with manifest.yaml, its types in *.cue, and its guest in plugin.wasm" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %#v", err)
	}
	if err := os.CopyFS(dir, packageOf("things", "thing")); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Directory(dir); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}

// TestTwoPackagesOfOneType: which of them a runbook means is not left to their order.
func TestTwoPackagesOfOneType(t *testing.T) {
	one, other := catalog.Source{Name: "a", Files: packageOf("one", "thing")}, catalog.Source{Name: "b", Files: packageOf("other", "thing")}
	c, err := catalog.Open(t.Context(), "", one, other)
	if err == nil {
		_ = c.Close(t.Context())
		t.Fatal("both were taken")
	}
	if want := "package b: it has the type thing, which package one has already"; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestHas: a package is known by its manifest to have a type.
func TestHas(t *testing.T) {
	things := catalog.Source{Name: "things", Files: packageOf("things", "thing")}
	for typ, want := range map[string]bool{"thing": true, "things": false, "": false} {
		if got, err := things.Has(typ); err != nil || got != want {
			t.Errorf("%q: %v, %v", typ, got, err)
		}
	}
	for _, files := range []fstest.MapFS{{}, {"manifest.yaml": {Data: []byte("- x")}}} {
		if _, err := (catalog.Source{Name: "things", Files: files}).Has("thing"); err == nil {
			t.Error("a package without a manifest is accepted")
		}
	}
}
