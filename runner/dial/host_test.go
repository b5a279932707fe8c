package dial_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
)

// host is this machine made to look like a target: its own PATH, and its own
// directory as the first in which the bootstrap tries to put the runner.
type host struct {
	dir   string // the first directory for runners
	path  string // the only directory in PATH
	login string
	// before runs by a shell in a mount namespace of its own, before anything else; "" is none.
	before string
	// shell is a login shell with its arguments before "-c"; none is /bin/sh.
	shell []string
	noise string
	near  bool
}

// tools are what a bare host has.
var tools = []string{
	"sh", "mkdir", "chmod", "uname", "head", "gzip", "zstd", "sha256sum", "rm", "cat", "sleep", "dirname", "kill", "env", "true", "printf", "mount", "unshare", "yes", "tr", "stty",
}

// newHost returns a host with the usual tools but those left out. The test
// fails if a runner's directory is left on it.
func newHost(t *testing.T, without ...string) *host {
	t.Helper()
	h := &host{dir: t.TempDir(), path: t.TempDir(), login: "tester"}
	for _, tool := range tools {
		if found, err := exec.LookPath(tool); err == nil {
			if err := os.Symlink(found, filepath.Join(h.path, tool)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tool := range without {
		if err := os.Remove(filepath.Join(h.path, tool)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { h.wantClean(t) })
	return h
}

// wantClean checks that no runner's directory is left, giving processes that
// were cut off a moment to see it.
func (h *host) wantClean(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		left, err := filepath.Glob(filepath.Join(h.dir, ".froyo-*"))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left behind: %v", left)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// install puts a program of the test's own into PATH.
func (h *host) install(t *testing.T, name, script string) {
	t.Helper()
	path := filepath.Join(h.path, name)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func (h *host) env() []string {
	return []string{"PATH=" + h.path, "HOME=/proc/nonexistent", "XDG_RUNTIME_DIR=" + h.dir}
}

// hostTransport starts scripts as the host's login shell would.
type hostTransport struct {
	*local.Machine
	host *host
}

// Near is false, so that the host gets what others get.
func (t *hostTransport) Near() bool { return t.host.near }

func (h *host) transport() transport.Transport {
	return &hostTransport{local.New(h.login, h.env()), h}
}

func (t *hostTransport) Start(ctx context.Context, script string) (*transport.Process, error) {
	if len(t.host.shell) > 0 {
		script = "exec " + strings.Join(t.host.shell, " ") + " -c " + quote(script)
	}
	if t.host.noise != "" {
		script = "printf %s " + quote(t.host.noise) + "; " + script
	}
	if t.host.before != "" {
		script = "exec unshare -m /bin/sh -c " + quote("{ "+t.host.before+"; } >&2 && "+script)
	}
	return t.Machine.Start(ctx, script)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// needRoot skips what needs mounts.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount file systems")
	}
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skip("needs mount namespaces: ", err)
	}
}

// packed makes a program a runner's binary.
func packed(t *testing.T, program []byte) func(string, string) (*bootstrap.Binary, error) {
	t.Helper()
	binary, err := dialtest.Pack(program)
	if err != nil {
		t.Fatal(err)
	}
	return func(string, string) (*bootstrap.Binary, error) { return binary, nil }
}

// readyFrame is of the user that a test's sudo makes known in the environment.
const readyFrame = `{"ready":{"protocol":1,"version":"test","uid":1,"user":"'"${FROYO_TEST_USER:-tester}"'","pid":1,"os":"linux","arch":"amd64","dir":"/x"}}`

// scripted is a runner that removes itself, introduces itself, and goes on with a script.
func scripted(t *testing.T, script string) func(string, string) (*bootstrap.Binary, error) {
	t.Helper()
	return packed(t, []byte("#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '"+readyFrame+"'\n"+script+"\n"))
}

// open opens a session that is closed with the test.
func (h *host) open(t *testing.T, o dial.Options) *dial.Session {
	t.Helper()
	o.Host = "h1"
	s := dial.Open(h.transport(), o)
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func stat(path string) target.Step { return target.Step{Op: op.Op{Stat: &op.Stat{Path: path}}} }

// wantError checks an error's stage and what it says.
func wantError(t *testing.T, err error, stage target.Stage, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *target.Error at stage %s", err, stage)
	}
	whole := e.Message + " | " + e.Hint + " | " + e.Detail
	if e.Stage != stage || e.Host != "h1" {
		t.Errorf("got stage %s of %s, want %s of h1: %s", e.Stage, e.Host, stage, whole)
	}
	for _, part := range parts {
		if !strings.Contains(whole, part) {
			t.Errorf("%q does not hold %q", whole, part)
		}
	}
	if strings.ContainsAny(e.Message+e.Hint, "\n\r\x1b\u202e") || strings.ContainsAny(e.Detail, "\r\x1b\u202e") {
		t.Errorf("the error shows control characters: %q", whole)
	}
}
