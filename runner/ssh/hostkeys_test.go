package ssh_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/skeema/knownhosts"
)

// otherKey writes a file that knows s by another server's key.
func otherKey(t *testing.T, s *sshtest.Server, prefix string) string {
	t.Helper()
	other := sshtest.Start(t, sshtest.Options{})
	path := filepath.Join(t.TempDir(), "known_hosts")
	line := "# a comment\n" + prefix + knownhosts.Line([]string{knownhosts.Normalize(s.Addr)}, other.HostKey.PublicKey()) + "\n"
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChangedHostKey(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	file := otherKey(t, s, "")
	for _, accept := range []bool{false, true} {
		o.KnownHosts, o.AcceptNew = []string{file}, accept
		_, err := dialTo(t, s, o)
		wantError(t, err, target.StageHostKey, "the host key changed", file+":2", "SHA256:", "ssh-keygen -R '[127.0.0.1]:")
	}
	if text, err := os.ReadFile(file); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("the file of known hosts was touched: %q, %v", text, err)
	}
}

func TestRevokedHostKey(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	text, err := os.ReadFile(o.KnownHosts[0])
	if err != nil {
		t.Fatal(err)
	}
	revoked := filepath.Join(t.TempDir(), "revoked")
	if err := os.WriteFile(revoked, []byte("@revoked * "+strings.SplitN(string(text), " ", 2)[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	o.KnownHosts = append(o.KnownHosts, revoked)
	_, err = dialTo(t, s, o)
	wantError(t, err, target.StageHostKey, "revoked by "+revoked+":1")
}

// TestOtherKeyType knows the host by an RSA key, of which it has none.
func TestOtherKeyType(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	rsa := "AAAAB3NzaC1yc2EAAAADAQABAAAAgQCxTTdnhgJRDJjs39Ngp7x7Go4cpxhfm9Ff1OlPRNTDVfbKFLzuHFfBpMVk0mYFZFZ5rGRuCBLvvUYmpSDLfFgx7rT6GyPzYmfqhqqrTsRnfMvQqvTVFy8SFK5dJwLmBKBqIJ2l7bW6dBvPNOCkHtLCrIWv5X6T1mGq0S0b0LZp8Q=="
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte(knownhosts.Normalize(s.Addr)+" ssh-rsa "+rsa+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.KnownHosts = []string{path}
	_, err := dialTo(t, s, o)
	wantError(t, err, target.StageHostKey, "no key of a known type", "ssh-rsa", "ssh-keygen -R")
}

func TestUnreadableKnownHosts(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	path := filepath.Join(t.TempDir(), "known_hosts")
	good, err := os.ReadFile(o.KnownHosts[0])
	if err != nil {
		t.Fatal(err)
	}
	name := knownhosts.Normalize(s.Addr)
	for _, test := range []struct {
		name, text string
		accept     bool
		want       []string // of the error; nil is none
	}{
		{"of the host", name + " ssh-ed25519 notbase64!\n", false, []string{path + ":1", "repair or remove"}},
		{"of the host, beside a good one", string(good) + name + " ssh-ed25519 AAAA\n", true, []string{path + ":2", "repair or remove"}},
		{"by a pattern", string(good) + "*:" + strconv.Itoa(s.Port(t)) + " ssh-ed25519 AAAA\n", false, []string{path + ":2"}},
		{"but not the host", string(good) + "*:" + strconv.Itoa(s.Port(t)) + ",!" + name + " ssh-ed25519 AAAA\n", false, nil},
		{"of another host", "h1 ssh-ed25519 notbase64!\nh2\n" + strings.Repeat("x", 100_000) + "\n@ \n" + string(good), false, nil},
		{"of another host, learning", "h1 ssh-ed25519 notbase64!\n", true, nil},
		{"of an unknown host, learning", "|1|x|y ssh-ed25519 AAAA\n", true, []string{"does not tell whose", path + ":1"}},
		{"of an unknown host, known", "|1|x|y ssh-ed25519 AAAA\n" + string(good), true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			o.KnownHosts, o.AcceptNew = []string{path}, test.accept
			_, err := dialTo(t, s, o)
			if test.want == nil {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			wantError(t, err, target.StageHostKey, test.want...)
		})
	}
}

// TestNamesHaveNoCase knows a host by a name in capitals: another key is not
// learned for it, whatever way it is written.
func TestNamesHaveNoCase(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	other := sshtest.Start(t, sshtest.Options{})
	path := filepath.Join(t.TempDir(), "known_hosts")
	line := strings.Replace(knownhosts.Line([]string{"[localhost]:" + strconv.Itoa(s.Port(t))}, other.HostKey.PublicKey()), "localhost", "LocalHost", 1)
	if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(t, s)
	o.KnownHosts, o.AcceptNew = []string{path}, true
	for _, name := range []string{"localhost", "LOCALHOST", "LocalHost"} {
		d := ssh.NewDialer(o)
		_, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: name, Port: s.Port(t)})
		wantError(t, err, target.StageHostKey, "the host key changed", path+":1")
	}
}

// TestAcceptNew has many hosts of one run learn at the same time.
func TestAcceptNew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "known_hosts")
	var servers []*sshtest.Server
	o := ssh.Options{Home: t.TempDir(), User: "ops", AcceptNew: true, KnownHosts: []string{file}}
	for range 5 {
		s := sshtest.Start(t, sshtest.Options{})
		servers = append(servers, s)
		o.Keys = append(o.Keys, s.ClientKey)
	}
	dialAll := func() {
		t.Helper()
		d := ssh.NewDialer(o)
		var all sync.WaitGroup
		for _, s := range append(servers, servers...) {
			all.Go(func() {
				c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)})
				if err != nil {
					t.Error(err)
					return
				}
				closeOrFail(t, c)
			})
		}
		all.Wait()
	}
	dialAll()
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") != len(servers) {
		t.Errorf("learned %q, %v; want one line for each host", text, err)
	}
	o.AcceptNew = false
	dialAll()
}

// TestAcceptNewAppends keeps a last line that has no newline.
func TestAcceptNewAppends(t *testing.T) {
	s := sshtest.Start(t, sshtest.Options{})
	o := options(t, s)
	o.AcceptNew = true
	o.KnownHosts = []string{filepath.Join(t.TempDir(), "known_hosts")}
	before := strings.TrimSuffix(knownhosts.Line([]string{"elsewhere"}, s.HostKey.PublicKey()), "\n")
	if err := os.WriteFile(o.KnownHosts[0], []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dialTo(t, s, o); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.KnownHosts[0])
	if err != nil || !strings.HasPrefix(string(text), before+"\n[127.0.0.1]:") {
		t.Errorf("got %q, %v", text, err)
	}
}
