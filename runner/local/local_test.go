package local_test

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

func start(t *testing.T, m *local.Machine, script string) *transport.Process {
	t.Helper()
	p, err := m.Start(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestStart(t *testing.T) {
	m := local.New("me", []string{"PATH=" + os.Getenv("PATH"), "GREETING=hello"})
	p := start(t, m, `read -r x; echo "$GREETING $x"; echo oops >&2; exit 7`)
	if _, err := io.WriteString(p.Stdin, "world\n"); err != nil {
		t.Fatal(err)
	}
	// The process has ended by then, and what it said is still to be had.
	err := p.Wait()
	if e, ok := errors.AsType[*transport.ExitError](err); !ok || e.Status != 7 || e.Signal != "" {
		t.Errorf("wait gave %v", err)
	}
	stdout, err := io.ReadAll(p.Stdout)
	if string(stdout) != "hello world\n" || err != nil {
		t.Errorf("stdout %q, %v", stdout, err)
	}
	stderr, err := io.ReadAll(p.Stderr)
	if string(stderr) != "oops\n" || err != nil {
		t.Errorf("stderr %q, %v", stderr, err)
	}
	if m.User() != "me" || !m.Near() {
		t.Errorf("user %q, near %v", m.User(), m.Near())
	}
}

func TestSignal(t *testing.T) {
	p := start(t, local.New("me", nil), "kill -SEGV $$")
	if e, ok := errors.AsType[*transport.ExitError](p.Wait()); !ok || e.Signal != "SEGV" || e.Error() != "killed by signal SEGV" {
		t.Errorf("got %v", e)
	}
}

// TestKill and Close end the streams, which is what a process sees of it.
func TestKill(t *testing.T) {
	m := local.New("me", []string{"PATH=" + os.Getenv("PATH")})
	killed, closed := start(t, m, "cat; exit 3"), start(t, m, "cat; exit 4")
	killed.Kill()
	killed.Kill()
	if e, ok := errors.AsType[*transport.ExitError](killed.Wait()); !ok || e.Status != 3 {
		t.Errorf("killed: %v", e)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if e, ok := errors.AsType[*transport.ExitError](closed.Wait()); !ok || e.Status != 4 {
		t.Errorf("closed: %v", e)
	}
	if _, err := m.Start(t.Context(), "true"); err == nil {
		t.Error("a closed machine starts processes")
	}
}

func TestStartCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := local.New("me", nil).Start(ctx, "true"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSession(t *testing.T) {
	m := local.New("me", []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + t.TempDir()})
	s := dial.Open(m, dial.Options{Host: "localhost", Binary: dialtest.Binary(t)})
	got, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"echo", "hello"}}}}})
	if err != nil || got[0].Exec == nil || got[0].Exec.Stdout != "hello\n" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
