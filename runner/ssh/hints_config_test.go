package ssh_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	xssh "golang.org/x/crypto/ssh"
)

// TestKnownHostsHints compares, learns, removes and repairs keys as the hints say.
func TestKnownHostsHints(t *testing.T) {
	for _, program := range []string{"ssh-keygen", "ssh-keyscan"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	s, other := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	right := o.KnownHosts
	o.KnownHosts = []string{filepath.Join(t.TempDir(), "known")}
	_, err := dialTo(t, s, o)
	e := wantWorded(t, err, "not known", "--accept-new learns it; to compare it first: ssh-keyscan -p ")
	_, command, _ := strings.Cut(e.Hint, "first: ")
	if got := shell(t, command); !strings.Contains(got, xssh.FingerprintSHA256(s.HostKey.PublicKey())) {
		t.Errorf("%s says %q", command, got)
	}
	followed(t, s, o, "not known", "--accept-new learns it", func(o *ssh.Options) { o.AcceptNew = true })

	wrong := knownLine(t, s, string(xssh.MarshalAuthorizedKey(other.HostKey.PublicKey())))
	o.KnownHosts = []string{wrong}
	_, err = dialTo(t, s, o)
	e = wantWorded(t, err, "the host key changed", "someone may be listening in; if the change is expected: ssh-keygen -R ")
	shell(t, e.Hint[strings.Index(e.Hint, "ssh-keygen"):])
	o.AcceptNew = true
	if _, err := dialTo(t, s, o); err != nil {
		t.Error(err)
	}

	o.AcceptNew = false
	o.KnownHosts = []string{knownLine(t, s, "ssh-ed25519 AAAA\n")}
	followed(t, s, o, "cannot be read", "repair or remove the line",
		func(o *ssh.Options) { o.KnownHosts = right })
	o.KnownHosts = []string{t.TempDir()}
	followed(t, s, o, "known hosts cannot be read: ", "make it a file that you can read, or name another with FROYO_KNOWN_HOSTS",
		func(o *ssh.Options) { o.KnownHosts = right })
}

// knownLine writes a file that knows s by a key.
func knownLine(t *testing.T, s *sshtest.Server, key string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte("[127.0.0.1]:"+portOf(s)+" "+key), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOtherKeyTypeRemoved knows the host by a key of a type that it has not, and removes that as the hint says.
func TestOtherKeyTypeRemoved(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip(err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := xssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	o.KnownHosts = []string{knownLine(t, s, string(xssh.MarshalAuthorizedKey(public)))}
	_, err = dialTo(t, s, o)
	e := wantWorded(t, err, "the host offers no key of a known type (known: ecdsa-sha2-nistp256)", "if the change is expected: ssh-keygen -R ")
	shell(t, e.Hint[strings.Index(e.Hint, "ssh-keygen"):])
	o.AcceptNew = true
	if _, err := dialTo(t, s, o); err != nil {
		t.Error(err)
	}
}

// TestConfigHints changes ssh_config as the hints say.
func TestConfigHints(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	for _, test := range []struct{ name, config, message, hint, follow string }{
		{"cipher", "Ciphers rot13\n", "none of which froyo knows", "allow one of: ", "Ciphers aes128-ctr\n"},
		{"port", "Port ssh\n", "ssh_config has the port ssh", "a port is a number", "Port " + portOf(s) + "\n"},
		{"proxy command", "ProxyCommand false\n", "did not reach 127.0.0.1:", "run the command of that line by hand: it has to speak SSH", "ProxyCommand none\n"},
		{"user in a proxy command", "User a;b\nProxyCommand false %r\n", "cannot be written into ssh_config's ProxyCommand", "leave %r out of it", "ProxyCommand none\n"},
		{"shell of a proxy command", "ProxyCommand false\n", "cannot be started: ", "check the shell that SHELL names", "ProxyCommand none\n"},
		{"a word for a time", "ConnectTimeout soon\n", "ssh_config sets connecttimeout soon (", "ssh_config(5) says what it may be", "ConnectTimeout 1m\n"},
		{"keys made anew", "RekeyLimit 1G 1h\n", "ssh_config sets a time after which keys are made anew", "leave the time out, or give --ssh-config a file that does without", "RekeyLimit 1G\n"},
		{"unsupported", "KnownHostsCommand /bin/keys\n", "which froyo does not support", "give --ssh-config a file that does without", "\n"},
		{"revoked keys that cannot be read", "RevokedHostKeys /nonexistent/revoked\n", "which cannot be read", "make it a file that you can read; an empty one revokes nothing", "RevokedHostKeys /dev/null\n"},
		{"revoked keys that are none", "RevokedHostKeys " + inFile(t, "rubbish\n") + "\n", "which is no public key that froyo knows", "give each key a line as ssh-keygen writes it to a .pub file, or remove the line", "RevokedHostKeys " + inFile(t, "\n") + "\n"},
		{"a KRL", "RevokedHostKeys " + inFile(t, "SSHKRL\n\x00") + "\n", "a KRL, which froyo does not read", "list the revoked public keys in a text file, one a line, and name that", "RevokedHostKeys " + inFile(t, "# none\n") + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dial := func(config string) error {
				o := options(t, s)
				o.ConfigFiles = sshConfig(t, config)
				if test.name == "shell of a proxy command" {
					o.Environ = []string{"SHELL=/nowhere/sh"}
				}
				d := ssh.NewDialer(o)
				t.Cleanup(func() { closeOrFail(t, d) })
				h := ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)}
				if strings.HasPrefix(config, "Port") {
					h.Port = 0
				}
				c, err := d.Dial(t.Context(), h)
				if err == nil {
					closeOrFail(t, c)
				}
				return err
			}
			e := wantWorded(t, dial(test.config), test.message, test.hint)
			if test.name == "cipher" && !slices.Contains(strings.Split(strings.TrimPrefix(e.Hint, test.hint), ","), "aes128-ctr") {
				t.Errorf("hint %q", e.Hint)
			}
			if err := dial(test.follow); err != nil {
				t.Error(err)
			}
		})
	}
	o := options(t, s)
	o.User = ""
	followed(t, s, o, "no user to log in as", "give one by -u, in the inventory or in ssh_config", func(o *ssh.Options) { o.User = "ops" })
	followed(t, s, o, "no user to log in as", "give one by -u, in the inventory or in ssh_config", func(o *ssh.Options) { o.ConfigFiles = sshConfig(t, "User ops\n") })
}

// TestJumpHints changes jump hosts as the hints say.
func TestJumpHints(t *testing.T) {
	behind, jump := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	closed, asks := sshtest.Start(t, sshtest.Options{NoForwarding: true}), sshtest.Start(t, sshtest.Options{Password: "x"})
	o := ssh.Options{Home: t.TempDir(), User: "ops", ConnectTimeout: 5 * time.Second, Password: given("x")}
	for _, s := range []*sshtest.Server{behind, jump, closed, asks} {
		o.KnownHosts, o.Keys = append(o.KnownHosts, s.KnownHosts(t)), append(o.Keys, s.ClientKey)
	}
	dial := func(port, via string) error {
		o.ConfigFiles = sshConfig(t, "Host behind\n HostName 127.0.0.1\n ProxyJump "+via+"\nHost j\n HostName 127.0.0.1\n Port "+portOf(jump)+
			"\nHost closed\n HostName 127.0.0.1\n Port "+portOf(closed)+"\nHost asks\n HostName 127.0.0.1\n Port "+portOf(asks)+"\nHost behind\n Port "+port+"\n")
		d := ssh.NewDialer(o)
		t.Cleanup(func() { closeOrFail(t, d) })
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "behind"})
		if err == nil {
			closeOrFail(t, c)
		}
		return err
	}
	wantWorded(t, dial(portOf(behind), "closed"), "the jump host does not reach 127.0.0.1:", "AllowTcpForwarding of the jump host's sshd must be yes, and PermitOpen must allow it")
	wantWorded(t, dial("1", "j"), "the jump host does not reach 127.0.0.1:1", "is sshd running there, and does the jump host know the name?")
	wantWorded(t, dial(portOf(behind), "asks"), "permission denied", "check its user and key in ssh_config; the password of -k is for the hosts themselves, and is not given to a jump host")
	wantWorded(t, dial(portOf(behind), "behind"), "leads in a circle: h1, behind", `give one of them "ProxyJump none", in a block "Host" of its own above that line`)
	if err := dial(portOf(behind), "behind\nHost behind\n ProxyJump none"); err == nil {
		t.Error("a circle is none")
	}
	if err := dial(portOf(behind), "j"); err != nil {
		t.Error(err)
	}
}

// TestSessionHints has servers that let in and do not let work, and ones that do.
func TestSessionHints(t *testing.T) {
	for _, test := range []struct {
		name          string
		server        sshtest.Options
		message, hint string
	}{
		{"no commands", sshtest.Options{RefuseExec: true}, "the host refuses to run commands", "does a ForceCommand or a restricted account stand in the way?"},
		{"full", sshtest.Options{MaxSessions: 1}, "the host refuses another session", "sshd's MaxSessions must allow one per user that is worked as"},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := func(server sshtest.Options) error {
				s := sshtest.Start(t, server)
				c, err := dialTo(t, s, options(t, s))
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					p, err := c.Start(t.Context(), "cat")
					if err != nil {
						return err
					}
					t.Cleanup(func() { closeOrFail(t, p.Stdin) })
				}
				return nil
			}
			wantWorded(t, start(test.server), test.message, test.hint)
			if err := start(sshtest.Options{MaxSessions: 2}); err != nil {
				t.Error(err)
			}
		})
	}
}

// inFile is a file that holds a text.
func inFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
