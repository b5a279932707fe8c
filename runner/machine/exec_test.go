package machine

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

func TestExec(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		exec op.Exec
		want op.ExecResult
	}{
		{"argv", op.Exec{Argv: []string{"printf", "%s|%s", "a b", "$HOME"}}, op.ExecResult{Stdout: "a b|$HOME"}},
		{"shell", op.Exec{Shell: "echo out; echo err >&2; exit 3"}, op.ExecResult{RC: 3, Stdout: "out\n", Stderr: "err\n"}},
		{"signal", op.Exec{Shell: "kill -9 $$"}, op.ExecResult{RC: 137}},
		{"folder", op.Exec{Shell: "pwd -P", Dir: "/proc"}, op.ExecResult{Stdout: "/proc\n"}},
		{"no folder", op.Exec{Shell: "pwd"}, op.ExecResult{Stdout: "/\n"}},
		{"environment", op.Exec{Shell: `echo "$LANG $PATH"`}, op.ExecResult{Stdout: "C.UTF-8 " + searchPath + "\n"}},
		{"added to the environment", op.Exec{Shell: `echo "$A $LANG"`, Env: []string{"A=1", "LANG=C", "A=2"}}, op.ExecResult{Stdout: "2 C\n"}},
		{"stdin", op.Exec{Argv: []string{"cat"}, Stdin: op.NewBlob([]byte("a\x00b\n"))}, op.ExecResult{Stdout: "a\x00b\n"}},
		{"stdin that is not read", op.Exec{Argv: []string{"true"}, Stdin: op.NewBlob(make([]byte, 1<<20))}, op.ExecResult{}},
		{"no stdin", op.Exec{Shell: "cat; readlink /proc/self/fd/0"}, op.ExecResult{Stdout: "/dev/null\n"}},
		{"not UTF-8", op.Exec{Shell: `printf 'a\377b'`}, op.ExecResult{Stdout: "a\uFFFDb", Lossy: true}},
		{"limit", op.Exec{Shell: "seq 100000; echo end >&2", Limit: 4}, op.ExecResult{Stdout: "1\n2\n", Stderr: "end\n", Truncated: true}},
		{"limit within a character", op.Exec{Shell: "printf aééé", Limit: 4}, op.ExecResult{Stdout: "aé", Truncated: true}},
		{"exactly the limit", op.Exec{Shell: "printf abcd", Limit: 4}, op.ExecResult{Stdout: "abcd"}},
		{"no terminal", op.Exec{Shell: "(: </dev/tty) 2>/dev/null || echo none"}, op.ExecResult{Stdout: "none\n"}},
		{"own session", op.Exec{Shell: `set -- $(cat /proc/$$/stat); [ $1 = $5 ] && [ $1 = $6 ] && echo yes`}, op.ExecResult{Stdout: "yes\n"}},
		{"broken pipe ends a program", op.Exec{Shell: "yes | head -n1"}, op.ExecResult{Stdout: "y\n"}},
		{"not in PATH of its own", op.Exec{Argv: []string{"ls"}, Env: []string{"PATH=" + dir}}, op.ExecResult{}},
	}
	m := newMachine(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "not in PATH of its own" {
				e := refused(t, m, op.Op{Exec: &tt.exec}, "enoent")
				if want := `there is no program "ls" in ` + dir; e.Message != want {
					t.Errorf("got %q, expected %q", e.Message, want)
				}
				return
			}
			got := do(t, m, op.Op{Exec: &tt.exec}).Exec
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExecDefaultLimits(t *testing.T) {
	m := newMachine(t)
	for limit, want := range map[int64]int{0: defaultOutput, 1 << 40: maxOutput} {
		got := do(t, m, op.Op{Exec: &op.Exec{Shell: "head -c 3000000 /dev/zero", Limit: limit}}).Exec
		if len(got.Stdout) != want || !got.Truncated || got.RC != 0 {
			t.Errorf("limit %d: got %d bytes, truncated %v, rc %d", limit, len(got.Stdout), got.Truncated, got.RC)
		}
	}
}

func TestExecRefused(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/plain", "text", 0o644)
	put(t, dir+"/script", "#!/no/such/interpreter\n", 0o755)
	m := newMachine(t)
	tests := []struct {
		name       string
		exec       op.Exec
		code, want string
	}{
		{"no such program", op.Exec{Argv: []string{"/no/such/program"}}, "enoent", "run /no/such/program: no such file or directory"},
		{"no such name", op.Exec{Argv: []string{"no-such-program"}}, "enoent", `there is no program "no-such-program"`},
		{"not executable", op.Exec{Argv: []string{dir + "/plain"}}, "eacces", "permission denied"},
		{"no interpreter", op.Exec{Argv: []string{dir + "/script"}}, "enoent", "run " + dir + "/script"},
		{"no such folder", op.Exec{Shell: "true", Dir: "/no/such"}, "enoent", "enter /no/such: no such file or directory"},
		{"folder is a file", op.Exec{Shell: "true", Dir: dir + "/plain"}, "enotdir", "enter " + dir + "/plain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e := refused(t, m, op.Op{Exec: &tt.exec}, tt.code); !strings.Contains(e.Message, tt.want) {
				t.Errorf("got %q, expected %q", e.Message, tt.want)
			}
		})
	}
}

// TestExecBackground checks that a service started by a program neither keeps
// the op from ending nor is ended with it.
func TestExecBackground(t *testing.T) {
	m := newMachine(t)
	got := do(t, m, op.Op{Exec: &op.Exec{Shell: "sleep 1000 & echo $!"}}).Exec
	pid, err := strconv.Atoi(strings.TrimSpace(got.Stdout))
	if err != nil {
		t.Fatalf("got %q", got.Stdout)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the program in the background is gone: %v", err)
	}
}

// TestExecGivenUp checks that a program and its children are asked to end, and
// then ended.
func TestExecGivenUp(t *testing.T) {
	tests := []struct{ name, shell, want string }{
		{"ends when asked", `trap 'echo asked >>"$LOG"; exit' TERM; echo up >>"$LOG"; while :; do sleep 0.01; done`, "up\nasked\n"},
		{"must be ended", `trap '' TERM; echo up >>"$LOG"; while :; do sleep 0.01; done`, "up\n"},
		{"child must be ended", `sh -c 'trap "" TERM; echo up >>"$LOG"; while :; do sleep 0.01; done' >/dev/null 2>&1 & wait`, "up\n"},
		{"endless output", `echo up >>"$LOG"; exec yes`, "up\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := t.TempDir() + "/log"
			put(t, log, "", 0o600)
			ctx, cancel := context.WithCancelCause(t.Context())
			answer := make(chan op.Result, 1)
			m := newMachine(t)
			go func() {
				answer <- m.Perform(ctx, op.Op{Exec: &op.Exec{Shell: tt.shell, Env: []string{"LOG=" + log}}}, Stream{})
			}()
			waitFor(t, func() bool { return strings.HasPrefix(slurp(t, log), "up") })
			cancel(&Stop{"cancelled", "was given up"})
			r := <-answer
			if r.Error == nil || r.Error.Code != "cancelled" {
				t.Errorf("got %+v, expected it to be cancelled", r)
			}
			if got := slurp(t, log); got != tt.want {
				t.Errorf("the program wrote %q, expected %q", got, tt.want)
			}
			waitFor(t, func() bool { return !running(t, "LOG="+log) })
		})
	}
}

// waitFor polls what another process brings about.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	limit := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(limit) {
			t.Fatal("waited in vain")
		}
		time.Sleep(time.Millisecond)
	}
}

func slurp(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// running reports whether a process has an entry in its environment.
func running(t *testing.T, entry string) bool {
	t.Helper()
	procs, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procs {
		env, err := os.ReadFile("/proc/" + p.Name() + "/environ")
		if err == nil && strings.Contains(string(env), entry+"\x00") {
			return true
		}
	}
	return false
}

// TestExecOfFreshFile runs programs that were written a moment ago while
// others are being started, whose children may still hold them open.
func TestExecOfFreshFile(t *testing.T) {
	m := newMachine(t)
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			m.Perform(context.Background(), op.Op{Exec: &op.Exec{Argv: []string{"true"}}}, Stream{})
		}
	}()
	mode := uint32(0o755)
	for i := range 30 {
		path := dir + "/run" + strconv.Itoa(i)
		do(t, m, op.Op{Write: &op.Write{Path: path, Content: op.NewBlob([]byte("#!/bin/sh\necho ok\n")), Attributes: op.Attributes{Mode: &mode}}})
		if got := do(t, m, op.Op{Exec: &op.Exec{Argv: []string{path}}}).Exec.Stdout; got != "ok\n" {
			t.Errorf("got %q", got)
		}
	}
	<-done
}
