package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// TestRotateAsks: until the answer is yes, the secret and the hosts are as they were, and it is said.
func TestRotateAsks(t *testing.T) {
	t.Parallel()
	embedded(t)
	dir := t.TempDir()
	command := func(args ...string) *exec.Cmd { return froyoIn(t, dir)(nil, args...) }
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	worked(t, command("init"))
	site := "file(\"" + dir + "/pw\", content = secret(\"db/password\", generate = \"hex(16)\"))\n"
	if err := os.WriteFile(filepath.Join(dir, "site.star"), []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	worked(t, command("apply", "-y"))
	kept, written := read("secrets/db/password.age"), read("pw")
	for _, tt := range []struct {
		name, answer string
		code         int
		says         string
	}{
		{"no", "n\r", 1, "not approved; nothing was changed"},
		{"Ctrl-C", "\x03", 130, "interrupted; nothing further was done"},
		{"the end", "\x04", 1, "not approved; nothing was changed"},
		{"yes", "y\r", 0, "db/password has its new value, here and on the hosts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := ptytest.Start(t, command("secret", "rotate", "db/password", "--generate"), 100, 40)
			s.Wait("[y/N]")
			if screen := strings.Join(strings.Fields(s.Screen()), " "); !strings.Contains(screen, "Give db/password a new value, hex(16), and make these changes on 1 host? [y/N]") {
				t.Errorf("it asks: %s", screen)
			}
			s.Type(tt.answer)
			if code := s.End(); code != tt.code || !strings.Contains(s.Bytes(), tt.says) {
				t.Errorf("exit code %d: %s", code, s.Screen())
			}
			same := bytes.Equal(read("secrets/db/password.age"), kept) && bytes.Equal(read("pw"), written)
			if same != (tt.code != 0) {
				t.Errorf("unchanged is %v", same)
			}
			if told := strings.Contains(s.Bytes(), "db/password has the value that it had"); told != same {
				t.Errorf("that nothing was changed is said: %v", told)
			}
		})
	}
	// The question names who keeps the value before.
	if err := os.WriteFile(filepath.Join(dir, "hosts.ini"), []byte("here ansible_connection=local\ngone ansible_host=127.0.0.1 ansible_port=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for limit, says := range map[string]string{
		"all":  "on 1 host? What could not be planned keeps the value that it has: gone. [y/N]",
		"here": "on 1 host? Hosts that -l here leaves out keep the value that they have. [y/N]",
	} {
		s := ptytest.Start(t, command("secret", "rotate", "db/password", "--generate", "-i", "hosts.ini", "-l", limit), 100, 60)
		s.Wait("[y/N]")
		if screen := strings.Join(strings.Fields(s.Screen()), " "); !strings.Contains(screen, says) {
			t.Errorf("it asks: %s", screen)
		}
		s.Type("n\r")
		if code := s.End(); code == 0 {
			t.Error("exit code 0")
		}
	}
	// The value is typed, twice, and not shown.
	s := ptytest.Start(t, command("secret", "rotate", "db/password"), 100, 40)
	s.Wait("new value of db/password:")
	s.Type("typed-canary\r")
	s.Wait("once more:")
	s.Type("typed-canary\r")
	s.Wait("[y/N]")
	s.Type("y\r")
	if code := s.End(); code != 0 || string(read("pw")) != "typed-canary" || strings.Contains(s.Bytes(), "canary") {
		t.Errorf("exit code %d, the host has %q: %s", code, read("pw"), s.Screen())
	}
}
