// Package performtest performs ops in tests and looks at what came of them.
package performtest

import (
	"context"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
)

// Performer performs ops: a Single, or a machine.
type Performer interface {
	Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result
}

// Single performs ops by one performer alone.
type Single struct{ perform.Performer }

// Perform implements Performer.
func (s Single) Perform(ctx context.Context, o op.Op, with perform.Stream) op.Result {
	return perform.Answer(o, with, func(c *perform.Call) error { return s.Performer.Perform(ctx, c) })
}

// Do performs an op that must succeed.
func Do(t testing.TB, p Performer, o op.Op) op.Result {
	t.Helper()
	r := p.Perform(t.Context(), o, perform.Stream{In: Content(t, o), Out: nil})
	if r.Error != nil {
		t.Fatalf("%s: %s (%s)", o, r.Error.Message, r.Error.Code)
	}
	return r
}

// Refused performs an op that must fail with a code.
func Refused(t testing.TB, p Performer, o op.Op, code string) *op.Error {
	t.Helper()
	r := p.Perform(t.Context(), o, perform.Stream{In: Content(t, o)})
	if r.Error == nil {
		t.Fatalf("%s went well, expected an error with the code %s", o, code)
	}
	if r.Error.Code != code {
		t.Errorf("%s: got %q (%s), expected the code %s", o, r.Error.Message, r.Error.Code, code)
	}
	return r.Error
}

// Content is the content that travels beside an op, or nil.
func Content(t testing.TB, o op.Op) io.Reader {
	t.Helper()
	for _, b := range o.Blobs() {
		if b.Open != nil {
			r, err := b.Open()
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
	}
	return nil
}

// Stopped is a context that was given up.
func Stopped(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&perform.Stop{Code: "timeout", Why: "took too long"})
	return ctx
}

// NeedRoot skips a test that only root can do.
func NeedRoot(t testing.TB, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

// Lstat is what is at a path.
func Lstat(t testing.TB, path string) *syscall.Stat_t {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		t.Fatalf("lstat %s: %v", path, err)
	}
	return &st
}

// Put writes a file with a mode, whatever the umask is.
func Put(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// NamesIn lists a directory, one name after the other.
func NamesIn(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// Slurp returns what a file holds.
func Slurp(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ClosedPort is a port of 127.0.0.1 that nothing listens on, and that no other gets while the test runs.
func ClosedPort(t testing.TB) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return name.(*unix.SockaddrInet4).Port
}
