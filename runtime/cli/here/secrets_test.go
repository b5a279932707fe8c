package here_test

import (
	"errors"
	"os"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// TestSecrets: there are none without a workspace, and the key of one opens its own.
func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	c := &console.Console{Process: console.Process{Getenv: func(name string) string { return map[string]string{"HOME": t.TempDir()}[name] }}, Stdin: os.Stdin}
	w, err := here.Workspace(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = here.Secrets(c, w)
	if d, is := errors.AsType[*diag.Error](err); !is || d.Hint != "make one: froyo init" {
		t.Fatal(err)
	}
	if w, _, err = workspace.Init(dir, here.Env(c)); err != nil { // as the hint says
		t.Fatal(err)
	}
	s, err := here.Secrets(c, w)
	if err != nil {
		t.Fatal(err)
	}
	s.Notice = nil
	if err := s.Set(t.Context(), "db/password", []byte("hunter2")); err != nil {
		t.Fatal(err)
	}
	if value, err := s.Get(t.Context(), "db/password"); err != nil || string(value) != "hunter2" {
		t.Errorf("%q %v", value, err)
	}
	if s.File("db/password") != "secrets/db/password.age" {
		t.Error(s.File("db/password"))
	}
}
