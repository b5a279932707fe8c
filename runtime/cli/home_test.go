package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// froyoIn gives what runs froyo in a directory that is its operator's home, too. Compiled guests are shared.
func froyoIn(t *testing.T, dir string) func(env []string, args ...string) *exec.Cmd {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return func(env []string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), asFroyo+"=1", "HOME="+dir, "XDG_STATE_HOME="+dir+"/state", "XDG_CACHE_HOME="+cache,
			"XDG_RUNTIME_DIR=", "VISUAL=", "FROYO_LOCK_TIMEOUT=5m"), env...)
		return cmd
	}
}

// secretWorkspace is a directory with a workspace, for froyo secret, and what runs it there.
func secretWorkspace(t *testing.T) (dir string, froyo func(env []string, args ...string) *exec.Cmd) {
	t.Helper()
	dir = t.TempDir()
	froyo = froyoIn(t, dir)
	worked(t, froyo(nil, "init"))
	return dir, froyo
}

// worked runs a command that has to succeed.
func worked(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", cmd.Args[1:], err, out)
	}
}

// keeps sets a secret.
func keeps(t *testing.T, froyo func(env []string, args ...string) *exec.Cmd, name, value string) {
	t.Helper()
	cmd := froyo(nil, "secret", "set", name)
	cmd.Stdin = strings.NewReader(value)
	worked(t, cmd)
}
