package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner/proctree/proctreetest"
)

// TestMain runs the tests where no process of another package's tests is seen: embed changes this machine, and a
// killed runner's program that still runs refuses the next run.
func TestMain(m *testing.M) { proctreetest.Main(m) }

func TestEmbed(t *testing.T) {
	dir := t.TempDir()
	site := fmt.Sprintf("file(%q, content = \"hello\\n\")\n", filepath.Join(dir, "motd"))
	if err := os.WriteFile(filepath.Join(dir, "site.star"), []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	err := embed(t.Context(), dir)
	if _, ok := errors.AsType[*providers.NotBuiltError](err); ok {
		t.Skip(err) // make builds the guests
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "motd")); string(got) != "hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
