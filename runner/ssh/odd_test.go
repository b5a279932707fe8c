package ssh_test

import (
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
)

// dialerTo connects to a real sshd, by an address of its own where one is given.
func dialerTo(t *testing.T, s *sshtest.OpenSSH, addr, config string) (*ssh.Dialer, ssh.Host) {
	t.Helper()
	dir := t.TempDir()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config": config + "Host *\n Port " + port + "\n User " + s.User + "\n IdentityFile " + s.Dir + "/client\n", "known": knownAs("[127.0.0.1]:"+port, s)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := ssh.NewDialer(ssh.Options{Home: dir, User: "me", ConfigFiles: []string{filepath.Join(dir, "config")}, KnownHosts: []string{filepath.Join(dir, "known")}, ConnectTimeout: time.Minute})
	t.Cleanup(func() { closeOrFail(t, d) })
	return d, ssh.Host{Name: "h1", Address: "127.0.0.1"}
}

// until waits for something.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to it: " + what)
		}
	}
}

// TestMaxStartups: a login that sshd drops, since others are under way, is tried again, so often and no more.
func TestMaxStartups(t *testing.T) {
	t.Parallel()
	s := sshtest.StartDaemon(t, "MaxStartups 1\nLoginGraceTime 0\nLogLevel DEBUG\n")
	d, h := dialerTo(t, s, s.Addr, "")
	busy, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	greeting := make([]byte, 4) // it has been counted by now
	if _, err := io.ReadFull(busy, greeting); err != nil {
		t.Fatal(err)
	}
	drops := func() int {
		return strings.Count(s.Log(t), "drop connection #") + strings.Count(s.Log(t), "past MaxStartups")
	}
	// It stays as it is, to the end.
	_, err = d.Dial(t.Context(), h)
	wantError(t, err, target.StageConnect, "closed the connection during the handshake, 6 times", "sshd drops connections beyond MaxStartups; a smaller --forks helps")
	if drops() == 0 {
		t.Error("sshd dropped none")
	}
	// The other is gone in between.
	type dialled struct {
		client *ssh.Client
		err    error
	}
	done := make(chan dialled, 1)
	go func() {
		c, err := d.Dial(t.Context(), h)
		done <- dialled{c, err}
	}()
	before := drops()
	until(t, "one more is dropped", func() bool { return drops() > before })
	closeOrFail(t, busy)
	got := <-done
	if got.err != nil {
		t.Fatal(got.err)
	}
	closeOrFail(t, got.client)
}

// nat forwards connections to a server, as long as it knows of them.
type nat struct {
	Addr   string
	asked  atomic.Int64 // how often a client sent something
	forgot atomic.Bool  // it drops what comes, without a word
}

func startNAT(t *testing.T, to string) *nat {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nat{Addr: listener.Addr().String()}
	t.Cleanup(func() { closeOrFail(t, listener) })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				_ = client.Close()
				return
			}
			go n.forward(server, client, true)
			go n.forward(client, server, false)
		}
	}()
	return n
}

func (n *nat) forward(to, from net.Conn, asks bool) {
	buffer := make([]byte, 64<<10)
	for {
		m, err := from.Read(buffer)
		if n.forgot.Load() && err == nil {
			continue
		}
		if err != nil || m == 0 {
			_ = to.Close()
			return
		}
		if asks {
			n.asked.Add(1)
		}
		if _, err := to.Write(buffer[:m]); err != nil {
			return
		}
	}
}

// TestIdleNAT: while a command is silent for long, the host is asked, which keeps what is between awake; where that has forgotten
// the connection all the same, it is told as lost.
func TestIdleNAT(t *testing.T) {
	t.Parallel()
	s := sshtest.StartOpenSSH(t, "")
	n := startNAT(t, s.Addr)
	d, h := dialerTo(t, s, n.Addr, "ServerAliveInterval 1\nServerAliveCountMax 3\n")
	c, err := d.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fifo := filepath.Join(t.TempDir(), "go")
	p, err := c.Start(t.Context(), "echo begun; while [ ! -e "+fifo+" ]; do sleep 0.05; done; echo done")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, p.Stderr) }()
	begun := make([]byte, len("begun\n"))
	if _, err := io.ReadFull(p.Stdout, begun); err != nil {
		t.Fatal(err)
	}
	before := n.asked.Load()
	until(t, "the host is asked three times", func() bool { return n.asked.Load() >= before+3 })
	if err := os.WriteFile(fifo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(p.Stdout)
	if err := errors.Join(err, p.Wait()); err != nil || string(rest) != "done\n" {
		t.Errorf("%q, %v", rest, err)
	}

	p, err = c.Start(t.Context(), "echo begun; cat")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, p.Stderr) }()
	if _, err := io.ReadFull(p.Stdout, begun); err != nil {
		t.Fatal(err)
	}
	n.forgot.Store(true)
	if _, err := io.ReadAll(p.Stdout); err != nil {
		t.Log(err) // it ends, in one way or the other
	}
	if err := p.Wait(); err == nil {
		t.Error("the command seems to have ended well")
	}
	_, err = c.Start(t.Context(), "true")
	wantError(t, err, target.StageLost, "the connection ended")
}
