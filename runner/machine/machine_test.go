package machine

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// newMachine returns this machine, with a short grace.
func newMachine(t *testing.T) *Machine {
	t.Helper()
	return New(200 * time.Millisecond)
}

// do performs an op that must succeed.
func do(t *testing.T, m *Machine, o op.Op) op.Result {
	t.Helper()
	r := m.Perform(t.Context(), o, Stream{In: contentOf(t, o), Out: nil})
	if r.Error != nil {
		t.Fatalf("%s: %s (%s)", o, r.Error.Message, r.Error.Code)
	}
	return r
}

// refused performs an op that must fail with a code.
func refused(t *testing.T, m *Machine, o op.Op, code string) *op.Error {
	t.Helper()
	r := m.Perform(t.Context(), o, Stream{In: contentOf(t, o)})
	if r.Error == nil {
		t.Fatalf("%s went well, expected an error with the code %s", o, code)
	}
	if r.Error.Code != code {
		t.Errorf("%s: got %q (%s), expected the code %s", o, r.Error.Message, r.Error.Code, code)
	}
	return r.Error
}

func contentOf(t *testing.T, o op.Op) io.Reader {
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

func needRoot(t *testing.T, why string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

func lstat(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		t.Fatalf("lstat %s: %v", path, err)
	}
	return &st
}

func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// names lists a directory, one name after the other.
func namesIn(t *testing.T, dir string) string {
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

func TestPerformAnswersWhateverHappens(t *testing.T) {
	m := newMachine(t)
	t.Run("panic", func(t *testing.T) {
		path := t.TempDir() + "/x"
		put(t, path, "content", 0o600)
		r := m.Perform(t.Context(), op.Op{Read: &op.Read{Path: path, Limit: 100}}, Stream{Out: nil})
		if r.Error == nil || !strings.Contains(r.Error.Message, "defect") || !strings.Contains(r.Error.Message, "read.go:") {
			t.Errorf("got %+v, expected a defect and where it is", r.Error)
		}
	})
	t.Run("nothing asked", func(t *testing.T) {
		if r := m.Perform(t.Context(), op.Op{}, Stream{}); r.Error == nil {
			t.Errorf("got %+v, expected an error", r)
		}
	})
}

func TestGetent(t *testing.T) {
	m := newMachine(t)
	got := do(t, m, op.Op{Getent: &op.Getent{DB: "passwd", Key: "root"}}).Getent
	if !got.Found || got.Fields[1] != "x" || got.Fields[2] != "0" {
		t.Errorf("got %+v for root", got)
	}
	got = do(t, m, op.Op{Getent: &op.Getent{DB: "group", Key: "no-such-group-here"}}).Getent
	if got.Found || got.Fields != nil {
		t.Errorf("got %+v for a group that is not there", got)
	}
	_ = refused(t, m, op.Op{Getent: &op.Getent{DB: "shadow", Key: "root"}}, "nodb")
}

func TestFault(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want op.Error
	}{
		{"kernel", &os.PathError{Op: "open", Path: "x", Err: syscall.ENOSPC}, op.Error{Class: op.Permanent, Code: "enospc", Message: "write /x: no space left on device"}},
		{"read-only", syscall.EROFS, op.Error{Class: op.Permanent, Code: "erofs", Message: "write /x: read-only file system"}},
		{"busy", syscall.EBUSY, op.Error{Class: op.Transient, Code: "ebusy", Message: "write /x: device or resource busy"}},
		{"in the way", syscall.EISDIR, op.Error{Class: op.Conflict, Code: "eisdir", Message: "write /x: is a directory"}},
		{"without a code", syscall.EXDEV, op.Error{Class: op.Permanent, Message: "write /x: invalid cross-device link"}},
		{"other", errors.New("odd \xff"), op.Error{Class: op.Permanent, Message: "write /x: odd \uFFFD"}},
		{"ready-made", conflict("code", "text"), op.Error{Class: op.Conflict, Code: "code", Message: "text"}},
		{"given up", &Stop{"timeout", "did not end within 1s"}, op.Error{Class: op.Transient, Code: "timeout", Message: "write /x did not end within 1s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fault("write /x", tt.err); *got != tt.want {
				t.Errorf("got %+v, expected %+v", *got, tt.want)
			}
		})
	}
	if got := Fault("x", errors.New(strings.Repeat("é", 5000))).Message; len(got) > maxMessage+10 || clean(got) != got {
		t.Errorf("a long error became %d bytes", len(got))
	}
	if got := Title(op.Op{Exec: &op.Exec{Shell: strings.Repeat("é", 500)}}); len(got) > maxTitle+10 || clean(got) != got {
		t.Errorf("a long op became the title %q", got)
	}
}

// stoppedContext is a context that was given up.
func stoppedContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&Stop{"timeout", "took too long"})
	return ctx
}

func TestGivenUpBeforeItBegan(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	put(t, dir+"/file", "x", 0o600)
	ops := []op.Op{
		{Stat: &op.Stat{Path: dir}},
		{Read: &op.Read{Path: dir + "/file"}},
		{List: &op.List{Path: dir}},
		{Exec: &op.Exec{Shell: "touch " + dir + "/made"}},
		{Write: &op.Write{Path: dir + "/written", Content: op.NewBlob([]byte("x"))}},
	}
	for _, o := range ops {
		t.Run(string(o.Kind()), func(t *testing.T) {
			r := m.Perform(stoppedContext(t), o, Stream{In: contentOf(t, o)})
			if r.Error == nil || r.Error.Code != "timeout" || r.Error.Class != op.Transient {
				t.Errorf("got %+v, expected a timeout", r)
			}
		})
	}
	if got := namesIn(t, dir); got != "file" {
		t.Errorf("the directory now has %q", got)
	}
}
