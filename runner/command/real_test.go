package command_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// engine is a program for containers that works on this machine.
type engine struct {
	name      string
	arguments []string // before each command
	run       []string // options of run
}

// say runs the program, and skips the test where it does not do that here.
func (e *engine) say(t *testing.T, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute) // also to clean up
	defer cancel()
	out, err := exec.CommandContext(ctx, e.name, append(append([]string{}, e.arguments...), words...)...).CombinedOutput()
	if err != nil {
		t.Skipf("%s %s does not work here: %v\n%s", e.name, words[0], err, out)
	}
	return string(out)
}

// dockerHere is Docker with its daemon, which is started where none answers.
func dockerHere(t *testing.T) *engine {
	t.Helper()
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip(err)
	}
	if exec.CommandContext(t.Context(), "docker", "version").Run() == nil {
		return &engine{name: "docker"}
	}
	if _, err := exec.LookPath("dockerd"); err != nil || os.Getuid() != 0 {
		t.Skip("Docker's daemon does not answer, and cannot be started")
	}
	dir, err := os.MkdirTemp("", "froyod") //nolint:usetesting // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	socket := "unix://" + dir + "/sock"
	daemon := exec.CommandContext(context.WithoutCancel(t.Context()), "dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec", "--pidfile", dir+"/pid",
		"-H", socket, "--iptables=false", "--bridge=none", "--storage-driver", "vfs")
	if err := daemon.Start(); err != nil {
		t.Skip(err)
	}
	ended := make(chan struct{})
	go func() { _ = daemon.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		<-ended
		_ = os.RemoveAll(dir)
	})
	e := &engine{name: "docker", arguments: []string{"-H", socket}}
	for range 300 {
		if exec.CommandContext(t.Context(), "docker", "-H", socket, "version").Run() == nil {
			return e
		}
		select {
		case <-ended:
			t.Skip("Docker's daemon does not run here")
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Skip("Docker's daemon does not answer")
	return nil
}

// podmanHere is podman with a store of its own.
func podmanHere(t *testing.T) *engine {
	t.Helper()
	if _, err := exec.LookPath("podman"); err != nil {
		t.Skip(err)
	}
	dir, err := os.MkdirTemp("", "froyop") //nolint:usetesting // the paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	e := &engine{
		name:      "podman",
		arguments: []string{"--root", dir + "/root", "--runroot", dir + "/run", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file"},
		run:       []string{"--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000"},
	}
	if path, err := exec.LookPath("runc"); err == nil {
		e.arguments = append(e.arguments, "--runtime", path)
	}
	return e
}

// TestContainers has runners put into containers by the real programs, where these work, and follows the hints of
// containers that are not there and that are stopped.
func TestContainers(t *testing.T) {
	dir := root(t)
	for name, here := range map[string]func(*testing.T) *engine{"docker": dockerHere, "podman": podmanHere} {
		t.Run(name, func(t *testing.T) {
			e := here(t)
			tar := filepath.Join(t.TempDir(), "root.tar")
			if out, err := exec.CommandContext(t.Context(), "tar", "-C", dir, "--exclude=./proc/*", "-cf", tar, ".").CombinedOutput(); err != nil {
				t.Skipf("%v: %s", err, out)
			}
			e.say(t, "import", tar, "froyo-root")
			h := kind.Host{Address: "froyo-h1", Arguments: e.arguments}
			_, err := open(t, name, h)
			wantError(t, err, `there is no container "froyo-h1"`, kind.Of(name).Explain("no such container", h).Hint)
			e.say(t, append(append([]string{"run", "-d", "--network", "none", "--name", "froyo-h1"}, e.run...), "froyo-root", "/bin/sleep", "3600")...)
			t.Cleanup(func() { e.say(t, "rm", "-f", "froyo-h1") })
			for _, user := range []string{"", "ops"} {
				h.User = user
				s, err := open(t, name, h)
				if err != nil {
					t.Fatal(err)
				}
				got, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"id", "-u"}}}}})
				want := map[string]string{"": "0\n", "ops": "1000\n"}[user]
				if err != nil || got[0].Exec == nil || got[0].Exec.Stdout != want {
					t.Fatalf("got %+v, %v", got, err)
				}
				if text := inTerminal(t, name, h); text != "ready\ngot word\n" {
					t.Errorf("the terminal gave %q", text)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
			h.User = "bob"
			_, err = open(t, name, h)
			wantError(t, err, `there is no user "bob" in the container "froyo-h1"`, "name one that is there (-u, ansible_user)")
			h.User = ""
			e.say(t, "stop", "-t", "0", "froyo-h1")
			_, err = open(t, name, h)
			detail := wantError(t, err, map[string]string{"docker": `the container "froyo-h1" is stopped`, "podman": `the container "froyo-h1" is not running`}[name],
				"start it: "+name+" start froyo-h1")
			if strings.TrimSpace(detail) == "" {
				t.Error("the error does not show what the program said")
			}
			e.say(t, "start", "froyo-h1")
			if _, err := open(t, name, h); err != nil {
				t.Errorf("the hint does not help: %v", err)
			}
		})
	}
}
