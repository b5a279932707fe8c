package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner"
)

// TestTamperedFroyo changes one byte of each embedded part in turn, in the file of froyo itself. It tells which part, and
// neither sends such a runner nor uses such a guest.
func TestTamperedFroyo(t *testing.T) {
	if why := generated(); why != "" {
		t.Skip(why)
	}
	dir := t.TempDir()
	froyo := filepath.Join(dir, "froyo")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(froyo, program, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "site.star"), []byte("file(vars.to, content = \"x\")\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "made")
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), froyo, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+dir+"/state", "XDG_CACHE_HOME="+dir+"/cache", "FROYO_LOCK_TIMEOUT=5m")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	apply := []string{"apply", "-y", "site.star", "-e", "to=" + made}
	if out, err := run(apply...); err != nil { // what guests are compiled to is kept from here on
		t.Fatal(out, err)
	}
	if err := os.Remove(made); err != nil {
		t.Fatal(err)
	}
	name := "froyo-runner-linux-" + runtime.GOARCH
	tests := []struct {
		files  fs.FS
		part   string
		says   string // to version --verify
		refuse string // what apply says; "" is that it does not use the part
	}{
		{runner.Files(), name + ".gz", name + ".gz: its SHA-256 is", "the runner for linux/" + runtime.GOARCH + " is damaged"},
		{runner.Files(), name + ".zst", name + ".zst: its SHA-256 is", ""},
		{runner.Files(), name + ".sum", name + ".sum: it says", name},
		{runner.Files(), "froyo-guard-linux-" + runtime.GOARCH + ".gz", "froyo-guard-linux-" + runtime.GOARCH + ".gz: its SHA-256 is", ""},
		{providers.Guests(), "base.wasm", "base.wasm: its SHA-256 is", "its guest is refused: this froyo is not as it was built: base.wasm"},
		{runner.Files(), "parts", "parts: the bundle is of something else", "this froyo is not as it was built: parts"},
		{runner.Files(), "parts.bundle", "parts", "this froyo is not as it was built: parts"},
		{runner.Files(), "parts.pub", "parts", "this froyo is not as it was built: parts"},
	}
	for _, tt := range tests {
		t.Run(tt.part, func(t *testing.T) {
			part, err := fs.ReadFile(tt.files, tt.part)
			if err != nil {
				t.Skip(err) // without zstd
			}
			at := bytes.Index(program, part)
			if at < 0 {
				t.Fatal("it is not in the file")
			}
			at += len(part) / 2
			flip(t, froyo, at, program[at]^1)
			defer flip(t, froyo, at, program[at])
			out, err := run("version", "--verify")
			if err == nil || !strings.Contains(out, tt.says) || !strings.Contains(out, "hint: install froyo anew") {
				t.Errorf("%v\n%s", err, out)
			}
			if tt.refuse == "" {
				return
			}
			out, err = run(apply...)
			if err == nil || !strings.Contains(strings.Join(strings.Fields(out), " "), tt.refuse) {
				t.Errorf("%v\n%s", err, out)
			}
			if _, err := os.Lstat(made); err == nil {
				t.Error("it was applied")
			}
		})
	}
	if out, err := run("version", "--verify"); err != nil || !strings.Contains(out, "are as they were signed, by the key ") {
		t.Error(err, out)
	}
}

// flip writes one byte of a file.
func flip(t *testing.T, name string, at int, b byte) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte{b}, int64(at)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
