package providers_test

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers"
)

func TestPackage(t *testing.T) {
	for _, name := range providers.Names() {
		t.Run(name, func(t *testing.T) {
			fsys, err := providers.Package(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fs.Stat(fsys, "manifest.yaml"); err != nil {
				t.Error(err)
			}
			schemas, err := fs.Glob(fsys, "*.cue")
			if err != nil || len(schemas) == 0 {
				t.Errorf("schemas = %v, %v", schemas, err)
			}
		})
	}
}

func TestPackageWithoutGuest(t *testing.T) {
	fsys, err := providers.Package("linux")
	if err != nil {
		t.Fatal(err)
	}
	module, err := fs.ReadFile(fsys, providers.Plugin)
	if err == nil {
		if len(module) < 8 || string(module[:4]) != "\x00asm" {
			t.Errorf("%s is no WebAssembly module", providers.Plugin)
		}
		return
	}
	missing, ok := errors.AsType[*providers.NotBuiltError](err)
	if !ok {
		t.Fatalf("err = %v, want a NotBuiltError", err)
	}
	if missing.Hint() != "run make, or go generate ./... and build froyo again" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %#v, want a hint and a file that does not exist", missing)
	}
}

func TestUnknownPackage(t *testing.T) {
	for _, name := range []string{"", "nosuch", "../linux", "dist"} {
		if _, err := providers.Package(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Package(%q) = %v, want it not to exist", name, err)
		}
	}
}

// maxGuest is the size that a guest may have: it is compiled on every machine that uses one of its types for the first time.
const maxGuest = 4 << 20

// larger are guests for which that is not enough, with what they have at most.
var larger = map[string]int{
	"structured": 5_000_000, // readers of YAML and TOML
}

func TestGuestsAreSmall(t *testing.T) {
	guests, err := filepath.Glob("dist/*.wasm")
	if err != nil {
		t.Fatal(err)
	}
	if len(guests) == 0 {
		t.Skip("no guest was built: run make")
	}
	for _, path := range guests {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".wasm")
		if most := cmp.Or(larger[name], maxGuest); info.Size() > int64(most) {
			t.Errorf("guest %s has %d bytes, more than %d", name, info.Size(), most)
		}
	}
}
