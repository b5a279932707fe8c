package bootstrap

import (
	"bufio"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/protocol"
)

// TestScripts keeps the scripts safe in single quotes under every login
// shell, and within what old shells take as one word.
func TestScripts(t *testing.T) {
	for name, script := range map[string]string{"bootstrap": bootstrapScript, "sudo": sudoScript, "su": suScript} {
		if strings.ContainsAny(script, "'\\!\n") {
			t.Errorf("the %s script has a character that some shell changes", name)
		}
		if len(script) > 2000 {
			t.Errorf("the %s script has %d characters", name, len(script))
		}
	}
	magic := protocol.NewMagic()
	line := asUser(script(magic, "root", false, []string{"/tmp"}), magic, "ops", "root", protocol.NewMagic())
	if strings.Contains(line, magic) {
		t.Error("the magic stands whole in the script, so an echo of it would be taken for an answer")
	}
	for _, left := range []string{"MAGIC", "DIRECTORIES", "UNPACKER", "OPTIONS", "USER"} {
		if strings.Contains(line, left) {
			t.Errorf("%s was not filled in", left)
		}
	}
}

func TestPlatform(t *testing.T) {
	tests := []struct{ system, machine, want string }{
		{"Linux", "x86_64", "linux/amd64"},
		{"Linux", "aarch64", "linux/arm64"},
		{"Linux", "armv7l", "linux/arm"},
		{"Linux", "i686", "linux/386"},
		{"Linux", "riscv64", "linux/riscv64"},
		{"Linux", "armv5tel", "/"},
		{"Linux", "mips", "/"},
		{"Darwin", "arm64", "/"},
	}
	for _, test := range tests {
		goos, goarch, ok := report{system: test.system, machine: test.machine}.platform()
		if got := goos + "/" + goarch; got != test.want || ok != (test.want != "/") {
			t.Errorf("%s %s is %s, want %s", test.system, test.machine, got, test.want)
		}
	}
}

func FuzzReport(f *testing.F) {
	const magic = "froyo-0123456789abcdef"
	for _, seed := range []string{
		"R Linux x86_64 1 /tmp/." + magic, "E directory /tmp (noexec)", "E", "E ", "R", "R    ", "R Linux x86_64 2 /tmp/." + magic, "R a b 0 ", "",
	} {
		f.Add("noise\n" + magic + " " + seed + "\n")
	}
	f.Add(strings.Repeat("x", 70_000))
	f.Add(magic + "\n" + magic + " ")
	f.Fuzz(func(t *testing.T, text string) {
		line, noise, err := readLine(bufio.NewReaderSize(strings.NewReader(text), 16), magic+" ")
		if len(noise) > protocol.MaxNoise+16 {
			t.Errorf("kept %d bytes of noise", len(noise))
		}
		if err != nil {
			return
		}
		r, err := parseReport(line, magic)
		if err == nil && r.failed == "" && (!strings.HasPrefix(r.dir, "/") || !strings.HasSuffix(r.dir, "/."+magic)) {
			t.Errorf("%q gave the directory %q", line, r.dir)
		}
	})
}
