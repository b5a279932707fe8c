package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/providers/host"
	"github.com/openfroyo/froyo/providers/host/manifest"
)

// guests holds the modules under testdata/guests, by name, and cacheDir their code.
var (
	guests   = map[string][]byte{}
	cacheDir string
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "froyo-host-test-")
	if err == nil {
		cacheDir = filepath.Join(dir, "cache")
		err = build(dir)
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	for _, name := range []string{"hostile", "files"} {
		out := filepath.Join(dir, name+".wasm")
		if err := buildGuest(out, "./testdata/guests/"+name); err != nil {
			return err
		}
		module, err := os.ReadFile(out)
		if err != nil {
			return err
		}
		guests[name] = module
	}
	return nil
}

const hostileManifest = `
name: hostile
version: 0.1.0
abi: 1
types: {unit: "#Unit"}
capabilities:
  ops:
    - {kind: fs.stat, paths: ["/srv/**"]}
    - {kind: file.write, paths: ["/srv/**"]}
    - {kind: exec, programs: [id]}
`

// pack makes a package's files.
func pack(text string, module []byte) fstest.MapFS {
	return fstest.MapFS{
		manifest.File:   {Data: []byte(text)},
		host.PluginFile: {Data: module},
	}
}

// load returns a module of the hostile guest, in a runtime of its own.
func load(t testing.TB, options host.Options) *host.Module {
	t.Helper()
	options.CacheDir = cacheDir
	return loadPackage(t, options, pack(hostileManifest, guests["hostile"]))
}

func loadPackage(t testing.TB, options host.Options, files fstest.MapFS) *host.Module {
	t.Helper()
	rt, err := host.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m, err := rt.Load(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
