package dial_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/target"
)

// fault is something wrong with a host, what is to be done about it, and how.
type fault struct {
	name    string
	without []string // tools that the host does not have
	spoil   func(*testing.T, *host, *dial.Options)
	stage   target.Stage
	hint    string // all of it
	follow  func(*testing.T, *host, *dial.Options)
}

// TestHints has hosts on which no runner starts, or none goes on, and does what the error's hint says: then one does.
func TestHints(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			h := newHost(t, f.without...)
			o := dial.Options{Binary: scripted(t, answering), Version: "test"}
			if f.spoil != nil {
				f.spoil(t, h, &o)
			}
			_, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")})
			wantError(t, err, f.stage)
			if e, is := errors.AsType[*target.Error](err); !is || e.Hint != f.hint {
				t.Fatalf("%v: hint %q, want %q", err, e.Hint, f.hint)
			}
			f.follow(t, h, &o)
			if _, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")}); err != nil {
				e, _ := errors.AsType[*target.Error](err)
				t.Errorf("the hint does not help: %+v", e)
			}
		})
	}
}

func faults() []fault {
	plain := func(_ *testing.T, h *host, _ *dial.Options) { h.shell = nil }
	binary := func(program string) func(*testing.T, *host, *dial.Options) {
		return func(t *testing.T, _ *host, o *dial.Options) { o.Binary = packed(t, []byte(program)) }
	}
	well := func(t *testing.T, _ *host, o *dial.Options) { o.Binary = scripted(t, answering) }
	tool := func(name string) func(*testing.T, *host, *dial.Options) {
		return func(t *testing.T, h *host, _ *dial.Options) {
			path, err := exec.LookPath(name)
			if err != nil {
				t.Skip(err)
			}
			h.install(t, name, "exec "+path+` "$@"`)
		}
	}
	says := func(line string) func(*testing.T, *host, *dial.Options) {
		return func(t *testing.T, h *host, _ *dial.Options) { h.install(t, "uname", "echo "+line) }
	}
	greeting := "#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '" + readyFrame + "'\n"
	return append([]fault{
		{
			name: "a shell that waits", stage: target.StageStart, hint: "does the login shell wait for something?",
			spoil: func(_ *testing.T, h *host, o *dial.Options) {
				h.shell, o.StartTimeout = []string{"sleep", "3600", "#"}, 50e6
			},
			follow: func(_ *testing.T, h *host, o *dial.Options) { h.shell, o.StartTimeout = nil, 0 },
		},
		{
			name: "a shell that prints without end", stage: target.StageStart, hint: "what does the shell's start-up file print?",
			spoil:  func(_ *testing.T, h *host, _ *dial.Options) { h.shell = []string{"yes", "hello", "#"} },
			follow: plain,
		},
		{
			name: "an account without commands", stage: target.StageStart, hint: "does the account allow running commands?",
			spoil: func(_ *testing.T, h *host, _ *dial.Options) {
				h.shell = []string{"sh", "-c", "'echo This account is not available; exit 1'"}
			},
			follow: plain,
		},
		{name: "no program to unpack", without: []string{"gzip", "zstd", "sha256sum"}, stage: target.StageStart, hint: "install gzip", follow: tool("gzip")},
		{
			name: "a machine that says it is another", stage: target.StageStart, hint: "what do uname -m and file /bin/sh say there?",
			spoil: func(t *testing.T, h *host, o *dial.Options) {
				says("Linux aarch64")(t, h, o)
				other, good := packed(t, []byte("\x7fELF\x02\x01\x01 for arm64")), o.Binary
				o.Binary = func(goos, goarch string) (*bootstrap.Binary, error) {
					if goarch == "arm64" {
						return other(goos, goarch)
					}
					return good(goos, goarch)
				}
			},
			follow: says("Linux x86_64"),
		},
		{
			name: "a runner that may not be executed", stage: target.StageStart, hint: "does a policy (SELinux, fapolicyd) forbid it?",
			spoil: binary("#!/proc/none\n"), follow: well,
		},
		{
			name: "a runner of another version", stage: target.StageWire, hint: "build froyo and its runners together: make",
			spoil:  binary(strings.Replace(greeting, `"test"`, `"older"`, 1) + answering),
			follow: well,
		},
		{
			name: "what else prints", stage: target.StageWire, hint: "does something else write to the runner's output?",
			spoil: binary(greeting + "echo rotated the logs; " + answering), follow: well,
		},
		{
			name: "a runner that ends", stage: target.StageLost, hint: "what was finished stays; once the host is well, the same run does the rest",
			spoil: binary(greeting + "read -r line; kill -KILL $$"), follow: well,
		},
		{
			name: "a login that leads to another user", stage: target.StageBecome,
			hint:   "on this host the login root leads to another user: name the one that it is (-u, ansible_user)",
			spoil:  func(_ *testing.T, h *host, _ *dial.Options) { h.login = "root" },
			follow: func(_ *testing.T, h *host, _ *dial.Options) { h.login = "tester" },
		},
	}, disks()...)
}

// disks are the faults of the directories that a runner could run from.
func disks() []fault {
	// Other file systems hide the host's PATH below /tmp, so it moves to /mnt.
	all := func(options, then string) func(*testing.T, *host, *dial.Options) {
		return func(t *testing.T, h *host, _ *dial.Options) {
			needRoot(t)
			h.dir = "/nowhere"
			h.before = "mount --bind " + h.path + " /mnt; PATH=/mnt; for d in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o " + options + " tmpfs $d; done" + then
		}
	}
	return []fault{
		{
			name: "noexec everywhere", stage: target.StageStart, hint: "one of them must have space and allow execution",
			spoil: all("noexec", ""), follow: all("noexec", "; mount -o remount,exec /var/tmp"),
		},
		{
			name: "full everywhere", stage: target.StageStart, hint: "free some space",
			spoil:  all("size=4k", "; for d in /tmp /var/tmp /dev/shm; do yes | head -c 4096 >$d/full; done"),
			follow: all("size=64k", "; for d in /tmp /var/tmp /dev/shm; do yes | head -c 4096 >$d/full; rm $d/full; done"),
		},
	}
}

// TestUnknownMachine has machines for which there is no runner: what there are runners for is told, and has one.
func TestUnknownMachine(t *testing.T) {
	h := newHost(t)
	h.install(t, "uname", "echo Linux mips64")
	o := dial.Options{Binary: scripted(t, answering)}
	_, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")})
	wantError(t, err, target.StageStart, "there is no runner for Linux mips64", "supported: Linux on x86_64, aarch64, armv6l and up, i386 and up, riscv64")
	for _, machine := range []string{"x86_64", "aarch64", "armv6l", "armv7l", "i386", "i686", "riscv64"} {
		h.install(t, "uname", "echo Linux "+machine)
		if _, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")}); err != nil {
			t.Errorf("%s: %v", machine, err)
		}
	}
}

// TestUnbuiltRunner asks for a runner that was not built, on a machine of a platform that has one, and after make.
func TestUnbuiltRunner(t *testing.T) {
	h := newHost(t)
	missing := &runner.UnbuiltError{OS: "linux", Arch: "amd64"}
	good, err := scripted(t, answering)("", "")
	if err != nil {
		t.Fatal(err)
	}
	o := dial.Options{Binary: func(_, goarch string) (*bootstrap.Binary, error) {
		if goarch == missing.Arch {
			return nil, missing
		}
		return good, nil
	}}
	refused := func(hint string) {
		t.Helper()
		_, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")})
		wantError(t, err, target.StageStart, "there is no runner for linux/amd64: "+missing.Error(), hint)
	}
	h.install(t, "uname", "echo Linux x86_64")
	refused("build froyo with `make`, which builds the runners first")
	missing.Others = []string{"linux-arm64"}
	refused("run froyo against machines of these platforms, or build it with `make` after adding the platform to runner/platforms.txt")
	h.install(t, "uname", "echo Linux aarch64")
	if _, err := h.open(t, o).Do(t.Context(), []target.Step{stat("/a")}); err != nil {
		t.Error(err)
	}
	for _, platform := range runner.Platforms() { // what is added there is built by make
		goos, goarch, _ := strings.Cut(platform, "-")
		if _, err := runner.Binary(goos, goarch); err != nil {
			t.Skip("the runners are not built: ", err)
		}
	}
}
