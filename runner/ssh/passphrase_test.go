package ssh_test

import (
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh"
	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runner/target"
	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// lockedKey encrypts the key that a server lets in.
func lockedKey(t *testing.T, s *sshtest.Server, passphrase string) (path string, private any) {
	t.Helper()
	text, err := os.ReadFile(s.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err = xssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	block, err := xssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "locked")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, private
}

// TestPassphrase logs in by an encrypted key whose passphrase is asked for once, and by the agent's copy without.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	s := sshtest.Start(t, sshtest.Options{})
	key, private := lockedKey(t, s, "right")
	var asked atomic.Int32
	o := options(t, s)
	o.Keys, o.Passphrase = []string{key}, func() (string, error) { asked.Add(1); return "right", nil }
	d := ssh.NewDialer(o)
	defer d.Close()
	for range 3 {
		c, err := d.Dial(t.Context(), ssh.Host{Name: "h1", Address: "127.0.0.1", Port: s.Port(t)})
		if err != nil {
			t.Fatal(err)
		}
		if login := c.Login(); login.Source != key {
			t.Errorf("logged in by %+v", login)
		}
		closeOrFail(t, c)
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}

	o.Passphrase = func() (string, error) { return "wrong", nil }
	_, err := dialTo(t, s, o)
	wantError(t, err, target.StageAuth, "encrypted, and the passphrase that was given is not its", "unlock the key with ssh-add, or name another by --key")
	o.Passphrase = func() (string, error) { return "", errors.New("no terminal") }
	_, err = dialTo(t, s, o)
	wantError(t, err, target.StageAuth, "no terminal")

	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	o.AgentSocket, o.Passphrase = agentOf(t, ring), func() (string, error) { t.Error("asked, and the agent has the key"); return "", nil }
	if _, err := dialTo(t, s, o); err != nil {
		t.Error(err)
	}
	keys := []string{s.ClientKey, key, "/nowhere/id"}
	if got := ssh.Locked(keys, ""); !slices.Equal(got, []string{key}) {
		t.Errorf("locked are %q", got)
	}
	if got := ssh.Locked(keys, o.AgentSocket); len(got) > 0 {
		t.Errorf("with the agent, locked are %q", got)
	}
}
