package cli

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/openfroyo/froyo/runner/ssh/sshtest"
	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// TestPassphraseOnTerminal: the passphrase of an encrypted key is asked for once, for all hosts, and not shown.
func TestPassphraseOnTerminal(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, sshtest.Options{RefuseExec: true})
	text, err := os.ReadFile(server.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := ssh.ParseRawPrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(t.TempDir(), "locked")
	if err := os.WriteFile(key, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	_, froyo := secretWorkspace(t)
	env := []string{"FROYO_KNOWN_HOSTS=" + server.KnownHosts(t), "SSH_AUTH_SOCK="}
	check := []string{"inventory", "check", "-i", "a@" + server.Addr + ",", "--key", key}

	s := ptytest.Start(t, froyo(env, check...), 200, 24)
	s.Wait("passphrase of " + key + ":")
	s.Type("hunter2\r")
	s.Wait("the host refuses to run commands") // so it let us in
	if s.End(); strings.Contains(s.Screen(), "hunter2") {
		t.Error("it was shown")
	}
	s = ptytest.Start(t, froyo(env, check...), 200, 24)
	s.Wait("passphrase of ")
	s.Type("other\r")
	s.Wait("encrypted, and the passphrase that was given is not its")
	s.End()
	// The environment answers, and nobody is asked.
	s = ptytest.Start(t, froyo(append(env, "FROYO_KEY_PASSPHRASE=hunter2"), check...), 200, 24)
	s.Wait("the host refuses to run commands")
	if s.End(); strings.Contains(s.Screen(), "passphrase") {
		t.Error("it was asked for")
	}
}
