package command_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/openfroyo/froyo/runner/command"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
)

// programs are those of this machine that a small system of its own has.
var programs = []string{"sh", "id", "mkdir", "chmod", "uname", "head", "sha256sum", "rm", "cat", "stty", "sleep", "touch", "echo"}

// root makes a small system in a directory, of this machine's programs and their libraries, for tests that may change
// the root directory.
func root(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root may change the root directory")
	}
	dir, err := os.MkdirTemp("", "froyo-root") //nolint:usetesting // its mode is that of a root directory
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, d := range []string{"bin", "etc", "tmp", "run", "root", "dev", "proc", "var/tmp"} {
		mode := os.FileMode(0o755)
		if strings.HasSuffix(d, "tmp") {
			mode |= 0o022 | os.ModeSticky
		}
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil { //nolint:gosec // as a system has it
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, d), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as a system has it
		t.Fatal(err)
	}
	if err := unix.Mknod(filepath.Join(dir, "dev/null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil { //nolint:gosec // a device's number is small
		t.Skipf("no device can be made: %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "dev/null"), 0o666); err != nil { //nolint:gosec // as a system has it
		t.Fatal(err)
	}
	mountProc(t, dir)
	write(t, filepath.Join(dir, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/tmp:/bin/sh\n", 0o644)
	write(t, filepath.Join(dir, "etc/group"), "root:x:0:\nops:x:1000:\n", 0o644)
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(err)
		}
		place(t, path, filepath.Join(dir, "bin", name))
		out, _ := exec.CommandContext(t.Context(), "ldd", path).Output() // of a static program there is none
		for word := range strings.FieldsSeq(string(out)) {
			if filepath.IsAbs(word) {
				place(t, word, filepath.Join(dir, word))
			}
		}
	}
	return dir
}

// mountProc gives a system what it knows of processes by.
func mountProc(t *testing.T, dir string) {
	t.Helper()
	at := filepath.Join(dir, "proc")
	if err := unix.Mount("proc", at, "proc", 0, ""); err != nil {
		t.Skipf("nothing can be mounted: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(at, unix.MNT_DETACH) }) // or else its removal tells
}

// place copies a program, once.
func place(t *testing.T, from, to string) {
	t.Helper()
	if _, err := os.Stat(to); err == nil {
		return
	}
	data, err := os.ReadFile(from) //nolint:gosec // the test says which
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755) //nolint:gosec // as a system has it
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(data), 0o755)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// program puts a program into a directory that is searched first.
func program(t *testing.T, name, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, name), "#!/bin/sh\n"+script+"\n", 0o755)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// open opens a session by a command.
func open(t *testing.T, connection string, h kind.Host) (*dial.Session, error) {
	t.Helper()
	tr, err := command.Open(t.Context(), command.Options{Name: "h1", Kind: kind.Of(connection), Host: h, Environ: os.Environ()})
	if err != nil {
		return nil, err
	}
	s := dial.Open(tr, dial.Options{Host: "h1", Binary: dialtest.Binary(t)})
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	return s, nil
}

// inTerminal is what a script prints in a terminal of the host, given a line.
func inTerminal(t *testing.T, connection string, h kind.Host) string {
	t.Helper()
	tr, err := command.Open(t.Context(), command.Options{Name: "h1", Kind: kind.Of(connection), Host: h, Environ: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	p, err := tr.StartTerminal(t.Context(), `exec /bin/sh -c '[ -t 0 ] && [ -t 1 ] && echo ready; read x; echo "got $x"'`)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	var b strings.Builder
	buf := make([]byte, 1)
	for !strings.HasSuffix(b.String(), "ready\n") {
		n, err := p.Stdout.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			t.Fatalf("%q, %v", b.String(), err)
		}
	}
	if _, err := io.WriteString(p.Stdin, "word\n"); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(p.Stdout)
	return b.String() + string(rest)
}
