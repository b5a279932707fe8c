package ssh_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/transport"
)

// case of TestOpenSSH: what one option of ssh_config does, with the real sshd.
type option struct {
	name   string // an option of docs/connections.md, or several, and behind a colon what of it
	config string // above the settings that reach h1; {} is replaced as world tells
	server string // above the settings of sshd
	// set up, where given, makes what the settings name.
	setUp func(*testing.T, *world)
	want  string // what the refusal says; "" is that it works
	// ssh says how the real program fares: "" as froyo does, "works" or "fails" where it does otherwise, "-" where it is not run.
	ssh   string
	shell string // run instead of "echo in", with its output
	out   string
	agent bool // the operator has an agent that holds the key
}

// world is what a case may name: {dir} {port} {user} {addr} {key} {known} {jump} (another server's port) {jumpkey} {sock}.
type world struct {
	server, jump *sshtest.OpenSSH
	dir          string
	vars         []string
	environ      []string
	socket       string
}

func (w *world) expand(text string) string { return strings.NewReplacer(w.vars...).Replace(text) }

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(w.path(name), []byte(w.expand(text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(w.expand(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a program that has to succeed.
func (w *world) run(t *testing.T, name string, arg ...string) {
	t.Helper()
	for i := range arg {
		arg[i] = w.expand(arg[i])
	}
	if out, err := sshtest.Command(t, w.environ, name, arg...); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, arg, err, out)
	}
}

func newWorld(t *testing.T, server string) *world {
	t.Helper()
	w := &world{server: sshtest.StartOpenSSH(t, server), jump: sshtest.StartOpenSSH(t, ""), dir: t.TempDir()}
	short, err := os.MkdirTemp("", "agent") // a socket's path has little room
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	w.socket = filepath.Join(short, "s")
	_, port, _ := net.SplitHostPort(w.server.Addr)
	_, jump, _ := net.SplitHostPort(w.jump.Addr)
	w.vars = []string{
		"{dir}", w.dir, "{port}", port, "{user}", w.server.User, "{key}", w.server.Dir + "/client", "{server}", w.server.Dir,
		"{known}", w.path("known"), "{jump}", jump, "{jumpkey}", w.jump.Dir + "/client", "{sock}", w.socket, "{uid}", strconv.Itoa(os.Getuid()),
	}
	w.write(t, "known", knownAs("[127.0.0.1]:"+port, w.server)+knownAs("[127.0.0.1]:"+jump, w.jump))
	return w
}

// knownAs is a line of known_hosts.
func knownAs(name string, s *sshtest.OpenSSH) string { return name + " " + hostKeyOf(s) }

// startAgent runs the real ssh-agent, whose confirmations are answered by askpass.
func (w *world) startAgent(t *testing.T, askpass string, add ...string) {
	t.Helper()
	out, err := sshtest.Command(t, []string{"SSH_ASKPASS=" + askpass, "SSH_ASKPASS_REQUIRE=force"}, "ssh-agent", "-s", "-a", w.socket)
	if err != nil {
		t.Skipf("no ssh-agent: %v %s", err, out)
	}
	_, rest, _ := strings.Cut(out, "SSH_AGENT_PID=")
	pid, _, _ := strings.Cut(rest, ";")
	t.Cleanup(func() {
		if n, err := strconv.Atoi(pid); err == nil {
			if p, err := os.FindProcess(n); err == nil {
				_ = p.Kill() // it may have ended
			}
		}
	})
	w.environ = append(w.environ, "SSH_AUTH_SOCK="+w.socket)
	w.run(t, "ssh-add", append(add, "-q", w.expand("{key}"))...)
}

const reaches = `
Match all
Host h1
  HostName 127.0.0.1
  Port {port}
  User {user}
  IdentityFile {key}
  UserKnownHostsFile {known}
  StrictHostKeyChecking yes
Host *
  GlobalKnownHostsFile none
  IdentityAgent none
`

// TestOpenSSH shows for options of ssh_config what becomes of them, beside the real ssh, with the real sshd.
func TestOpenSSH(t *testing.T) {
	t.Parallel()
	for _, o := range openSSHOptions {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			o.try(t)
		})
	}
}

func (o option) try(t *testing.T) {
	w := newWorld(t, o.server)
	if o.agent {
		w.startAgent(t, "/bin/false")
	}
	if o.setUp != nil {
		o.setUp(t, w)
	}
	w.write(t, "config", o.config+reaches)
	script, want := o.shell, o.out
	if script == "" {
		script, want = "echo in", "in\n"
	}
	if o.ssh != "-" {
		out, err := sshtest.Command(t, w.environ, "ssh", "-F", w.path("config"), "-o", "BatchMode=yes", "h1", script)
		if works := err == nil; works != (o.ssh == "works" || o.ssh == "" && o.want == "") {
			t.Errorf("ssh: %v\n%s", err, out)
		}
	}
	agent := ""
	for _, v := range w.environ {
		if socket, ok := strings.CutPrefix(v, "SSH_AUTH_SOCK="); ok {
			agent = socket
		}
	}
	d := ssh.NewDialer(ssh.Options{
		Home: w.dir, User: "nowhere-to-be-found", AgentSocket: agent, Environ: append(os.Environ(), w.environ...),
		ConfigFiles: []string{w.path("config")}, ConnectTimeout: 10 * time.Second,
	})
	defer d.Close()
	c, err := d.Dial(t.Context(), ssh.Host{Name: "h1"})
	if err == nil {
		defer c.Close()
		got, err := output(t, c, w.expand(script))
		if o.want != "" {
			t.Fatalf("it works: %q, %v", got, err)
		}
		if got != w.expand(want) || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
		return
	}
	if o.want == "" {
		t.Fatal(err)
	}
	wantWorded(t, err, w.expand(o.want), "")
}

// TestMaxSessions works as several users on a host whose sshd allows fewer sessions a connection.
func TestMaxSessions(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 1, 2} {
		w := newWorld(t, "MaxSessions "+strconv.Itoa(most)+"\n")
		w.write(t, "config", reaches)
		d := ssh.NewDialer(ssh.Options{Home: w.dir, User: "me", ConfigFiles: []string{w.path("config")}})
		defer d.Close()
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var held []*transport.Process
		for range 4 {
			p, err := c.Start(t.Context(), "cat")
			if most == 0 {
				wantWorded(t, err, "the host refuses another session", "sshd's MaxSessions must allow")
				break
			}
			if err != nil {
				t.Fatalf("MaxSessions %d: %v", most, err)
			}
			held = append(held, p)
		}
		for _, p := range held {
			go func() { _, _ = io.Copy(io.Discard, p.Stderr) }()
			if _, err := io.WriteString(p.Stdin, "in\n"); err != nil {
				t.Error(err)
			}
			p.Stdin.Close()
			if out, err := io.ReadAll(p.Stdout); string(out) != "in\n" || err != nil {
				t.Errorf("MaxSessions %d: got %q, %v", most, out, err)
			}
			if err := p.Wait(); err != nil {
				t.Error(err)
			}
		}
	}
}
