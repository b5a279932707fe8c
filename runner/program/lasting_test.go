package program

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/memfile"
	"github.com/openfroyo/froyo/runner/op"
)

func TestLast(t *testing.T) {
	tests := []struct {
		name, script string
		want         op.ExecResult
		wantLines    []string
	}{
		{"both streams in order", "echo a; echo b >&2; echo c; exit 3", op.ExecResult{RC: 3, Stdout: "a\nb\nc\n"}, []string{"a", "b", "c"}},
		{"nothing", ":", op.ExecResult{}, nil},
		{"no end of the line", "printf 'a\\rb'", op.ExecResult{Stdout: "a\rb"}, []string{"a", "b"}},
		{"signal", "kill -9 $$", op.ExecResult{RC: 137}, nil},
		{"not UTF-8", `printf 'a\377\n'`, op.ExecResult{Stdout: "a\uFFFD\n", StdoutRaw: "Yf8K"}, []string{"a\uFFFD"}},
		{"environment", `echo "$LANG $A"; cat`, op.ExecResult{Stdout: "C.UTF-8 1\n"}, []string{"C.UTF-8 1"}},
		{"output begun anew", "echo a; sleep 1; echo b >/dev/stderr; echo c", op.ExecResult{Stdout: "a\nc\n"}, []string{"a", "c"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			got, err := newMachine(t).RunLasting([]string{"sh", "-c", test.script}, []string{"A=1"}, func(line string) { lines = append(lines, line) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.wantLines, lines); diff != "" {
				t.Errorf("lines: -want +got:\n%s", diff)
			}
		})
	}
	if _, err := newMachine(t).RunLasting([]string{"no-such-program"}, nil, nil); err == nil || !strings.Contains(err.Error(), "there is no program") {
		t.Errorf("error %v, want that there is no program", err)
	}
}

// TestLastLong keeps the beginning and the end of a long output, and gives the
// memory of what was read back meanwhile.
func TestLastLong(t *testing.T) {
	got, err := newMachine(t).RunLasting([]string{"sh", "-c", "echo first; seq 2000000; echo last"}, nil, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Stdout, "first\n1\n") || !strings.HasSuffix(got.Stdout, "\n2000000\nlast\n") || !got.Truncated() {
		t.Errorf("truncated: %v, from %q to %q", got.Truncated(), got.Stdout[:20], got.Stdout[len(got.Stdout)-20:])
	}
	if len(got.Stdout) > lastingHead+2*lastingTail+8 {
		t.Errorf("%d bytes are kept", len(got.Stdout))
	}
}

func TestFollowerPunches(t *testing.T) {
	file, err := memfile.New("test")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	f := &follower{file: file, heard: func(string) {}}
	if _, err := file.Write(bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)); err != nil {
		t.Fatal(err)
	}
	f.read()
	kept := make([]byte, 1<<20)
	if _, err := file.ReadAt(kept, 0); err != nil || len(bytes.Trim(kept, "\x00")) > 0 {
		t.Errorf("error %v; %d bytes stayed in memory after they were read", err, len(bytes.Trim(kept, "\x00")))
	}
}

// outliveEnv makes the test's program one that runs a lasting program in that directory.
const outliveEnv = "FROYO_TEST_OUTLIVE"

// TestLastOutlives kills the process that runs a lasting program, which then
// goes on and may still write.
func TestLastOutlives(t *testing.T) {
	if dir := os.Getenv(outliveEnv); dir != "" {
		script := "echo begun; touch " + dir + "/begun; until [ -e " + dir + "/go ]; do sleep 0.02; done; echo more && echo more >&2 && touch " + dir + "/done"
		_, err := newMachine(t).RunLasting([]string{"sh", "-c", script}, nil, func(string) {})
		t.Fatalf("it ended: %v", err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLastOutlives$")
	cmd.Env = append(os.Environ(), outliveEnv+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(name string) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain for %s", name)
			}
		}
	}
	await("begun")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, and says so
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	await("done")
}
