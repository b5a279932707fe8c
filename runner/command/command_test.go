package command_test

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/openfroyo/froyo/runner/command"
	"github.com/openfroyo/froyo/runner/command/kind"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Programs of the same names that do to a chroot what the real ones do to containers, pods and machines. Each takes the
// words that the real one takes, and no others.
const (
	dockerProgram = `[ "$1" = exec ] && [ "$2" = -i ] || { echo "unknown command: $*" >&2; exit 1; }
shift 2; u=; while :; do case $1 in -t) ;; --user) u=--userspec=$2; shift;; *) break;; esac; shift; done
[ "$1" = web ] || { echo "Error response from daemon: No such container: $1" >&2; exit 1; }
shift; exec chroot $u "$ROOT" "$@"`
	kubectlProgram = `[ "$1" = exec ] && [ "$2" = -i ] || { echo "error: unknown command: $*" >&2; exit 1; }
shift 2; while :; do case $1 in -t) ;; --namespace|--container) shift;; *) break;; esac; shift; done
[ "$1" = web ] && [ "$2" = -- ] || { echo "Error from server (NotFound): pods \"$1\" not found" >&2; exit 1; }
shift 2; exec chroot "$ROOT" "$@"`
	systemdRunProgram = `[ "$1" = --machine=web ] || { echo "Failed to connect to bus: Host is down" >&2; exit 1; }
p=; u=; while :; do case $1 in --pipe|--pty) p=1;; --uid=*) u=--userspec=${1#--uid=};; --*) ;; *) break;; esac; shift; done
[ -n "$p" ] || { echo "the shell gets no stdin" >&2; exit 1; }
shift 2; exec chroot $u "$ROOT" /bin/sh -c "$(printf %s "$1" | sed 's/\$\$/$/g')"` // as the service manager expands it
)

// ways are a host by each kind of connection, with what stands for the programs that are not here.
func ways() []struct {
	connection, program, script string
	host                        kind.Host
} {
	return []struct {
		connection, program, script string
		host                        kind.Host
	}{
		{"chroot", "", "", kind.Host{}},
		{"docker", "docker", dockerProgram, kind.Host{Address: "web"}},
		{"podman", "podman", dockerProgram, kind.Host{Address: "web"}},
		{"kubectl", "kubectl", kubectlProgram, kind.Host{Address: "web", Arguments: []string{"--namespace", "shop"}}},
		{"machinectl", "systemd-run", systemdRunProgram, kind.Host{Address: "web"}},
		{kind.Own, "", "", kind.Host{Arguments: []string{"chroot", "{host}"}}},
	}
}

// TestSession has a runner put in place and files written by each kind, as whoever the shell is of and as another.
func TestSession(t *testing.T) {
	dir := root(t)
	for _, w := range ways() {
		t.Run(w.connection, func(t *testing.T) {
			if w.program != "" {
				t.Setenv("ROOT", dir)
				program(t, w.program, w.script)
			} else {
				w.host.Address = dir
			}
			s, err := open(t, w.connection, w.host)
			if err != nil {
				t.Fatal(err)
			}
			path := "/tmp/" + w.connection
			got, err := s.Do(t.Context(), []target.Step{
				{Op: op.Op{Write: &op.Write{Path: path, Content: op.NewBlob([]byte("hello"))}}},
				{Op: op.Op{Exec: &op.Exec{Shell: "id -un; read x; echo \"$x\"", Stdin: op.NewBlob([]byte("in\n"))}}},
			})
			if err != nil || len(got) != 2 || got[1].Exec == nil || got[1].Exec.Stdout != "root\nin\n" {
				t.Fatalf("got %+v, %v", got, err)
			}
			if data, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(data) != "hello" {
				t.Errorf("the file has %q, %v", data, err)
			}
			if left, _ := filepath.Glob(dir + "/tmp/.froyo*"); len(left) > 1 {
				t.Errorf("left: %v", left)
			}
			if text := inTerminal(t, w.connection, w.host); text != "ready\ngot word\n" {
				t.Errorf("the terminal gave %q", text)
			}
		})
	}
}

// TestUser has the program asked for a user's shell, or says that it gives another's.
func TestUser(t *testing.T) {
	dir := root(t)
	for _, w := range ways() {
		t.Run(w.connection, func(t *testing.T) {
			if w.program != "" {
				t.Setenv("ROOT", dir)
				program(t, w.program, w.script)
			} else {
				w.host.Address = dir
			}
			w.host.User = "ops"
			chooses := len(kind.Of(w.connection).Login) > 0
			s, err := open(t, w.connection, w.host)
			if !chooses {
				wantError(t, err, "the shell is of root (uid 0), expected ops", "this connection cannot choose the user: leave out ansible_user and -u, and become another one")
				w.host.User = ""
				if _, err := open(t, w.connection, w.host); err != nil {
					t.Errorf("the hint does not help: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"id", "-un"}}}}})
			if err != nil || got[0].Exec == nil || got[0].Exec.Stdout != "ops\n" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// wantError checks an error of h1 and returns what the program said.
func wantError(t *testing.T, err error, message, hint string) (detail string) {
	t.Helper()
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *target.Error", err)
	}
	if e.Host != "h1" || e.Stage != target.StageConnect || e.Message != message || e.Hint != hint {
		t.Fatalf("got %+v\nwant %q, hint %q", e, message, hint)
	}
	return e.Detail
}

// TestFields has a command of one's own be given what it asks for, or says what is missing.
func TestFields(t *testing.T) {
	dir := program(t, "way", `[ "$1:$2:$3" = "{user}:$(id -un):22" ] || { echo "got $1:$2:$3" >&2; exit 1; }; shift 3; exec "$@"`)
	h := kind.Host{Address: "{user}", Arguments: []string{filepath.Join(dir, "way"), "{host}", "{user}", "{port}"}}
	_, err := open(t, kind.Own, h)
	wantError(t, err, "its connection has {user}, and nothing says which user", "name one (-u, ansible_user)")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	h.User = me.Username
	_, err = open(t, kind.Own, h)
	wantError(t, err, "its connection has {port}, and nothing says which port", "give ansible_port")
	h.Port = "22"
	if _, err = open(t, kind.Own, h); err != nil {
		t.Error(err)
	}
}

// TestSlow gives up a program that gives no shell, with all that it started.
func TestSlow(t *testing.T) {
	dir := program(t, "way", `[ -e "${0%/*}/fast" ] && exec "$@"; sleep 3600 & echo "waiting for the cluster" >&2; wait`)
	o := command.Options{Name: "h1", Kind: kind.Of(kind.Own), Host: kind.Host{Arguments: []string{"way"}}, Environ: os.Environ(), Timeout: 300 * time.Millisecond}
	_, err := command.Open(t.Context(), o)
	detail := wantError(t, err, "way gave no shell within 300ms", "what does it wait for? A longer --timeout gives it more time")
	if detail != "waiting for the cluster" {
		t.Errorf("got %q", detail)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := command.Open(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	write(t, filepath.Join(dir, "fast"), "", 0o600)
	o.Timeout = time.Minute
	if _, err := command.Open(t.Context(), o); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}

// TestHints has programs say what the real ones do, and those that do not be there, and does what the hint says.
func TestHints(t *testing.T) {
	t.Run("not installed", func(t *testing.T) {
		h := kind.Host{Address: "web", Arguments: []string{"froyo-way"}}
		_, err := open(t, kind.Own, h)
		wantError(t, err, "froyo-way is not installed on this machine", "install it, or say otherwise how the host is reached (ansible_connection)")
		program(t, "froyo-way", `exec "$@"`)
		if _, err := open(t, kind.Own, h); err != nil {
			t.Error(err)
		}
	})
	t.Run("another program", func(t *testing.T) {
		dir := program(t, "froyo-way", `echo "froyo-way: what is $2?" >&2; exit 9`)
		h := kind.Host{Arguments: []string{"froyo-way"}}
		_, err := open(t, kind.Own, h)
		detail := wantError(t, err, "froyo-way gave no shell: exit status 9", "what it said is above; it has to run the words that follow it, on the host")
		if detail != "froyo-way: what is -c?" {
			t.Errorf("detail %q", detail)
		}
		write(t, filepath.Join(dir, "froyo-way"), "#!/bin/sh\nexec \"$@\"\n", 0o755)
		if _, err := open(t, kind.Own, h); err != nil {
			t.Error(err)
		}
	})
	t.Run("no proc", func(t *testing.T) {
		h := kind.Host{Address: root(t)}
		if err := unix.Unmount(h.Address+"/proc", 0); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, "chroot", h)
		wantError(t, err, "the host has no /proc", "mount it: mount -t proc proc "+h.Address+"/proc")
		_, err = open(t, kind.Own, kind.Host{Arguments: []string{"chroot", h.Address}})
		wantError(t, err, "the host has no /proc", "mount it there: mount -t proc proc /proc")
		mountProc(t, h.Address)
		if _, err := open(t, "chroot", h); err != nil {
			t.Error(err)
		}
	})
	t.Run("no id", func(t *testing.T) {
		h := kind.Host{Arguments: []string{"env", "-i", "PATH=/nowhere"}}
		_, err := open(t, kind.Own, h)
		wantError(t, err, "the host does not say whose shell it is: there is no id", "install coreutils")
		h.Arguments[2] = "PATH=" + os.Getenv("PATH")
		if _, err := open(t, kind.Own, h); err != nil {
			t.Error(err)
		}
	})
}

// TestFailures has each program say what the real one does where there is no shell, until what the hint asks for is done.
func TestFailures(t *testing.T) {
	said := map[string]string{
		"docker no such container":                         "Error response from daemon: No such container: web",
		"docker is not running":                            "Error response from daemon: Container caaa28f501a78672 is not running",
		"docker is paused":                                 "Error response from daemon: Container web is paused, unpause the container before exec",
		"docker permission denied while trying to connect": "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
		"docker cannot connect to the docker daemon":       "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
		"docker unable to find user":                       "unable to find user bob: no matching entries in passwd file",
		`docker "/bin/sh": stat`:                           `OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown`,
		"podman no such container":                         `Error: no container with name or ID "web" found: no such container`,
		"podman container state improper":                  "Error: can only create exec sessions on running containers: container state improper",
		"podman unable to find user":                       "Error: unable to find user bob: no matching entries in passwd file",
		"podman /bin/sh":                                   "Error: crun: executable file `/bin/sh` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found",
		`kubectl pods "{host}" not found`:                  `Error from server (NotFound): pods "web" not found`,
		"kubectl (notfound)":                               `Error from server (NotFound): namespaces "shop" not found`,
		"kubectl (forbidden)":                              `Error from server (Forbidden): pods "web" is forbidden: User "me" cannot create resource "pods/exec"`,
		"kubectl unable to connect to the server":          "Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout",
		"kubectl was refused - did you specify":            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
		"kubectl container not found":                      `error: unable to upgrade connection: container not found ("web")`,
		"kubectl completed pod":                            "error: cannot exec into a container in a completed pod; current phase is Succeeded",
		"kubectl /bin/sh":                                  `OCI runtime exec failed: exec: "/bin/sh": stat /bin/sh: no such file or directory`,
		"chroot operation not permitted":                   "chroot: cannot change root directory to '/srv/web': Operation not permitted",
		"chroot cannot change root directory":              "chroot: cannot change root directory to '/srv/web': No such file or directory",
		"chroot failed to run command":                     "chroot: failed to run command '/bin/sh': No such file or directory",
		"chroot invalid user":                              "chroot: invalid user",
		"machinectl failed to connect to":                  "Failed to connect to bus: Host is down",
		"machinectl access denied":                         "Failed to start transient service unit: Access denied",
		"machinectl interactive authentication required":   "Failed to start transient service unit: Interactive authentication required.",
		"machinectl failed to start transient service":     "Failed to start transient service unit: Unit run-u1.service failed",
	}
	for _, name := range kind.Names() {
		k := kind.Of(name)
		for _, f := range k.Failures {
			t.Run(name+"/"+f.Says, func(t *testing.T) {
				text, known := said[name+" "+f.Says]
				if !known {
					t.Fatal("nothing says what the program says then")
				}
				h := kind.Host{Address: "web"}
				argv := k.Command(h, false, "")
				dir := program(t, argv[0], `if [ -e "${0%/*}/well" ]; then while [ "$1" != /bin/sh ]; do shift; done; exec "$1" "$2" "$(printf %s "$3" | sed "$EXPAND")"; fi
cat "${0%/*}/said" >&2; exit 1`)
				write(t, filepath.Join(dir, "said"), text+"\n", 0o600)
				if k.Expands {
					t.Setenv("EXPAND", "s/[$][$]/$/g")
				}
				if k.Path {
					h.Address = "/srv/web"
				}
				_, err := open(t, name, h)
				fill := strings.NewReplacer("{host}", h.Address, "{user}", "")
				if detail := wantError(t, err, fill.Replace(f.Message), fill.Replace(f.Hint)); detail != text {
					t.Errorf("detail %q", detail)
				}
				write(t, filepath.Join(dir, "well"), "", 0o600)
				if _, err := open(t, name, h); err != nil {
					t.Errorf("once it is done: %v", err)
				}
			})
		}
	}
}

// TestLost has the program end in the middle, as it does where a container is stopped.
func TestLost(t *testing.T) {
	s, err := open(t, kind.Own, kind.Host{Arguments: []string{"env"}})
	if err != nil {
		t.Fatal(err)
	}
	// The runner is all that there is of the connection.
	_, err = s.Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Shell: "kill -KILL $PPID; sleep 3600"}}}})
	if e, ok := errors.AsType[*target.Error](err); !ok || e.Stage != target.StageLost {
		t.Errorf("got %v, want that it is lost", err)
	}
}

// TestBecome gives the password that sudo asks for, beyond the program.
func TestBecome(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("what stands for sudo here changes no user")
	}
	program(t, "sudo", `while [ "$1" != -- ]; do case $1 in -p) printf %s "$2" >&2; shift;; esac; shift; done; shift
read -r word; [ "$word" = s3cr3t ] || { echo "sudo: no password was provided" >&2; exit 1; }; exec "$@"`)
	program(t, "id", `case $1 in -un) echo ops;; *) echo 1000;; esac`)
	o := command.Options{Name: "h1", Kind: kind.Of(kind.Own), Host: kind.Host{Arguments: []string{"env"}}, Environ: os.Environ()}
	tr, err := command.Open(t.Context(), o)
	if err != nil || tr.User() != "ops" {
		t.Fatalf("the shell is of %v, %v", tr, err)
	}
	s := dial.Open(tr, dial.Options{Host: "h1", Binary: dialtest.Binary(t), Become: func() (string, error) { return "s3cr3t", nil }})
	defer s.Close(t.Context())
	got, err := s.Do(t.Context(), []target.Step{{User: "root", Op: op.Op{Exec: &op.Exec{Argv: []string{"echo", "hello"}}}}})
	if err != nil || got[0].Exec == nil || got[0].Exec.Stdout != "hello\n" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTable(t *testing.T) {
	for _, name := range kind.Names() {
		k := kind.Of(name)
		if k.Host == "" || len(k.Argv) == 0 || len(k.Failures) == 0 {
			t.Errorf("%s is not whole", name)
		}
		for _, alias := range k.Aliases {
			if kind.Of(alias).Name != name {
				t.Errorf("%s is not %s", alias, name)
			}
		}
	}
	tests := []struct {
		connection string
		host       kind.Host
		terminal   bool
		want       string
	}{
		{"docker", kind.Host{Address: "web", User: "ops", Arguments: []string{"-H", "tcp://d"}}, true, "docker -H tcp://d exec -i -t --user ops web /bin/sh -c x"},
		{"podman", kind.Host{Address: "web"}, false, "podman exec -i web /bin/sh -c x"},
		{"kubectl", kind.Host{Address: "web", Arguments: []string{"--namespace", "a"}}, false, "kubectl exec -i --namespace a web -- /bin/sh -c x"},
		{"chroot", kind.Host{Address: "/srv/{user}", User: "ops"}, true, "chroot --userspec=ops /srv/{user} /bin/sh -c x"},
		{"machinectl", kind.Host{Address: "m"}, false, "systemd-run --machine=m --quiet --wait --collect --service-type=exec --property=KillMode=process --pipe /bin/sh -c x"},
		{kind.Own, kind.Host{Address: "h", Port: "7", Arguments: []string{"way", "--to={host}:{port}", "{}", "--"}}, false, "way --to=h:7 {} -- /bin/sh -c x"},
	}
	for _, tt := range tests {
		if got := strings.Join(kind.Of(tt.connection).Command(tt.host, tt.terminal, "x"), " "); got != tt.want {
			t.Errorf("got %q\nwant %q", got, tt.want)
		}
	}
	for _, bad := range []string{"", "-it", "a b", "a\nb"} {
		if kind.Of("docker").CheckAddress(bad) == nil {
			t.Errorf("%q is taken as a container", bad)
		}
	}
	for _, bad := range []string{"srv", "/srv/../etc"} {
		if kind.Of("chroot").CheckAddress(bad) == nil {
			t.Errorf("%q is taken as a root directory", bad)
		}
	}
	if slices.Contains(kind.Names(), kind.Own) || kind.CheckCommand([]string{"a", "{name}"}) == nil || kind.CheckCommand([]string{""}) == nil || kind.CheckCommand([]string{"a", "{", "{host}", "{}", "{a"}) != nil {
		t.Error("commands of one's own are not told apart")
	}
}
