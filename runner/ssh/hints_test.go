package ssh_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// told is what an operator reads of an error.
type told struct{ Message, Hint, Detail string }

// wantWorded checks that an error of h1 is in froyo's words, and returns them.
func wantWorded(t *testing.T, err error, message, hint string) told {
	t.Helper()
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *target.Error", err)
	}
	if !strings.Contains(e.Message, message) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got %q, hint %q\nwant %q, hint %q", e.Message, e.Hint, message, hint)
	}
	for _, of := range []string{"ssh: ", "dial ", "agent: ", "handshake failed", "knownhosts: ", "<nil>", "read tcp", "EOF"} {
		if strings.Contains(e.Message, of) {
			t.Errorf("%q speaks as a library does: %q", e.Message, of)
		}
	}
	return told{e.Message, e.Hint, e.Detail}
}

// followed dials, wants the error, does what its hint says and dials again, which has to succeed.
func followed(t *testing.T, s *sshtest.Server, o ssh.Options, message, hint string, follow func(*ssh.Options)) {
	t.Helper()
	_, err := dialTo(t, s, o)
	wantWorded(t, err, message, hint)
	follow(&o)
	c, err := dialTo(t, s, o)
	if err != nil {
		t.Fatalf("the hint does not help: %v", err)
	}
	if out, err := output(t, c, "echo in"); out != "in\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}

// sshConfig writes an ssh_config.
func sshConfig(t *testing.T, text string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{path}
}

// TestNothingInCommon has servers and settings that cannot agree.
func TestNothingInCommon(t *testing.T) {
	for _, test := range []struct {
		name            string
		server          xssh.Config
		config          string
		message, hint   string
		follow          string
		offered, allows string
	}{
		{
			"old key exchange",
			xssh.Config{KeyExchanges: []string{"diffie-hellman-group1-sha1"}},
			"",
			"offers no key exchange that is allowed here",
			"have sshd there offer one that is not outdated: KexAlgorithms; or, insecure, allow it in ssh_config: KexAlgorithms +diffie-hellman-group1-sha1",
			"KexAlgorithms +diffie-hellman-group1-sha1\n", "diffie-hellman-group1-sha1", "curve25519-sha256",
		},
		{
			"old cipher",
			xssh.Config{Ciphers: []string{"aes128-cbc"}},
			"",
			"offers no cipher that is allowed here", "allow it in ssh_config: Ciphers +aes128-cbc",
			"Ciphers +aes128-cbc\n", "aes128-cbc", "aes256-ctr",
		},
		{
			"old MAC",
			xssh.Config{MACs: []string{"hmac-sha1-96"}, Ciphers: []string{"aes128-ctr"}},
			"MACs hmac-sha2-256\n",
			"offers no MAC that is allowed here", "have sshd there offer one that is not outdated: MACs; or, insecure, allow it in ssh_config: MACs +hmac-sha1-96",
			"MACs +hmac-sha1-96\n", "hmac-sha1-96", "hmac-sha2-256",
		},
		{
			"ruled out",
			xssh.Config{Ciphers: []string{"aes256-ctr"}},
			"Ciphers aes128-ctr\n",
			"offers no cipher that is allowed here", "ssh_config rules it out; allow one: Ciphers aes256-ctr",
			"Ciphers aes256-ctr\n", "aes256-ctr", "aes128-ctr",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sshtest.Start(t, sshtest.Options{Algorithms: test.server})
			o := options(t, s)
			o.ConfigFiles = sshConfig(t, test.config)
			_, err := dialTo(t, s, o)
			if e := wantWorded(t, err, test.message, test.hint); !strings.Contains(e.Detail, "offered: "+test.offered) || !strings.Contains(e.Detail, test.allows) || strings.Contains(e.Detail, "kex-strict") || strings.Contains(e.Detail, "ext-info") {
				t.Errorf("detail %q", e.Detail)
			}
			followed(t, s, o, test.message, test.hint, func(o *ssh.Options) { o.ConfigFiles = sshConfig(t, test.follow) })
		})
	}
}

// TestHostKeyTypes has a host whose only key is of a type that ssh_config does not allow.
func TestHostKeyTypes(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	known := o.KnownHosts
	o.KnownHosts, o.AcceptNew = []string{filepath.Join(t.TempDir(), "known")}, true
	o.ConfigFiles = sshConfig(t, "HostKeyAlgorithms ecdsa-sha2-nistp256\n")
	followed(t, s, o, "offers no type of host key that is allowed here", "ssh_config rules it out; allow one: HostKeyAlgorithms ssh-ed25519",
		func(o *ssh.Options) { o.ConfigFiles = sshConfig(t, "HostKeyAlgorithms ssh-ed25519\n") })
	o.KnownHosts = known
	followed(t, s, o, "the host is known by keys that ssh_config does not allow", "allow one in HostKeyAlgorithms, or learn another key of the host",
		func(o *ssh.Options) { o.ConfigFiles = sshConfig(t, "HostKeyAlgorithms ssh-ed25519\n") })
}

// TestUnusableKeys has files that are no private keys. Each says what it is.
func TestUnusableKeys(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	good, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.ParsePrivateKey(good)
	if err != nil {
		t.Fatal(err)
	}
	public := string(xssh.MarshalAuthorizedKey(signer.PublicKey()))
	for _, test := range []struct{ name, text, cert, want string }{
		{"empty", "", "", "it holds no private key"},
		{"prose", "my key\n", "", "it holds no private key"},
		{"public", public, "", "it is a public key; name the private one"},
		{"PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\n", "", "it is a key of PuTTY"},
		{"cut", string(pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: []byte("openssh-key-v1\x00\x00\x00")})), "", "the private key in it is damaged"},
		{"of another kind", string(pem.EncodeToMemory(&pem.Block{Type: "X25519 PRIVATE KEY", Bytes: []byte("x")})), "", "keys of its type are not supported"},
		{"bad certificate", string(good), "no certificate", "its certificate, id-cert.pub, cannot be read"},
		{"certificate of another key", string(good), otherCertificate(t), "its certificate, id-cert.pub, is for another key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "id")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.cert != "" {
				if err := os.WriteFile(path+"-cert.pub", []byte(test.cert), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := options(t, s)
			o.Keys = []string{path}
			followed(t, s, o, test.want, "check the user (-u) and the key (--key), or give a password (-k)",
				func(o *ssh.Options) { o.Keys = []string{s.ClientKey} })
		})
	}
}

// otherCertificate is one for a key that nobody has.
func otherCertificate(t *testing.T) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert := &xssh.Certificate{Key: signer.PublicKey(), CertType: xssh.UserCert, ValidBefore: xssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, signer); err != nil {
		t.Fatal(err)
	}
	return string(xssh.MarshalAuthorizedKey(cert))
}

// unwilling is an agent that lists its keys and signs nothing.
type unwilling struct{ agent.Agent }

func (unwilling) Sign(xssh.PublicKey, []byte) (*xssh.Signature, error) {
	return nil, errors.New("agent: no")
}

// agentOf serves an agent over a socket.
func agentOf(t *testing.T, a agent.Agent) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
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
			go func() { _ = agent.ServeAgent(a, conn) }()
		}
	}()
	return filepath.Join(dir, "s")
}

// TestAgentTroubles has agents that refuse to sign, that hold too many keys, and none that listens.
func TestAgentTroubles(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	ring := agent.NewKeyring()
	add := func(n int) {
		for range n {
			_, key := writeKey(t, "")
			if err := ring.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
				t.Fatal(err)
			}
		}
	}
	text, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := xssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: accepted}); err != nil {
		t.Fatal(err)
	}
	o := options(t, s)
	o.Keys, o.AgentSocket = nil, agentOf(t, unwilling{ring})
	followed(t, s, o, "permission denied for user ops: the SSH agent does not sign with its key", "confirm what the agent asks; ssh-add -X unlocks it; or name a key by --key",
		func(o *ssh.Options) { o.AgentSocket = agentOf(t, ring) })

	if err := ring.RemoveAll(); err != nil {
		t.Fatal(err)
	}
	add(12)
	o.AgentSocket = agentOf(t, ring)
	followed(t, s, o, "permission denied for user ops: the host says too many authentication failures",
		"the agent holds too many keys: name the right one by --key, with IdentitiesOnly in ssh_config",
		func(o *ssh.Options) {
			o.Keys, o.ConfigFiles = []string{s.ClientKey}, sshConfig(t, "IdentitiesOnly yes\n")
		})

	o.Keys, o.AgentSocket, o.ConfigFiles = nil, "", nil
	for range 12 {
		file, _ := writeKey(t, "")
		o.Keys = append(o.Keys, file)
	}
	followed(t, s, o, "permission denied for user ops: the host says too many authentication failures", "check the user (-u) and the key (--key)",
		func(o *ssh.Options) { o.Keys = []string{s.ClientKey} })

	locked, _ := writeKey(t, "secret")
	o.Keys = []string{locked}
	followed(t, s, o, "encrypted", "unlock the key with ssh-add, or name another by --key", // TestAgent unlocks one
		func(o *ssh.Options) { o.Keys = []string{s.ClientKey} })
}

// TestPasswords has a wrong password, a right one, and a question that is no password.
func TestPasswords(t *testing.T) {
	for _, interactive := range []bool{false, true} {
		s := sshtest.Start(t, sshtest.Options{Password: "right", Interactive: interactive})
		o := options(t, s)
		o.Password = given("wrong")
		followed(t, s, o, "permission denied for user ops", "check the user (-u) and the key (--key), or give a password (-k)",
			func(o *ssh.Options) { o.Password = given("right") })
	}
}

// TestLostWhileLoggingIn has a host go away at each point of the handshake: once it has shown its key, that is said.
func TestLostWhileLoggingIn(t *testing.T) {
	t.Parallel()
	const early, late = "closed the connection during the handshake", "closed the connection while ops logged in"
	said := map[string]bool{}
	for after := int64(100); after < 6000; after += 53 {
		s := sshtest.Start(t, sshtest.Options{CutAfter: after})
		_, err := dialTo(t, s, options(t, s))
		if err == nil {
			break
		}
		message, hint := early, "is it an SSH server?"
		if said[late] || strings.Contains(err.Error(), late) {
			message, hint = late, "the log of sshd there says why: journalctl -u ssh -u sshd; PAM may refuse the account"
		}
		said[message] = true
		wantWorded(t, err, message, hint)
	}
	if !said[early] || !said[late] {
		t.Errorf("not both were seen: %v", said)
	}
}

// TestNoSSHServer connects to what speaks something else, or nothing.
func TestNoSSHServer(t *testing.T) {
	for _, test := range []struct{ name, says, message, hint string }{
		{"binary", strings.Repeat("\x00\x16\x03", 200), "does not speak SSH", "is it an SSH server, and is this its port?"},
		{"long", strings.Repeat("x", 70_000), "does not speak SSH", "is it an SSH server, and is this its port?"},
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "closed the connection during the handshake", "is it an SSH server? sshd drops connections beyond MaxStartups; a smaller --forks helps"},
		{"another version", "SSH-1.5-old\r\n", "", ""},
		{"nonsense behind it", "SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff", "the SSH handshake with 127.0.0.1:", "does ssh -v -p "},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
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
					_, _ = conn.Write([]byte(test.says))
					_ = conn.(*net.TCPConn).CloseWrite()
					_, _ = conn.Read(make([]byte, 1<<16))
					_ = conn.Close()
				}
			}()
			s := sshtest.Start(t, sshtest.Options{})
			d := ssh.NewDialer(options(t, s))
			t.Cleanup(func() { closeOrFail(t, d) })
			_, err = d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port})
			e := wantWorded(t, err, test.message, test.hint)
			if strings.HasPrefix(test.hint, "does ssh") && !strings.HasSuffix(e.Hint, " 127.0.0.1 get further?") {
				t.Errorf("hint %q", e.Hint)
			}
			if _, err := dialTo(t, s, options(t, s)); err != nil { // the port of one that does
				t.Error(err)
			}
		})
	}
}

// TestSilentServers says nothing, or is not there; then it is.
func TestSilentServers(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, s)
	o.ConnectTimeout = time.Second
	d := ssh.NewDialer(o)
	t.Cleanup(func() { closeOrFail(t, d) })
	port := silent.Addr().(*net.TCPAddr).Port
	_, err = d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: port})
	wantWorded(t, err, "accepted the connection, but the handshake did not end within 1s", "is it an SSH server, and not overloaded?")
	closeOrFail(t, silent)
	_, err = d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: port})
	wantWorded(t, err, "refuses connections", "is sshd running, and on this port?")
	_, err = d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "no-such-host.invalid", Port: port})
	wantWorded(t, err, "no-such-host.invalid", "give the address in the inventory (ansible_host)")
	_, err = d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "224.0.0.1", Port: port})
	wantWorded(t, err, "no route to 224.0.0.1:", "is the address right, and is this machine in a network that reaches it?")
	c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)})
	if err != nil {
		t.Fatal(err)
	}
	closeOrFail(t, c)
}

// shell runs a command of a hint as an operator would.
func shell(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}
