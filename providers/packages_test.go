package providers_test

import (
	"errors"
	"io/fs"
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
