package ssh_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	xssh "golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
)

// TestHostKeyIsGiven: a host that is not known is learned by the fingerprint that is given for it, and one that shows another key is
// told nothing.
func TestHostKeyIsGiven(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{Password: "s3cr3t"})
	o := options(t, s)
	o.KnownHosts = []string{filepath.Join(t.TempDir(), "known_hosts")}
	d := ssh.NewDialer(o)
	defer closeOrFail(t, d)
	asked := false
	h := ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t), PasswordOnly: true, Password: func() (string, error) { asked = true; return "s3cr3t", nil }}
	h.HostKey = "SHA256:" + strings.Repeat("A", 43)
	_, err := d.Dial(t.Context(), h)
	wantWorded(t, err, "and "+h.HostKey+" is expected", "someone may be listening in; compare it with what the host's console shows: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
	if asked || s.Logins() != 0 {
		t.Error("the password was read for a host that shows another key")
	}
	h.HostKey = xssh.FingerprintSHA256(s.HostKey.PublicKey())
	for _, pin := range []string{h.HostKey, ""} { // the second time it is known
		h.HostKey = pin
		c, err := d.Dial(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if l := c.Login(); l.By != "password" || l.HostKey != s.HostKey.PublicKey().Type()+" "+xssh.FingerprintSHA256(s.HostKey.PublicKey()) {
			t.Errorf("%+v", l)
		}
		closeOrFail(t, c)
	}
	if known, err := os.ReadFile(o.KnownHosts[0]); err != nil || strings.Count(string(known), "\n") != 1 {
		t.Errorf("%q %v", known, err)
	}
}

// TestHostKeyIsOneOfSeveral: the fingerprint may be that of any key of the host, whichever it shows first and whichever is known.
func TestHostKeyIsOneOfSeveral(t *testing.T) {
	t.Parallel()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s := sshtest.Start(t, sshtest.Options{Password: "s3cr3t", HostKeys: []xssh.Signer{second}})
	keys := []xssh.PublicKey{s.HostKey.PublicKey(), second.PublicKey()}
	for _, first := range keys {
		o := options(t, s)
		o.KnownHosts = []string{filepath.Join(t.TempDir(), "known_hosts")}
		d := ssh.NewDialer(o)
		defer closeOrFail(t, d)
		for _, key := range append([]xssh.PublicKey{first}, keys...) {
			h := ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t), PasswordOnly: true, Password: func() (string, error) { return "s3cr3t", nil }, HostKey: xssh.FingerprintSHA256(key)}
			c, err := d.Dial(t.Context(), h)
			if err != nil {
				t.Fatalf("%s after %s: %v", key.Type(), first.Type(), err)
			}
			if l := c.Login(); l.HostKey != key.Type()+" "+h.HostKey {
				t.Errorf("%+v", l)
			}
			closeOrFail(t, c)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			d = ssh.NewDialer(o) // which reads what is known
		}
	}
}

// TestPasswordOnly: the password is tried whatever ssh_config says of passwords, and no key is, although it would let in.
func TestPasswordOnly(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{Password: "s3cr3t"})
	for _, config := range []string{
		"",
		"PasswordAuthentication no\n",
		"PreferredAuthentications publickey\n",
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nPubkeyAuthentication yes\nBatchMode yes\n",
	} {
		o := options(t, s)
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		o.ConfigFiles = []string{file}
		d := ssh.NewDialer(o)
		defer closeOrFail(t, d)
		for password, by := range map[string]string{"s3cr3t": "password", "wrong": ""} {
			asked := 0
			h := ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t), PasswordOnly: true, Password: func() (string, error) { asked++; return password, nil }}
			c, err := d.Dial(t.Context(), h)
			switch {
			case asked == 0:
				t.Errorf("%q: no password was tried", config)
			case err == nil:
				if got := c.Login().By; got != by {
					t.Errorf("%q: let in by %q, want %q", config, got, by)
				}
				closeOrFail(t, c)
			case by != "":
				t.Errorf("%q: %v", config, err)
			}
		}
	}
}
