package client

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWriteFile: a file is replaced by a whole one or stays, and what is no file stays what it is.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := WriteFile("--to", name, text("one\n")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no end")
	if err := WriteFile("--to", name, func(w io.Writer) error { return errors.Join(text("two\n")(w), failed) }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "one\n" {
		t.Errorf("got %q, %v", got, err)
	}
	full := filepath.Join(dir, "full")
	if err := syscall.Mknod(full, syscall.S_IFCHR|0o600, 1<<8|7); err != nil {
		t.Skip(err) // only root makes devices
	}
	if err := WriteFile("--to", full, text("x\n")); err == nil || !strings.Contains(err.Error(), "no space left on the disk") {
		t.Errorf("got %v", err)
	}
	if s, err := os.Lstat(full); err != nil || s.Mode()&os.ModeDevice == 0 {
		t.Errorf("the device was replaced: %v, %v", s.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
