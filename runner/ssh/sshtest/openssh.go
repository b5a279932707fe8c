package sshtest

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// OpenSSH is the real sshd, which lets in who runs the test by one key.
type OpenSSH struct {
	Addr    string // host:port
	HostKey ssh.Signer
	User    string // who may log in
	// Dir holds the server's files: client, client.pub, host, authorized_keys and log.
	Dir string
}

// StartOpenSSH runs OpenSSH's sshd for each connection until the test ends, with
// settings of sshd_config, of which the first of each name counts. The test is
// skipped where there is no sshd.
func StartOpenSSH(t testing.TB, settings string) *OpenSSH {
	t.Helper()
	s, program := prepare(t, settings)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.accept(ctx, listener, program, &running) })
	t.Cleanup(func() {
		listener.Close()
		cancel()
		running.Wait()
	})
	return s
}

// StartDaemon runs one sshd for all connections, which counts them as it does.
func StartDaemon(t testing.TB, settings string) *OpenSSH {
	t.Helper()
	s, program := prepare(t, settings)
	for range 5 { // another may take the port meanwhile
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.Addr = listener.Addr().String()
		_, port, _ := net.SplitHostPort(s.Addr)
		listener.Close()
		cmd := exec.CommandContext(context.Background(), program, "-D", "-p", port, "-o", "ListenAddress=127.0.0.1", "-f", filepath.Join(s.Dir, "sshd_config"), "-E", filepath.Join(s.Dir, "log"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }() // how it ended is in its log
		if s.listens(ended) {
			t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
			return s
		}
		_ = cmd.Process.Kill()
		<-ended
	}
	t.Fatal("sshd does not listen:\n" + s.Log(t))
	return nil
}

// listens waits until sshd says that it does, false where it has ended before.
func (s *OpenSSH) listens(ended <-chan struct{}) bool {
	for {
		text, err := os.ReadFile(filepath.Join(s.Dir, "log"))
		if err == nil && strings.Contains(string(text), "Server listening on ") {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// prepare makes the files of a server.
func prepare(t testing.TB, settings string) (s *OpenSSH, program string) {
	t.Helper()
	program, err := exec.LookPath("sshd")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("there is no sshd here (openssh-server)")
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // where sshd confines what it does not trust
			t.Fatal(err)
		}
	}
	s = &OpenSSH{User: me.Username, Dir: t.TempDir()}
	hostKey, hostPEM := newKey(t)
	clientKey, clientPEM := newKey(t)
	s.HostKey = hostKey
	s.write(t, "host", hostPEM)
	s.write(t, "client", clientPEM)
	s.write(t, "client.pub", ssh.MarshalAuthorizedKey(clientKey.PublicKey()))
	s.write(t, "authorized_keys", ssh.MarshalAuthorizedKey(clientKey.PublicKey()))
	settings = strings.ReplaceAll(settings, "{dir}", s.Dir)
	s.write(t, "sshd_config", []byte(settings+"\nHostKey "+s.Dir+"/host\nAuthorizedKeysFile "+s.Dir+
		"/authorized_keys\nStrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"))
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("sshd says:\n" + s.Log(t))
		}
	})
	return s, program
}

func (s *OpenSSH) accept(ctx context.Context, listener net.Listener, program string, running *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		file, err := conn.(*net.TCPConn).File()
		conn.Close()
		if err != nil {
			return
		}
		cmd := exec.CommandContext(ctx, program, "-i", "-f", filepath.Join(s.Dir, "sshd_config"), "-E", filepath.Join(s.Dir, "log"))
		cmd.Stdin, cmd.Stdout, cmd.WaitDelay = file, file, time.Second
		running.Go(func() {
			_ = cmd.Run() // how it ended is in its log
			file.Close()
		})
	}
}

// Log is what sshd has said.
func (s *OpenSSH) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, "log"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func (s *OpenSSH) write(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Command runs a program to its end, and gives what it printed.
func Command(t testing.TB, environ []string, name string, arg ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, arg...)
	cmd.Env, cmd.WaitDelay = append(os.Environ(), environ...), time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
