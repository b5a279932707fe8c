package secret

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/console"
)

func withEnv(env map[string]string) *console.Console {
	return &console.Console{Process: console.Process{Getenv: func(name string) string { return env[name] }, Environ: os.Environ}, Stdin: os.Stdin, Stderr: os.Stderr}
}

// TestNoEditor: it is said how to do without.
func TestNoEditor(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := newDraft(withEnv(nil), "db/password")
	const hint = "name one: EDITOR=nano froyo secret edit db/password; or without any: froyo secret set db/password"
	if d, is := errors.AsType[*diag.Error](err); !is || d.Hint != hint {
		t.Fatal(err)
	}
	d, err := newDraft(withEnv(map[string]string{"EDITOR": "nano"}), "db/password") // as the hint says
	if err != nil {
		t.Fatal(err)
	}
	if err := d.remove(); err != nil {
		t.Error(err)
	}
}

// TestDraftStays: a file that cannot be removed is named, with what removes it.
func TestDraftStays(t *testing.T) {
	d, err := newDraft(withEnv(map[string]string{"EDITOR": "nano"}), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(d.dir, d.dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("it takes root to mount a directory: %v", errors.Join(err, d.remove()))
	}
	err = d.remove()
	if e, is := errors.AsType[*diag.Error](err); !is || e.Hint != "rm -r "+d.dir {
		t.Errorf("%v", err)
	}
	if err := syscall.Unmount(d.dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), "sh", "-c", "rm -r "+d.dir).Run(); err != nil {
		t.Error(err)
	}
}

// TestSweep: what a process that was killed has left is removed, and nothing else.
func TestSweep(t *testing.T) {
	base := t.TempDir()
	// No process has such a number.
	dead := draftPrefix + strconv.Itoa(1<<22+1) + "-1"
	elsewhere := draftPrefix + strconv.Itoa(1<<22+2) + "-1" // of a process that has another number here
	stay := []string{draftPrefix + strconv.Itoa(os.Getpid()) + "-1", draftPrefix + "x-1", "other", elsewhere}
	for _, name := range append(stay, dead) {
		if err := os.Mkdir(filepath.Join(base, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := os.Open(filepath.Join(base, elsewhere))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	sweep(base)
	left, err := os.ReadDir(base)
	if err != nil || len(left) != len(stay) {
		t.Errorf("%v %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(base, dead)); err == nil {
		t.Error("it is left")
	}
}

// TestReplacing: a signal for the shell is one for the editor, whatever the command line has.
func TestReplacing(t *testing.T) {
	for command, want := range map[string]string{
		"vim": "exec vim", "code --wait": "exec code --wait", "LC_ALL=C vim -n": "exec env LC_ALL=C vim -n", "a; b": "a; b", "'/my editor' -x": "exec '/my editor' -x",
	} {
		if got := replacing(command); got != want {
			t.Errorf("%s: %s", command, got)
		}
	}
}

// TestShown: a terminal does not act on a value.
func TestShown(t *testing.T) {
	for value, want := range map[string]string{"a": "a\n", "a\n": "a\n", "a\nb": "a\nb\n", "": "\n"} {
		if got := string(shown([]byte(value))); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
	if got := string(shown([]byte("a\x1b]0;x\x07\xff\r"))); strings.ContainsAny(got, "\x1b\x07\r") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}
