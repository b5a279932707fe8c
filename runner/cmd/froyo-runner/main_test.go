package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
)

const magic = "froyo-0123456789abcdef"

// TestMain lets the test's own program be the runner.
func TestMain(m *testing.M) {
	if os.Getenv("FROYO_TEST_RUNNER") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// install copies the program into a directory of its own and returns its path.
func install(t *testing.T, directory string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), directory)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(dir, "froyo-runner")
	to, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// process is a runner with pipes to it.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr bytes.Buffer
	r      *protocol.Reader
	w      *protocol.Writer
}

func start(t *testing.T, path string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, args...)} //nolint:gosec // it is this program
	p.cmd.Env = append(os.Environ(), "FROYO_TEST_RUNNER=1")
	p.cmd.Stderr = &p.stderr
	// A file that the parent forgot to close, which no program may inherit.
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p.cmd.ExtraFiles = []*os.File{null}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	p.r, p.w = protocol.NewReader(stdout), protocol.NewWriter(p.stdin)
	return p
}

// read returns the next frame that is not a grant of credit.
func (p *process) read(t *testing.T) protocol.Frame {
	t.Helper()
	f, err := p.r.Read()
	if err != nil {
		t.Fatalf("read: %v; the runner said %q", err, p.stderr.String())
	}
	return f
}

func (p *process) greet(t *testing.T) protocol.Ready {
	t.Helper()
	if noise, err := p.r.SkipTo(magic); err != nil {
		t.Fatalf("got %q, %v", noise, err)
	}
	f := p.read(t)
	if f.Ready == nil {
		t.Fatalf("got %+v, expected ready", f)
	}
	return *f.Ready
}

// run has a shell command run and returns its result.
func (p *process) run(t *testing.T, id uint64, command string) op.ExecResult {
	t.Helper()
	err := p.w.Send(protocol.Frame{Command: &protocol.Command{ID: id, Op: op.Op{Exec: &op.Exec{Shell: command}}}})
	if err != nil {
		t.Fatal(err)
	}
	f := p.read(t)
	if f.Done == nil || f.Done.Result.Exec == nil {
		t.Fatalf("got %+v", f)
	}
	return *f.Done.Result.Exec
}

func TestRunner(t *testing.T) {
	path := install(t, ".froyo-abc")
	p := start(t, path, magic, path)
	ready := p.greet(t)
	if ready.PID != p.cmd.Process.Pid || ready.Version != "dev" || ready.Dir != filepath.Dir(path) {
		t.Errorf("got %+v", ready)
	}
	if left, err := os.ReadDir(filepath.Dir(filepath.Dir(path))); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	checks := []struct{ name, command, want string }{
		{"nothing is inherited", "ls /proc/self/fd | wc -l", "4\n"},
		{"umask", "umask", "0022\n"},
		// Signal 32 is the C library's own: threads under the race detector block it while they start.
		{"signals have their usual meaning", "sed -nE '/^Sig(Blk|Ign)/{s/^(.*)80000000$/\\100000000/; /:\\t0*$/!p}' /proc/self/status", ""},
	}
	for i, c := range checks {
		if got := p.run(t, uint64(i+1), c.command); got.Stdout != c.want {
			t.Errorf("%s: got %q, expected %q", c.name, got.Stdout, c.want)
		}
	}
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE} {
		if err := p.cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.w.Send(protocol.Frame{Exit: &protocol.Exit{}}); err != nil {
		t.Fatal(err)
	}
	if f := p.read(t); f.Bye == nil {
		t.Errorf("got %+v, expected bye", f)
	}
	if err := p.cmd.Wait(); err != nil || p.stderr.Len() > 0 {
		t.Errorf("got %v and %q", err, p.stderr.String())
	}
}

// TestEnds checks that a runner and its programs are gone when the line is, or
// when it is told to end.
func TestEnds(t *testing.T) {
	tests := []struct {
		name string
		end  func(*process) error
		want int
	}{
		{"end of input", func(p *process) error { return p.stdin.Close() }, 0},
		{"SIGTERM", func(p *process) error { return p.cmd.Process.Signal(syscall.SIGTERM) }, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := install(t, "froyo-x")
			p := start(t, path, magic, path)
			p.greet(t)
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			command := &protocol.Command{ID: 1, Op: op.Op{Exec: &op.Exec{Shell: "exec 3>" + fifo + "; exec sleep 1000"}}}
			if err := p.w.Send(protocol.Frame{Command: command}); err != nil {
				t.Fatal(err)
			}
			alive, err := os.Open(fifo) // opens once the program has, ends once it has
			if err != nil {
				t.Fatal(err)
			}
			defer alive.Close()
			if err := tt.end(p); err != nil {
				t.Fatal(err)
			}
			if f := p.read(t); f.Done == nil || f.Done.Result.Error == nil || f.Done.Result.Error.Code != "ended" {
				t.Errorf("got %+v", f)
			}
			if _, err := io.Copy(io.Discard, alive); err != nil {
				t.Error(err)
			}
			_ = p.cmd.Wait() // the exit code is looked at
			if got := p.cmd.ProcessState.ExitCode(); got != tt.want {
				t.Errorf("exit code %d, expected %d: %q", got, tt.want, p.stderr.String())
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no magic", nil, "usage"},
		{"too much", []string{magic, "a", "b"}, "usage"},
		{"bad magic", []string{"x"}, "magic"},
		{"not its own file", []string{magic, other}, "is not this program"},
		{"no file", []string{magic, other + "/x"}, "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", tt.args...) //nolint:gosec // it is this program
			cmd.Env = append(os.Environ(), "FROYO_TEST_RUNNER=1")
			out, err := cmd.CombinedOutput()
			if _, ok := errors.AsType[*exec.ExitError](err); !ok || !strings.Contains(string(out), tt.want) {
				t.Errorf("got %q, %v, expected %q", out, err, tt.want)
			}
		})
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("another user's file was removed: %v", err)
	}
}

func TestVanish(t *testing.T) {
	for directory, gone := range map[string]bool{".froyo-1": true, "froyo": true, "home": false} {
		path := install(t, directory)
		p := start(t, path, magic, path)
		p.greet(t)
		_, fileErr := os.Stat(path)
		_, dirErr := os.Stat(filepath.Dir(path))
		if fileErr == nil || errors.Is(dirErr, os.ErrNotExist) != gone {
			t.Errorf("%s: file %v, directory %v", directory, fileErr, dirErr)
		}
	}
	// A directory that holds something else is not the runner's to remove.
	path := install(t, "froyo-2")
	if err := os.WriteFile(filepath.Dir(path)+"/kept", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, path, magic, path)
	if _, err := p.r.SkipTo(magic); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, expected that it does not start", err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || !slices.ContainsFunc(names, func(e os.DirEntry) bool { return e.Name() == "kept" }) {
		t.Errorf("got %v, %v", names, err)
	}
}
