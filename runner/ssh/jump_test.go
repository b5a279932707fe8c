package ssh_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
)

func TestProxyJump(t *testing.T) {
	behind, first, second := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	var known []string
	var keys []string
	for _, s := range []*sshtest.Server{behind, first, second} {
		known, keys = append(known, s.KnownHosts(t)), append(keys, s.ClientKey)
	}
	o := ssh.Options{Home: t.TempDir(), User: "ops", KnownHosts: known, Keys: keys, ConnectTimeout: 5 * time.Second}
	config := "Host h1\n HostName 127.0.0.1\n ProxyJump j1,jumper@j2\nHost j1 j2\n HostName 127.0.0.1\n" +
		"Host j1\n Port " + portOf(first) + "\nHost j2\n Port " + portOf(second) + "\n" +
		"Host loop\n ProxyJump loop\n"
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o.ConfigFiles = []string{file}
	d := ssh.NewDialer(o)
	t.Cleanup(func() { closeOrFail(t, d) })
	for range 2 {
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Port: behind.Port(t)})
		if err != nil {
			t.Fatal(err)
		}
		if out, err := output(t, c, "echo $USER"); out != "ops\n" || err != nil {
			t.Errorf("got %q, %v", out, err)
		}
		closeOrFail(t, c)
	}
	if first.Logins() != 1 || second.Logins() != 1 {
		t.Errorf("jump hosts were logged in to %d and %d times, want once each", first.Logins(), second.Logins())
	}
	_, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "loop"})
	wantError(t, err, target.StageConnect, "leads in a circle: h1, loop", `give one of them "ProxyJump none"`)

	c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Port: behind.Port(t)})
	if err != nil {
		t.Fatal(err)
	}
	behind.Cut()
	if _, err := output(t, c, "true"); err == nil {
		t.Error("a connection that its host ended still works")
	}
	closeOrFail(t, c) // what has ended already is closed
}

// TestJumpHostsShareBySettings has two names of one jump host: what one of them may not do is not done over
// the connection of the other, whichever was asked first.
func TestJumpHostsShareBySettings(t *testing.T) {
	t.Parallel()
	behind, jump := sshtest.Start(t, sshtest.Options{}), sshtest.Start(t, sshtest.Options{})
	other, _ := writeKey(t, "")
	for name, test := range map[string]struct{ bad, want string }{
		"known hosts": {"UserKnownHostsFile none", "the host key is not known"},
		"alias":       {"HostKeyAlias other", "the host key is not known"},
		"key":         {"IdentityFile " + other, "permission denied"},
		"no keys":     {"PubkeyAuthentication no", "permission denied"},
		"algorithms":  {"HostKeyAlgorithms ecdsa-sha2-nistp256", "that ssh_config does not allow"},
		"authorities": {"Ciphers aes128-cbc", "offers no cipher"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "Host bad\n " + test.bad + "\nHost h1 h3\n ProxyJump good\nHost h2\n ProxyJump bad\nHost good bad\n Port " + portOf(jump) + "\nHost *\n HostName 127.0.0.1\n" +
				"Host h? good bad\n UserKnownHostsFile " + behind.KnownHosts(t) + " " + jump.KnownHosts(t) + "\nHost h? good\n IdentityFile " + behind.ClientKey + "\n IdentityFile " + jump.ClientKey + "\n"
			if name != "key" {
				text += "Host bad\n IdentityFile " + jump.ClientKey + "\n"
			}
			files := sshConfig(t, text)
			for _, order := range [][]string{{"h1", "h2", "h3"}, {"h2", "h1", "h3"}} {
				d := ssh.NewDialer(ssh.Options{Home: t.TempDir(), User: "ops", ConfigFiles: files})
				t.Cleanup(func() { closeOrFail(t, d) })
				for _, host := range order {
					c, err := d.Dial(t.Context(), ssh.Host{Name: host, Port: behind.Port(t)})
					if host == "h2" {
						if err == nil {
							t.Fatalf("%q: it gets there by the connection of another", order)
						}
						wantWorded(t, err, test.want, "")
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					closeOrFail(t, c)
				}
			}
		})
	}
}

// TestJumpHostsGetNoPassword has a jump host that asks for the password: it
// belongs to the host behind it.
func TestJumpHostsGetNoPassword(t *testing.T) {
	for _, interactive := range []bool{false, true} {
		behind := sshtest.Start(t, sshtest.Options{Password: "s3cr3t"})
		jump := sshtest.Start(t, sshtest.Options{Password: "s3cr3t", Interactive: interactive})
		file := filepath.Join(t.TempDir(), "config")
		config := "Host h1\n ProxyJump j1\nHost h1 j1\n HostName 127.0.0.1\nHost j1\n Port " + portOf(jump) + "\n"
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		asked := false
		d := ssh.NewDialer(ssh.Options{
			Home: t.TempDir(), User: "ops", KnownHosts: []string{behind.KnownHosts(t), jump.KnownHosts(t)}, ConfigFiles: []string{file},
			ConnectTimeout: 5 * time.Second, Password: func() (string, error) { asked = true; return "s3cr3t", nil },
		})
		t.Cleanup(func() { closeOrFail(t, d) })
		_, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Port: behind.Port(t)})
		wantError(t, err, target.StageAuth, "jump host j1", "permission denied", "not given to a jump host")
		if asked || jump.Logins() != 0 {
			t.Errorf("the password was asked for: %v; logins of the jump host: %d", asked, jump.Logins())
		}
	}
}

func portOf(s *sshtest.Server) string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}
