package input_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
)

// TestRead reads each kind of file, or says why not.
func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"whole": "12345678", "long": "123456789", "empty": ""} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	socket, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := errors.Join(os.Symlink("whole", at("link")), syscall.Mkfifo(at("fifo"), 0o600)); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, want, err, hint string }{
		{"whole", "12345678", "", ""},
		{"link", "12345678", "", ""},
		{"empty", "", "", ""},
		{os.DevNull, "", "", ""},
		{"long", "", "it is larger than 8 bytes", "name a file that holds what is wanted, and nothing else"},
		{".", "", "it is a directory", "name a file that holds what is wanted, and nothing else"},
		{"/dev/zero", "", "it is a device", "name a file that holds what is wanted, and nothing else"},
		{"missing", "", "there is no such file", "check the name; one without / at its beginning starts in the current directory"},
		{"whole/x", "", "a part of its path is no directory", "check the name"},
		{"socket", "", "no such device or address", "name a file that can be read"},
	}
	for _, tt := range tests {
		name := tt.name
		if !filepath.IsAbs(name) {
			name = at(name)
		}
		text, err := input.File{Name: name, What: "--of FILE", Max: 8}.Read(t.Context())
		if tt.err == "" {
			if err != nil || string(text) != tt.want {
				t.Errorf("%s: %q %v", tt.name, text, err)
			}
		} else if d := diag.Of(err); d.Summary != "--of FILE: "+tt.err || d.Hint != tt.hint {
			t.Errorf("%s: %q %+v", tt.name, text, d)
		}
	}
	if _, err := (input.File{Name: at("fifo"), Max: 8, Regular: true}).Read(t.Context()); err == nil || err.Error() != at("fifo")+": it is no regular file" {
		t.Error(err)
	}
	refused := errors.New("refused")
	_, err = input.File{Name: at("whole"), Max: 8, Hint: "another", Check: func(info fs.FileInfo) error { return fmt.Errorf("%d: %w", info.Size(), refused) }}.Read(t.Context())
	if d := diag.Of(err); !errors.Is(err, refused) || d.Hint != "another" {
		t.Errorf("%+v", d)
	}
}

// TestFIFO reads a FIFO to its end, and stops waiting for one that has none.
func TestFIFO(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		text []byte
		err  error
	}
	read := func(ctx context.Context) chan answer {
		done := make(chan answer)
		go func() {
			text, err := input.File{Name: name, Max: 8}.Read(ctx)
			done <- answer{text, err}
		}()
		return done
	}
	done := read(t.Context())
	if err := os.WriteFile(name, []byte("text"), 0); err != nil { // it waits for the reader
		t.Fatal(err)
	}
	if a := <-done; a.err != nil || string(a.text) != "text" {
		t.Errorf("%q %v", a.text, a.err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	done = read(ctx)
	w, err := os.OpenFile(name, os.O_WRONLY, 0) // it is being read
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cancel()
	if a := <-done; !errors.Is(a.err, context.Canceled) {
		t.Errorf("%q %v", a.text, a.err)
	}
	if _, err := (input.File{Name: filepath.Join(filepath.Dir(name), "fifo"), Max: 8}).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestStream reads a stream to its end, its limit or the command's.
func TestStream(t *testing.T) {
	t.Parallel()
	if text, err := input.Stream(t.Context(), "standard input", strings.NewReader("1234"), 4); err != nil || string(text) != "1234" {
		t.Errorf("%q %v", text, err)
	}
	for most, want := range map[int64]string{4: "4 bytes", 1 << 10: "1 KiB", 3 << 20: "3 MiB", 1<<10 + 1: "1025 bytes"} {
		_, err := input.Stream(t.Context(), "standard input", strings.NewReader(strings.Repeat("x", int(most)+1)), most)
		if err == nil || err.Error() != "standard input: it is larger than "+want {
			t.Error(err)
		}
	}
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := input.Stream(ctx, "standard input", r, 4); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
