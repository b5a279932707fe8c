package ssh_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runner/transport"
	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// options are those of an operator who may log in to s and knows its key.
func options(t *testing.T, s *sshtest.Server) ssh.Options {
	t.Helper()
	return ssh.Options{
		Home: t.TempDir(), User: "ops", Keys: []string{s.ClientKey},
		KnownHosts: []string{s.KnownHosts(t)}, ConnectTimeout: 5 * time.Second,
	}
}

// dialTo connects to s as host h1.
func dialTo(t *testing.T, s *sshtest.Server, o ssh.Options) (*ssh.Client, error) {
	t.Helper()
	d := ssh.NewDialer(o)
	t.Cleanup(func() { closeOrFail(t, d) })
	c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)})
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func closeOrFail(t *testing.T, c io.Closer) {
	t.Helper()
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("close: %v", err)
	}
}

// output runs a script to its end.
func output(t *testing.T, c *ssh.Client, script string) (string, error) {
	t.Helper()
	p, err := c.Start(t.Context(), script)
	if err != nil {
		return "", err
	}
	p.Stdin.Close()
	go func() { _, _ = io.Copy(io.Discard, p.Stderr) }()
	out, err := io.ReadAll(p.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), p.Wait()
}

// wantError checks the stage and what message and hint hold.
func wantError(t *testing.T, err error, stage target.Stage, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *target.Error at stage %s", err, stage)
	}
	if e.Stage != stage || e.Host != "h1" {
		t.Errorf("got stage %s of %s, want %s of h1: %v", e.Stage, e.Host, stage, err)
	}
	whole := e.Message + " | " + e.Hint + " | " + e.Detail
	for _, part := range parts {
		if !strings.Contains(whole, part) {
			t.Errorf("%q does not hold %q", whole, part)
		}
	}
	if strings.ContainsAny(e.Message, "\n\x1b") {
		t.Errorf("the message is not one safe line: %q", e.Message)
	}
}

func writeKey(t *testing.T, passphrase string) (path string, key ed25519.PrivateKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = xssh.MarshalPrivateKey(key, "")
	} else {
		block, err = xssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, key
}

func TestStart(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	c, err := dialTo(t, s, options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if c.User() != "ops" {
		t.Errorf("user is %q", c.User())
	}
	if out, err := output(t, c, "echo hello"); out != "hello\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	_, err = output(t, c, "exit 7")
	if e, ok := errors.AsType[*transport.ExitError](err); !ok || e.Status != 7 {
		t.Errorf("exit 7 gave %v", err)
	}
	_, err = output(t, c, "kill -KILL $$")
	if e, ok := errors.AsType[*transport.ExitError](err); !ok || e.Signal != "KILL" {
		t.Errorf("a killed process gave %v", err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{MaxSessions: 8})
	c, err := dialTo(t, s, options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	var held []*transport.Process
	for range 8 {
		p, err := c.Start(t.Context(), "cat")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Start(ctx, "cat"); !errors.Is(err, context.Canceled) {
		t.Errorf("a ninth session gave %v", err)
	}
	for _, p := range held {
		p.Stdin.Close()
		if err := p.Wait(); err != nil {
			t.Error(err)
		}
	}
	if out, err := output(t, c, "echo again"); out != "again\n" || err != nil {
		t.Errorf("after the others ended: %q, %v", out, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	stranger, _ := writeKey(t, "")
	locked, _ := writeKey(t, "secret")
	tests := []struct {
		name   string
		server sshtest.Options
		change func(*ssh.Options)
		stage  target.Stage
		parts  []string
	}{
		{
			"wrong key",
			sshtest.Options{},
			func(o *ssh.Options) { o.Keys = []string{stranger} },
			target.StageAuth,
			[]string{"permission denied for user ops", "publickey", "--key"},
		},
		{
			"encrypted key",
			sshtest.Options{},
			func(o *ssh.Options) { o.Keys = []string{locked} },
			target.StageAuth,
			[]string{"encrypted", "ssh-add"},
		},
		{
			"missing key",
			sshtest.Options{},
			func(o *ssh.Options) { o.Keys = []string{"/nowhere/id"} },
			target.StageAuth,
			[]string{"/nowhere/id: no such file"},
		},
		{
			"no agent",
			sshtest.Options{},
			func(o *ssh.Options) { o.Keys, o.AgentSocket = nil, "/nowhere/agent" },
			target.StageAuth,
			[]string{"agent does not answer"},
		},
		{
			"no password",
			sshtest.Options{Password: "x"},
			func(*ssh.Options) {},
			target.StageAuth,
			[]string{"permission denied", "-k"},
		},
		{
			"wrong password",
			sshtest.Options{Password: "x"},
			func(o *ssh.Options) { o.Password = given("y") },
			target.StageAuth,
			[]string{"permission denied", "password"},
		},
		{
			"wrong password by keyboard",
			sshtest.Options{Password: "x", Interactive: true},
			func(o *ssh.Options) { o.Password = given("y") }, target.StageAuth,
			[]string{"permission denied"},
		},
		{
			"unknown host",
			sshtest.Options{},
			func(o *ssh.Options) { o.KnownHosts = []string{"/nowhere/known"} },
			target.StageHostKey,
			[]string{"not known: ssh-ed25519 SHA256:", "--accept-new", "ssh-keyscan"},
		},
		{
			"user like an option",
			sshtest.Options{},
			func(o *ssh.Options) { o.User = "-oProxyCommand=x" },
			target.StageConnect,
			[]string{"not a user's name"},
		},
		{
			"user with escapes",
			sshtest.Options{},
			func(o *ssh.Options) { o.User = "a\x1b]0;x" },
			target.StageConnect,
			[]string{`\x1b`},
		},
		{"no user", sshtest.Options{}, func(o *ssh.Options) { o.User = "" }, target.StageConnect, []string{"-u"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := sshtest.Start(t, test.server)
			o := options(t, s)
			test.change(&o)
			_, err := dialTo(t, s, o)
			wantError(t, err, test.stage, test.parts...)
		})
	}
}

func given(password string) func() (string, error) {
	return func() (string, error) { return password, nil }
}

func TestPassword(t *testing.T) {
	for _, interactive := range []bool{false, true} {
		s := sshtest.Start(t, sshtest.Options{Password: "right", Interactive: interactive})
		var asked atomic.Int32
		o := options(t, s)
		o.Password = func() (string, error) { asked.Add(1); return "right", nil }
		d := ssh.NewDialer(o)
		for range 3 {
			c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)})
			if err != nil {
				t.Fatalf("interactive=%v: %v", interactive, err)
			}
			closeOrFail(t, c)
		}
		if asked.Load() != 1 {
			t.Errorf("the password was asked for %d times", asked.Load())
		}
	}
}

// TestAgent logs in by a key that only the agent can use: its file is encrypted.
func TestAgent(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	text, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := xssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	block, err := xssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	encrypted := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(encrypted, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeOrFail(t, listener) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	o := options(t, s)
	o.Keys, o.AgentSocket = []string{encrypted}, socket
	if _, err := dialTo(t, s, o); err != nil {
		t.Error(err)
	}
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedPort := listener.Addr().(*net.TCPAddr).Port
	closeOrFail(t, listener)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeOrFail(t, silent) })
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeOrFail(t, rude) })
	go func() {
		for {
			conn, err := rude.Accept()
			if err != nil {
				return
			}
			closeOrFail(t, conn)
		}
	}()
	tests := []struct {
		name string
		host ssh.Host
		part string
	}{
		{"refused", ssh.Host{Address: "127.0.0.1", Port: closedPort}, "refuses connections"},
		{"silent", ssh.Host{Address: "127.0.0.1", Port: silent.Addr().(*net.TCPAddr).Port}, "handshake did not end within 300ms"},
		{"closed at once", ssh.Host{Address: "127.0.0.1", Port: rude.Addr().(*net.TCPAddr).Port}, "closed the connection during the handshake"},
		{"no such name", ssh.Host{Address: "no-such-host.invalid"}, "no-such-host.invalid"},
		{"like an option", ssh.Host{Address: "-oProxyCommand=x"}, "no address has"},
		{"like a flag", ssh.Host{Address: "-x"}, `begins with "-"`},
		{"with a newline", ssh.Host{Address: "a\nb"}, `a\nb`},
		{"with a substitution", ssh.Host{Address: "$(id)"}, "no address has"},
		{"bad port", ssh.Host{Address: "127.0.0.1", Port: 70000}, "70000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := ssh.NewDialer(ssh.Options{Home: t.TempDir(), User: "ops", ConnectTimeout: 300 * time.Millisecond})
			test.host.Name = "h1"
			_, err := d.Dial(t.Context(), test.host)
			wantError(t, err, target.StageConnect, test.part)
		})
	}
}

func TestDialCancelled(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeOrFail(t, silent) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := silent.Accept()
		cancel()
		if err == nil {
			defer closeOrFail(t, conn)
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	d := ssh.NewDialer(ssh.Options{Home: t.TempDir(), User: "ops"})
	_, err = d.Dial(ctx, ssh.Host{Name: "h1", Address: "127.0.0.1", Port: silent.Addr().(*net.TCPAddr).Port})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSessionRefused(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{RefuseExec: true})
	c, err := dialTo(t, s, options(t, s))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Start(t.Context(), "true")
	wantError(t, err, target.StageStart, "refuses to run commands")

	full := sshtest.Start(t, sshtest.Options{MaxSessions: 1})
	c, err = dialTo(t, full, options(t, full))
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Start(t.Context(), "cat")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stdin.Close()
	_, err = c.Start(t.Context(), "true")
	wantError(t, err, target.StageStart, "refuses another session", "MaxSessions")
}

// TestDeadPeer has a server that lets in and never answers again.
func TestDeadPeer(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{Mute: true})
	o := options(t, s)
	o.KeepAlive = 20 * time.Millisecond
	c, err := dialTo(t, s, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Start(t.Context(), "true")
	wantError(t, err, target.StageLost, "the connection ended")
}
