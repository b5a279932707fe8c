package store_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ageProgram runs the real age.
func ageProgram(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "age", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("age %q: %v: %s", args, err, stderr.String())
	}
	return string(out)
}

// TestAsAge: age reads what the store writes, as it is, by age keys and SSH keys; what age writes is the store's once it says
// which secret it is.
func TestAsAge(t *testing.T) {
	if _, err := exec.LookPath("age"); err != nil {
		t.Skip("age is not installed")
	}
	dir, alice, bob := t.TempDir(), newOperator(t, "alice"), newSSH(t, "bob", "")
	s := opened(dir, alice)
	if _, _, err := s.AddRecipients(t.Context(), bob.public); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"empty": "", "text": "hunter2", "line": "hunter2\n", "bytes": "\x00\xff\r\n\x1a", "chunk": strings.Repeat("x", 64<<10), "more/large": strings.Repeat("xy", 200<<10),
	} {
		set(t, s, name, value)
		for _, key := range []string{alice.file, bob.file} {
			if got := ageProgram(t, nil, "-d", "-i", key, s.File(name)); got != value {
				t.Errorf("%s by %s: %d bytes, want %d", name, filepath.Base(key), len(got), len(value))
			}
		}
		for _, flags := range [][]string{{"-a"}, nil} { // with and without armour
			written := ageProgram(t, []byte(value), append(flags, "-r", alice.public.Key)...)
			if err := os.WriteFile(s.File(name), []byte(written), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.Get(t.Context(), name)
			refused(t, err, "another program wrote it")
			set(t, s, name, ageProgram(t, nil, "-d", "-i", alice.file, s.File(name))) // as the hint says
			get(t, s, name, value)
		}
	}
}
