package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runtime/cli/prompt/ptytest"
)

// atPrompt types at froyo repl -y or without, about this machine.
func atPrompt(t *testing.T, flags ...string) (s *ptytest.Session, dir string) {
	t.Helper()
	embedded(t)
	dir = t.TempDir()
	for name, text := range map[string]string{
		"froyo.cue": "inventory: \"hosts.cue\"\n", "hosts.cue": "hosts: localhost: {connection: \"local\"}\n",
		"site.star": "def touch(host):\n    cmd(\"touch " + dir + "/touched\")\n\ndef slow(host):\n    cmd(\"trap '' TERM INT; touch " + dir + "/begun; sleep 2; touch " + dir + "/ended\")\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := froyoIn(t, dir)(nil, append([]string{"repl"}, flags...)...)
	s = ptytest.Start(t, cmd, 100, 30)
	waiting(s)
	return s, dir
}

// waiting waits for a prompt on which nothing is typed.
func waiting(s *ptytest.Session) {
	s.Until("a prompt", func(screen string) bool { return strings.HasSuffix(strings.TrimRight(screen, " \n"), "\nfroyo>") })
}

// TestReplQuestion: what is typed after Ctrl-C at a question is an entry.
func TestReplQuestion(t *testing.T) {
	t.Parallel()
	s, dir := atPrompt(t)
	times := func(text string, n int) {
		s.Until(text, func(screen string) bool { return strings.Count(screen, text) == n })
		if text == "[y/N]" {
			return
		}
		waiting(s)
	}
	for i := range 2 {
		s.Type("apply(touch)\r")
		times("[y/N]", i+1)
		s.Type("\x03")
		times("nothing further was done", i+1)
		s.Type("20 + 22\r")
		times("\n42\n", i+1)
	}
	if _, err := os.Stat(filepath.Join(dir, "touched")); err == nil {
		t.Error("it was done")
	}
	s.Type("\x04")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestReplApplyEnds: an apply that is interrupted twice is waited for, and SIGTERM ends the session, too.
func TestReplApplyEnds(t *testing.T) {
	t.Parallel()
	s, dir := atPrompt(t, "-y")
	begun := func() bool {
		_, err := os.Stat(filepath.Join(dir, "begun"))
		return err == nil
	}
	s.Type("apply(slow)\r")
	s.Until("it has begun", func(string) bool { return begun() })
	s.Type("\x03\x03")
	waiting(s)
	if n := strings.Count(s.Screen(), "interrupted"); n > 1 {
		t.Errorf("it is told %d times:\n%s", n, s.Screen())
	}
	s.Type("1 + 1\r")
	s.Wait("\n2\n")
	if err := os.Remove(filepath.Join(dir, "begun")); err != nil {
		t.Fatal(err)
	}
	waiting(s)
	s.Type("apply(slow)\r")
	s.Until("it has begun", func(string) bool { return begun() })
	s.Signal(syscall.SIGTERM)
	if code := s.End(); code != 130 {
		t.Errorf("exit code %d\n%s", code, s.Screen())
	}
}

// TestReplPlain: without a line editor Ctrl-C drops what was typed, and not the session.
func TestReplPlain(t *testing.T) {
	t.Setenv("TERM", "dumb")
	s, _ := atPrompt(t)
	s.Type("1 + ")
	s.Wait("froyo> 1 +")
	s.Type("\x03")
	s.Until("another prompt", func(screen string) bool { return strings.Count(screen, "froyo>") == 2 })
	waiting(s)
	s.Type("2 + 3\r")
	s.Wait("\n5\n")
	waiting(s)
	s.Type("\x04")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestReplBlank: an entry that begins with a blank is evaluated, and not kept.
func TestReplBlank(t *testing.T) {
	t.Parallel()
	s, dir := atPrompt(t)
	s.Type(" 6 * 7\r")
	s.Wait("\n42\n")
	waiting(s)
	s.Type("7 * 7\r")
	s.Wait("\n49\n")
	waiting(s)
	s.Type("\x04")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "data", "repl_history"))
	if err != nil || strings.Contains(string(kept), "6 * 7") || !strings.Contains(string(kept), "7 * 7") {
		t.Errorf("%v, kept %q", err, kept)
	}
}

// TestReplCompletion: Tab proposes names, arguments and their values, hosts, attributes, namespaces of facts, files.
func TestReplCompletion(t *testing.T) {
	t.Parallel()
	s, _ := atPrompt(t)
	for _, tt := range []struct{ typed, want string }{
		{"tou", "touch("},
		{"pkg(\"nginx\", stat", "pkg(\"nginx\", state = "},
		{"pkg(\"nginx\", state = \"lat", "pkg(\"nginx\", state = \"latest"},
		{"pkg(\"nginx\", on_fai", "pkg(\"nginx\", on_failure = "},
		{"plan(touch, hosts = \"loc", "plan(touch, hosts = \"localhost"},
		{"host(\"loc", "host(\"localhost"},
		{"host(\"localhost\").chec", "host(\"localhost\").checksum("},
		{"host(\"localhost\").facts.hw.c", "host(\"localhost\").facts.hw.cpu."},
		{"[h.facts.os.basic.codena", "[h.facts.os.basic.codename"},
		{"load(\"si", "load(\"site.star"},
		{"load(\"@std//pa", "load(\"@std//paths.star"},
	} {
		s.Type(tt.typed + "\t")
		s.Until(tt.want, func(screen string) bool {
			return strings.Contains(screen+"\n", "froyo> "+strings.TrimRight(tt.want, " "))
		})
		s.Type("\x03")
		waiting(s)
	}
	s.Type("\x04")
	if code := s.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
