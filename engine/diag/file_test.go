package diag_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
)

// TestFilesInPlainWords: neither the name of a system call nor the system's wording is shown.
func TestFilesInPlainWords(t *testing.T) {
	dir := t.TempDir()
	missing, file := filepath.Join(dir, "no", "x"), filepath.Join(dir, "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, absent := os.ReadFile(missing)
	_, below := os.ReadFile(filepath.Join(file, "x"))
	_, directory := os.ReadFile(dir)
	_, create := os.OpenFile(missing, os.O_WRONLY|os.O_CREATE, 0o600)
	failed := func(err error) error { return &os.PathError{Op: "open", Path: "x", Err: err} }
	for _, tt := range []struct {
		name string
		got  *diag.Error
		want string
		hint string
	}{
		{"missing", diag.ReadFailed("-e @x", absent), "-e @x: there is no such file", "check the name"},
		{"directory", diag.ReadFailed("-e @x", directory), "-e @x: it is a directory", "name a file that can be read"},
		{"below a file", diag.ReadFailed("-e @x", below), "-e @x: a part of its path is no directory", "check the name"},
		{"denied", diag.ReadFailed("-e @x", failed(syscall.EACCES)), "-e @x: permission denied", "ls -ld"},
		{"no directory", diag.WriteFailed("--out x", missing, create), "--out x: there is no directory " + filepath.Dir(missing), "mkdir -p " + filepath.Dir(missing)},
		{"onto a directory", diag.WriteFailed("--out x", "x", failed(syscall.EEXIST)), "--out x: it is a directory", "name a file that can be written"},
		{"full", diag.WriteFailed("--out x", "x", failed(syscall.ENOSPC)), "--out x: no space left on the disk", "make room"},
		{"read-only", diag.WriteFailed("--out x", "x", failed(syscall.EROFS)), "--out x: the file system is read-only", "name a file"},
		{"another", diag.ReadFailed("-e @x", failed(errors.New("odd"))), "-e @x: odd", "name a file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.got.Error() != tt.want || !strings.Contains(tt.got.Hint, tt.hint) {
				t.Errorf("got %q with the hint %q, expected %q with %q", tt.got, tt.got.Hint, tt.want, tt.hint)
			}
			if tt.got.Cause == nil {
				t.Error("the cause is lost")
			}
		})
	}
}
