package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tinyMemory is the control group of a host that has 64 MB for all that runs there.
func tinyMemory(t *testing.T) (group string) {
	t.Helper()
	parent, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat(parent); err != nil {
		parent, limit = "/sys/fs/cgroup", "memory.max"
	}
	if _, err := os.Stat(filepath.Join(parent, "cgroup.procs")); err != nil {
		t.Skip("this machine has no control groups for memory")
	}
	group = filepath.Join(parent, "froyo-tiny-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil { //nolint:gosec // as others there
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(group); err != nil {
			t.Errorf("something of it is left: %v", err)
		}
	})
	file, err := os.OpenFile(filepath.Join(group, limit), os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	if _, err := file.WriteString(strconv.Itoa(64 << 20)); err != nil {
		t.Skip(err)
	}
	return group
}

// TestTinyMemory: a host with 64 MB gets a tree of 1000 files, a large file and a loud command, and what takes more is told by its
// name.
func TestTinyMemory(t *testing.T) {
	t.Parallel()
	embedded(t)
	group, dir := tinyMemory(t), t.TempDir()
	write := func(name string, text []byte) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil { //nolint:gosec // as it is made by others
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		write("tree/f"+strconv.Itoa(i), bytes.Repeat([]byte(strconv.Itoa(i)+"\n"), 500))
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 6<<20) // 96 MiB
	write("large", large)
	write("hosts.cue", fmt.Appendf(nil, "hosts: tiny: connection: [\"sh\", \"-c\", \"echo $$ >%s/cgroup.procs && exec \\\"$@\\\"\", \"sh\"]\n", group))
	write("site.star", fmt.Appendf(nil, `def tiny(host):
    sync(%[1]q, src = "tree")
    file(%[2]q, source = "large")
    cmd("head -c 100000000 /dev/zero | tr '\\0' x", name = "loud")
    cmd("dd if=/dev/zero of=/dev/null bs=150M count=1", name = "greedy")
play("tiny", do = tiny)
`, filepath.Join(dir, "out", "tree"), filepath.Join(dir, "out", "large")))
	if err := os.Mkdir(filepath.Join(dir, "out"), 0o755); err != nil { //nolint:gosec // as others
		t.Fatal(err)
	}
	out, err := froyoIn(t, dir)(nil, "apply", "-y", "-i", "hosts.cue").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cmd[greedy]: exit code 137") || !strings.Contains(string(out), "changed=3    unreachable=0    failed=1") {
		t.Errorf("%v: %s", err, out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "out", "large")); err != nil || !bytes.Equal(got, large) {
		t.Errorf("the large file is another: %v", err)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "out", "tree")); err != nil || len(files) != 1000 {
		t.Errorf("%d files, %v", len(files), err)
	}
}
