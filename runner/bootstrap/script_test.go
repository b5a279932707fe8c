package bootstrap

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/transport"
)

// as is a transport that logs in as a user.
type as string

func (a as) User() string                                            { return string(a) }
func (as) Near() bool                                                { return false }
func (as) Close() error                                              { return nil }
func (as) Start(context.Context, string) (*transport.Process, error) { return nil, errors.New("none") }

func (as) StartTerminal(context.Context, string) (*transport.Process, error) {
	return nil, errors.New("none")
}

// TestScripts keeps the scripts safe in single quotes under every login
// shell, and within what old shells take as one word.
func TestScripts(t *testing.T) {
	for name, script := range map[string]string{
		"bootstrap": bootstrapScript, "sudo": sudoScript, "su": suScript,
		"su as a user": suUserScript, "su by way of root": suRootScript, "doas": doasScript, "terminal": terminalScript,
	} {
		if strings.ContainsAny(script, "'\\!\n") {
			t.Errorf("the %s script has a character that some shell changes", name)
		}
		if len(script) > 2000 {
			t.Errorf("the %s script has %d characters", name, len(script))
		}
	}
	magic := protocol.NewMagic()
	for _, method := range []string{Sudo, Su, Doas} {
		for _, user := range []string{"root", "app"} {
			h := &Host{Transport: as("ops"), Method: method}
			line := h.asUser(script(magic, user, false, []string{"/tmp"}), magic, user, protocol.NewMagic(), true)
			if strings.Contains(line, magic) {
				t.Errorf("by %s the magic stands whole in the script, so an echo of it would be taken for an answer", method)
			}
			for _, left := range []string{"MAGIC", "DIRECTORIES", "UNPACKER", "OPTIONS", "USER"} {
				if strings.Contains(line, left) {
					t.Errorf("by %s %s was not filled in", method, left)
				}
			}
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
