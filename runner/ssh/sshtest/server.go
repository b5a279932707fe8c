// Package sshtest is an SSH server inside the test's process. It runs what
// clients ask for by a real shell on this machine, and misbehaves on demand.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// Options say how the server behaves. The zero value lets in who holds the
// server's client key, and runs every command by /bin/sh.
type Options struct {
	// Password lets in who gives it, instead of the key.
	Password string
	// Interactive asks for the password by keyboard-interactive alone.
	Interactive bool
	// Shell is the login shell, a program with its arguments before "-c"; none means /bin/sh.
	Shell []string
	// Env is the environment of what is run; none means PATH, HOME and USER as here.
	Env []string
	// Noise is printed on stdout before every command, as a login shell's rc file would.
	Noise string
	// CutAfter closes the connection once the client has sent so many bytes; 0 never.
	CutAfter int64
	// MaxSessions refuses sessions beyond so many at a time; 0 means no limit.
	MaxSessions int
	// RefuseExec answers every command with a failure.
	RefuseExec bool
	// Algorithms are all that it knows, where any are named.
	Algorithms ssh.Config
	// NoForwarding is no jump host.
	NoForwarding bool
	// HostKeys are keys of the host beside HostKey, of other types.
	HostKeys []ssh.Signer
	// Mute lets in, and then answers nothing any more.
	Mute bool
}

// Server is a running server.
type Server struct {
	Addr    string // host:port
	HostKey ssh.Signer
	// ClientKey is the file of the private key that is let in.
	ClientKey string

	options  Options
	allowed  string // the client key's public half, marshalled
	listener net.Listener
	done     sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool // guarded by mu
	logins   int               // guarded by mu
	sessions int               // guarded by mu
	running  map[int]bool      // process groups under way, guarded by mu
}

// Start runs a server until the test ends. The test fails if a process that
// a client started is still there by then.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hostKey, _ := newKey(t)
	clientKey, clientPEM := newKey(t)
	s := &Server{
		Addr: listener.Addr().String(), HostKey: hostKey, ClientKey: filepath.Join(t.TempDir(), "id_ed25519"),
		options: o, allowed: string(clientKey.PublicKey().Marshal()), listener: listener,
		conns: map[net.Conn]bool{}, running: map[int]bool{},
	}
	if err := os.WriteFile(s.ClientKey, clientPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	s.done.Go(s.accept)
	t.Cleanup(func() { s.stop(t) })
	return s
}

func newKey(t testing.TB) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

// KnownHosts writes a file that knows the server by its key.
func (s *Server) KnownHosts(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "known_hosts")
	line := knownhosts.Line([]string{knownhosts.Normalize(s.Addr)}, s.HostKey.PublicKey()) + "\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Port is the port of Addr.
func (s *Server) Port(t testing.TB) int {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Logins counts the connections that were let in.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Cut closes every connection under way, as a network failure would.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close() // it may have ended already
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if s.options.CutAfter > 0 {
			conn = &cutConn{Conn: conn, left: s.options.CutAfter}
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.done.Go(func() {
			s.serve(conn)
			_ = conn.Close() // it may be cut already
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// config lets in by key, or by password where one is set.
func (s *Server) config() *ssh.ServerConfig {
	refused := errors.New("refused")
	c := &ssh.ServerConfig{Config: s.options.Algorithms}
	for _, k := range append(s.options.HostKeys, s.HostKey) {
		c.AddHostKey(k)
	}
	switch {
	case s.options.Password == "":
		c.PublicKeyCallback = func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if string(key.Marshal()) == s.allowed {
				return nil, nil
			}
			return nil, refused
		}
	case s.options.Interactive:
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			answers, err := ask("", "", []string{"Password: "}, []bool{false})
			if err == nil && len(answers) == 1 && answers[0] == s.options.Password {
				return nil, nil
			}
			return nil, refused
		}
	default:
		c.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) == s.options.Password {
				return nil, nil
			}
			return nil, refused
		}
	}
	return c
}

// cutConn ends after so many bytes were read from the client.
type cutConn struct {
	net.Conn
	left int64
}

func (c *cutConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		_ = c.Close() // that is the fault to make
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
