package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh/sshtest"
)

// TestConnectionSecrets logs in by passwords and keys that are secrets of the workspace: each is read once, for those who want it,
// and is nowhere to be seen. What cannot be read is told with the line of the inventory.
func TestConnectionSecrets(t *testing.T) {
	t.Parallel()
	byPassword := sshtest.Start(t, sshtest.Options{Password: "canary-pw", RefuseExec: true})
	byKey := sshtest.Start(t, sshtest.Options{RefuseExec: true})
	key, err := os.ReadFile(byKey.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	var known []byte
	for _, s := range []*sshtest.Server{byPassword, byKey} {
		lines, err := os.ReadFile(s.KnownHosts(t))
		if err != nil {
			t.Fatal(err)
		}
		known = append(known, lines...)
	}
	dir, froyo := secretWorkspace(t)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("known", string(known))
	write("password", "canary-pw\n")
	for name, value := range map[string]string{"ssh/web": "canary-pw\n", "ssh/key": string(key)} {
		cmd := froyo(nil, "secret", "set", name)
		cmd.Stdin = strings.NewReader(value)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	take := froyo(nil, "key", "import", "web", "-")
	take.Stdin = strings.NewReader(string(key))
	if out, err := take.CombinedOutput(); err != nil || strings.Contains(string(out), "PRIVATE") {
		t.Fatalf("%v: %s", err, out)
	}
	host := func(name string, s *sshtest.Server, more string) string {
		return fmt.Sprintf("hosts: %s: {address: \"127.0.0.1\", port: %d, user: \"a\", %s}\n", name, s.Port(t), more)
	}
	write("inventory.cue", host("store1", byPassword, `password: secret: "ssh/web"`)+
		host("store2", byPassword, `password: secret: "command:echo read >>asked; cat password"`)+
		host("store3", byPassword, `password: secret: "command:echo read >>asked; cat password"`)+
		host("keyed", byKey, `privateKey: secret: "ssh/key", password: secret: "command:touch unwanted"`)+
		host("named", byKey, `privateKey: key: "web"`)+
		host("near", byPassword, `password: secret: "ssh/wbe"`)+
		host("none", byKey, `privateKey: secret: "other/thing"`)+
		host("kind", byPassword, `password: secret: "evn:PW"`)+
		host("wbe", byKey, `privateKey: key: "wbe"`)+
		host("variable", byPassword, `password: secret: "env:SSH_PW"`))
	env := []string{"FROYO_KNOWN_HOSTS=" + filepath.Join(dir, "known"), "SSH_AUTH_SOCK=", "SSH_PW=canary-pw"}
	out, err := froyo(env, "inventory", "check").CombinedOutput()
	said := string(out)
	if err == nil || strings.Contains(said, "canary") || strings.Contains(said, "PRIVATE") {
		t.Errorf("%v: %s", err, said)
	}
	if got := strings.Count(said, "the host refuses to run commands"); got < 6 {
		t.Errorf("%d hosts let us in", got)
	}
	for _, want := range []string{
		"inventory.cue:6:", "the password cannot be read: there is no secret ssh/wbe", "did you mean ssh/web?",
		"inventory.cue:7:", "the private key cannot be read: there is no secret other/thing", "froyo secret set other/thing",
		"inventory.cue:8:", "there is no source \"evn\"", "did you mean env:PW?",
		"inventory.cue:9:", "the private key cannot be read: there is no key wbe", "did you mean web?",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if asked, err := os.ReadFile(filepath.Join(dir, "asked")); err != nil || string(asked) != "read\n" {
		t.Errorf("it was read %q, %v", asked, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "unwanted")); err == nil {
		t.Error("a password was read that no host asked for")
	}
	if t.Failed() {
		t.Log(said)
	}
	out, err = froyo(env, "inventory", "host", "keyed").CombinedOutput()
	if said := string(out); err != nil || !strings.Contains(said, "ssh/key") {
		t.Logf("%v: %s", err, said)
	}
}
