package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// output runs a command without a terminal.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestKeyExportOnTerminal: a private key is not shown to whoever looks at the screen, unless that is said.
func TestKeyExportOnTerminal(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	s := ptytest.Start(t, froyo(nil, "key", "export", "default-ed25519", "--private"), 120, 24)
	if code := s.End(); code != 1 || strings.Contains(s.Screen(), "BEGIN") {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
	if hint := "write it to a file: --out FILE; where a terminal is meant: --to-terminal"; !strings.Contains(s.Screen(), hint) {
		t.Errorf("%q", s.Screen())
	}
	output(t, froyo(nil, "key", "export", "default-ed25519", "--private", "--out", "FILE"))
	if info, err := os.Stat(filepath.Join(dir, "FILE")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	s = ptytest.Start(t, froyo(nil, "key", "export", "default-ed25519", "--private", "--to-terminal"), 120, 24)
	if code := s.End(); code != 0 || !strings.Contains(s.Screen(), "BEGIN OPENSSH") {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
}

// TestSecretSetOnTerminal: the value is asked for twice, is not shown, and is kept without a line break.
func TestSecretSetOnTerminal(t *testing.T) {
	t.Parallel()
	_, froyo := secretWorkspace(t)
	s := ptytest.Start(t, froyo(nil, "secret", "set", "db/password"), 80, 24)
	s.Wait("value of db/password:")
	s.Type("hunter2\r")
	s.Wait("once more:")
	s.Type("hunter2\r")
	s.Wait("db/password is kept in secrets/db/password.age, for 1 recipient")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(s.Screen(), "hunter2") {
		t.Error("it was shown")
	}
	if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "hunter2" {
		t.Errorf("%q", got)
	}
	// On a terminal a line break follows, so that the next prompt begins a line.
	s = ptytest.Start(t, froyo(nil, "secret", "get", "db/password"), 80, 24)
	if code := s.End(); code != 0 || strings.TrimSpace(s.Screen()) != "hunter2" {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
	for name, test := range map[string]struct{ first, again, said string }{
		"different": {"hunter3\r", "hunter4\r", "hint: a value of several lines is given by a file, or in an editor: froyo secret edit db/password"},
		"nothing":   {"\r", "", "the value of db/password is empty; nothing was changed"},
		"Ctrl-D":    {"\x04", "", "no value was given; nothing was changed"},
		"Ctrl-C":    {"\x03", "", "interrupted"},
		"too long":  {strings.Repeat("x", 5000) + "\r", "", "hint: give it by a file: <FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			s := ptytest.Start(t, froyo(nil, "secret", "set", "db/password"), 200, 24)
			s.Wait("value of db/password:")
			s.Type(test.first)
			if test.again != "" {
				s.Wait("once more:")
				s.Type(test.again)
			}
			s.Wait(test.said)
			if code := s.End(); code == 0 {
				t.Error("it succeeded")
			}
			if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "hunter2" {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestPasswordInterrupted: a command that asks for a password ends by Ctrl-C at once, and the terminal shows again what is typed.
func TestPasswordInterrupted(t *testing.T) {
	t.Parallel()
	_, froyo := secretWorkspace(t)
	for _, args := range [][]string{{"plan", "-k"}, {"plan", "-K"}, {"run", "cmd", "true", "-k"}} {
		cmd := exec.Command("sh", append([]string{"-c", `trap : INT; "$@"; echo "code $?"; stty -a | grep -o -e ' -*echo '`, "sh"}, froyo(nil, args...).Args...)...)
		cmd.Dir, cmd.Env = froyo(nil).Dir, froyo(nil).Env
		s := ptytest.Start(t, cmd, 80, 24)
		s.Wait("password:")
		s.Type("hunter2\x03")
		s.Wait("interrupted")
		s.Wait("code 130\n echo")
		if s.End(); strings.Contains(s.Screen(), "hunter2") {
			t.Error("it was shown")
		}
	}
}

// TestSecretEditInterrupted: nothing is left of what is edited, whatever ends the command.
func TestSecretEditInterrupted(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	keeps(t, froyo, "db/password", "hunter2")
	path := filepath.Join(dir, "path")
	editor := []string{`EDITOR=sh -c 'echo "$0" >` + path + `; echo typed >"$0"; echo ready; exec sleep 60'`}
	for name, interrupt := range map[string]func(*ptytest.Session, *exec.Cmd){
		"Ctrl-C":  func(s *ptytest.Session, _ *exec.Cmd) { s.Type("\x03") },
		"SIGTERM": func(_ *ptytest.Session, cmd *exec.Cmd) { _ = cmd.Process.Signal(syscall.SIGTERM) },
		"SIGHUP":  func(_ *ptytest.Session, cmd *exec.Cmd) { _ = cmd.Process.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			cmd := froyo(editor, "secret", "edit", "db/password")
			s := ptytest.Start(t, cmd, 100, 24)
			s.Wait("ready")
			interrupt(s, cmd)
			if code := s.End(); code == 0 {
				t.Error("it succeeded")
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Dir(strings.TrimSpace(string(file)))); err == nil {
				t.Errorf("%s is left", file)
			}
			if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "hunter2" {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestSecretEditEndsItsEditor: what the editor has started ends with the command, which holds its output open.
func TestSecretEditEndsItsEditor(t *testing.T) {
	t.Parallel()
	_, froyo := secretWorkspace(t)
	cmd := froyo([]string{`EDITOR=sh -c "echo ready; sleep 600; true" x`}, "secret", "edit", "db/password")
	out, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("%q %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines) // ends with the last process that has it open
	if err != nil || !strings.Contains(string(rest), "interrupted") {
		t.Errorf("%s %v", rest, err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it succeeded")
	}
}

// TestSecretEditFails: what was typed is not lost where it cannot be written, and may be given up.
func TestSecretEditFails(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	keeps(t, froyo, "db/password", "hunter2")
	list := filepath.Join(dir, "secrets", "recipients")
	good, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	begin := func(typed string) *ptytest.Session {
		t.Helper()
		s := ptytest.Start(t, froyo([]string{`EDITOR=sh -c 'echo ` + typed + ` >>"$0"; echo broken >` + list + `'`}, "secret", "edit", "db/password"), 100, 24)
		s.Wait("or (g)ive up?")
		return s
	}
	s := begin("1")
	s.Type("g\r")
	s.Wait("given up; the secret is as it was")
	if code := s.End(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if err := os.WriteFile(list, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "hunter2" {
		t.Errorf("%q", got)
	}
	s = begin("3")
	if err := os.WriteFile(list, good, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Type("t\r")
	s.Wait("db/password is kept")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "hunter23" {
		t.Errorf("%q", got)
	}
	// One that another process has changed is replaced only after a question.
	other := `EDITOR=sh -c 'printf other | ` + os.Args[0] + ` secret set db/password; echo mine >"$0"'`
	s = ptytest.Start(t, froyo([]string{other}, "secret", "edit", "db/password"), 100, 24)
	s.Wait("(r)eplace what is there now")
	s.Type("r\r")
	s.Wait("db/password is kept")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got := output(t, froyo(nil, "secret", "get", "db/password")); got != "mine" {
		t.Errorf("%q", got)
	}
}

// TestSecretRmOnTerminal asks, and is told by anything but y that it is not wanted.
func TestSecretRmOnTerminal(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	keeps(t, froyo, "a", "x")
	for answer, left := range map[string]bool{"n\r": true, "\x04": true} {
		s := ptytest.Start(t, froyo(nil, "secret", "rm", "a"), 80, 24)
		s.Wait("[y/N]")
		s.Type(answer)
		s.Wait("not approved; nothing was removed")
		if code := s.End(); code != 1 {
			t.Errorf("exit code %d", code)
		}
		if _, err := os.Stat(filepath.Join(dir, "secrets", "a.age")); (err == nil) != left {
			t.Error(err)
		}
	}
	s := ptytest.Start(t, froyo(nil, "secret", "rm", "a"), 80, 24)
	s.Wait("[y/N]")
	s.Type("y\r")
	s.Wait("removed secrets/a.age")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestSecretPassphrase is asked for on the terminal, once, and only where no other key opens the secret.
func TestSecretPassphrase(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	key := filepath.Join(dir, ".ssh", "id_ed25519")
	if err := os.Mkdir(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-C", "bob", "-f", key).CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("there is no ssh-keygen")
		}
		t.Fatalf("%v: %s", err, out)
	}
	keeps(t, froyo, "a", "value of a")
	keeps(t, froyo, "b", "value of b")
	worked(t, froyo(nil, "secret", "recipients", "add", key+".pub"))
	s := ptytest.Start(t, froyo(nil, "secret", "get", "a"), 80, 24)
	if code := s.End(); code != 0 || strings.TrimSpace(s.Screen()) != "value of a" {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
	if err := os.Remove(filepath.Join(dir, "data", "keys", "agekey")); err != nil {
		t.Fatal(err)
	}
	s = ptytest.Start(t, froyo(nil, "secret", "list"), 120, 24)
	if code := s.End(); code != 0 || strings.Count(s.Screen(), "yes") != 2 || strings.Contains(s.Screen(), "passphrase") {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
	own, _, _ := strings.Cut(lastLine(t, filepath.Join(dir, "secrets", "recipients"), "age1"), " ")
	s = ptytest.Start(t, froyo(nil, "secret", "recipients", "rm", own), 120, 24) // reads both
	s.Wait("passphrase of")
	s.Type("open sesame\r")
	s.Wait("encrypted 2 secrets and 1 key anew without")
	if code := s.End(); code != 0 || strings.Count(s.Screen(), "passphrase of") != 1 {
		t.Errorf("exit code %d: %q", code, s.Screen())
	}
	s = ptytest.Start(t, froyo(nil, "secret", "get", "a"), 250, 24)
	s.Wait("passphrase of")
	s.Type("wrong\r")
	s.Wait("the passphrase is wrong")
	if code := s.End(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if got := output(t, froyo([]string{"FROYO_IDENTITY_PASSPHRASE=open sesame"}, "secret", "get", "b")); got != "value of b" {
		t.Errorf("%q", got)
	}
}

// TestOnePassphrase: a key that opens the password of Ansible's vault and a secret of the runbook asks for its passphrase once.
func TestOnePassphrase(t *testing.T) {
	t.Parallel()
	dir, froyo := secretWorkspace(t)
	key := filepath.Join(dir, "one")
	if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "first pass", "-C", "bob", "-f", key).CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			t.Skip("there is no ssh-keygen")
		}
		t.Fatalf("%v: %s", err, out)
	}
	keeps(t, froyo, "vault/ops", "open sesame")
	keeps(t, froyo, "pw", "hunter2")
	worked(t, froyo(nil, "secret", "recipients", "add", key+".pub"))
	inventory, err := filepath.Abs("../../engine/inventory/source/testdata/vault/hosts.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"froyo.cue": "vaultPassword: secret: \"vault/ops\"\n", "site.star": "file(\"/x\", content = secret(\"pw\"))\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "data", "keys", "agekey"), filepath.Join(dir, "away")); err != nil {
		t.Fatal(err)
	}
	embedded(t)
	s := ptytest.Start(t, froyo([]string{"FROYO_IDENTITY=" + key}, "validate", "-i", inventory), 200, 40)
	s.Wait("passphrase of")
	s.Type("first pass\r")
	if code := s.End(); code != 0 || strings.Count(s.Bytes(), "passphrase of") != 1 {
		t.Errorf("exit code %d: %s", code, s.Screen())
	}
}

// lastLine is the last line of a file that begins with a text.
func lastLine(t *testing.T, file, begin string) (found string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, begin) {
			found = strings.TrimSpace(line)
		}
	}
	return found
}
