package program

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
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/proctree"
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
		{"directory", op.Exec{Shell: "pwd -P", Dir: "/proc"}, op.ExecResult{Stdout: "/proc\n"}},
		{"no directory", op.Exec{Shell: "pwd"}, op.ExecResult{Stdout: "/\n"}},
		{"environment", op.Exec{Shell: `echo "$LANG $PATH"`}, op.ExecResult{Stdout: "C.UTF-8 " + searchPath + "\n"}},
		{"added to the environment", op.Exec{Shell: `echo "$A $LANG"`, Env: []string{"A=1", "LANG=C", "A=2"}}, op.ExecResult{Stdout: "2 C\n"}},
		{"stdin", op.Exec{Argv: []string{"cat"}, Stdin: op.NewBlob([]byte("a\x00b\n"))}, op.ExecResult{Stdout: "a\x00b\n"}},
		{"stdin that is not read", op.Exec{Argv: []string{"true"}, Stdin: op.NewBlob(make([]byte, 1<<20))}, op.ExecResult{}},
		{"no stdin", op.Exec{Shell: "cat; readlink /proc/self/fd/0"}, op.ExecResult{Stdout: "/dev/null\n"}},
		{"not UTF-8", op.Exec{Shell: `printf 'a\377b'`}, op.ExecResult{Stdout: "a\uFFFDb", StdoutRaw: "Yf9i"}},
		{"limit", op.Exec{Shell: "seq 100000; echo end >&2", Limit: 4}, op.ExecResult{Stdout: "000\n", Stderr: "end\n", StdoutCut: true, StdoutLeft: 588891}},
		{"limit within a character", op.Exec{Shell: "printf éééa", Limit: 4}, op.ExecResult{Stdout: "éa", StdoutCut: true, StdoutLeft: 4}},
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
				e := performtest.Refused(t, m, op.Op{Exec: &tt.exec}, "enoent")
				if want := `there is no program "ls" in ` + dir; e.Message != want {
					t.Errorf("got %q, expected %q", e.Message, want)
				}
				return
			}
			got := performtest.Do(t, m, op.Op{Exec: &tt.exec}).Exec
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("result differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExecDefaultLimits(t *testing.T) {
	m := newMachine(t)
	for limit, want := range map[int64]int{0: op.DefaultOutput, op.MaxOutput: op.MaxOutput} {
		got := performtest.Do(t, m, op.Op{Exec: &op.Exec{Shell: "head -c 3000000 /dev/zero", Limit: limit}}).Exec
		if len(got.Stdout) != want || !got.Truncated() || got.RC != 0 {
			t.Errorf("limit %d: got %d bytes, truncated %v, rc %d", limit, len(got.Stdout), got.Truncated(), got.RC)
		}
	}
}

func TestExecRefused(t *testing.T) {
	dir := t.TempDir()
	performtest.Put(t, dir+"/plain", "text", 0o644)
	performtest.Put(t, dir+"/script", "#!/no/such/interpreter\n", 0o755)
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
		{"no such directory", op.Exec{Shell: "true", Dir: "/no/such"}, "enoent", "enter /no/such: no such file or directory"},
		{"directory is a file", op.Exec{Shell: "true", Dir: dir + "/plain"}, "enotdir", "enter " + dir + "/plain"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e := performtest.Refused(t, m, op.Op{Exec: &tt.exec}, tt.code); !strings.Contains(e.Message, tt.want) {
				t.Errorf("got %q, expected %q", e.Message, tt.want)
			}
		})
	}
}

// TestExecBackground checks that what is to stay neither keeps the op from ending
// nor is ended with it.
func TestExecBackground(t *testing.T) {
	trackers(t, func(t *testing.T, m *fixture) {
		for name, start := range shapes {
			got := performtest.Do(t, m, op.Op{Exec: &op.Exec{Shell: start, Background: true}}).Exec
			pids := pidsIn(t, got.Stdout)
			time.Sleep(50 * time.Millisecond)
			for _, pid := range pids { // all of them, since other tests would wait for what is left
				if !lives(pid) {
					t.Errorf("%s: the program in the background is gone", name)
				}
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Errorf("%s: the program in the background is gone: %v", name, err)
				}
			}
		}
	})
}

// shapes start "sleep 1000" behind the back of the shell, and print the numbers.
var shapes = map[string]string{
	"&":               "sleep 1000 & echo $!",
	"closed":          "sleep 1000 >/dev/null 2>&1 & echo $!",
	"setsid":          "setsid sleep 1000 >/dev/null 2>&1 & echo $!",
	"double fork":     "(setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!' &); sleep 0.1",
	"no environment":  "(env -i setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!' &); sleep 0.1",
	"deaf":            "(trap '' TERM; setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!' &); sleep 0.1",
	"pipe":            "sh -c 'sleep 1000 >/dev/null & echo $!' | cat",
	"many at the end": "for i in 1 2 3 4 5; do setsid sleep 1000 >/dev/null 2>&1 & echo $!; done",
}

func pidsIn(t *testing.T, text string) []int {
	t.Helper()
	var pids []int
	for field := range strings.FieldsSeq(text) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("got %q, want numbers of processes", text)
		}
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		t.Fatal("got no numbers of processes")
	}
	return pids
}

// lives reports whether a process is neither gone nor only still to be waited for.
func lives(pid int) bool {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // nothing where it is gone
	return len(stat) > 0 && !strings.Contains(string(stat), ") Z ")
}

// trackers runs a test with programs in cgroups, where there are any, and without.
func trackers(t *testing.T, test func(t *testing.T, m *fixture)) {
	t.Helper()
	t.Run("as can be", func(t *testing.T) { test(t, newMachine(t)) })
	t.Run("unprivileged", func(t *testing.T) {
		m := newMachine(t)
		m.trees = proctree.Unprivileged()
		test(t, m)
	})
}

// TestExecLeftovers checks that what a program leaves running is waited for, and
// ended and said where it does not end in time.
func TestExecLeftovers(t *testing.T) {
	trackers(t, func(t *testing.T, m *fixture) {
		for name, start := range shapes {
			t.Run(name, func(t *testing.T) {
				file := t.TempDir() + "/pid"
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				var notes []string
				r := m.Perform(ctx, op.Op{Exec: &op.Exec{Shell: "{ " + start + "; } >'" + file + "'"}},
					perform.Stream{Note: func(text string) {
						notes = append(notes, text)
						cancel(&perform.Stop{Code: "timeout", Why: "did not end within 1s"})
					}})
				if r.Error == nil || r.Error.Code != "background" || !strings.Contains(r.Error.Message, "(sleep 1000)") ||
					!strings.Contains(r.Error.Message, "background = True") {
					t.Errorf("got %+v", r)
				}
				if len(notes) != 1 || !strings.Contains(notes[0], "(sleep 1000)") {
					t.Errorf("notes %q", notes)
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, pid := range pidsIn(t, string(text)) {
					if lives(pid) {
						t.Errorf("%d still runs", pid)
					}
				}
			})
		}
		began := time.Now()
		if got := performtest.Do(t, m, op.Op{Exec: &op.Exec{Shell: "(sleep 0.7; echo late) & echo first"}}).Exec; got.Stdout != "first\nlate\n" {
			t.Errorf("got %q", got.Stdout)
		}
		if took := time.Since(began); took < 700*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}

// TestExecApart checks that of programs at the same time each is waited for alone.
func TestExecApart(t *testing.T) {
	trackers(t, func(t *testing.T, m *fixture) {
		dir := t.TempDir()
		long := make(chan struct{})
		go func() {
			defer close(long)
			command := "(setsid sh -c 'while [ ! -e stop ]; do sleep 0.01; done' >/dev/null 2>&1 &); touch begun"
			performtest.Do(t, m, op.Op{Exec: &op.Exec{Shell: command, Dir: dir}})
		}()
		for {
			if _, err := os.Stat(dir + "/begun"); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		for range 8 {
			performtest.Do(t, m, op.Op{Exec: &op.Exec{Shell: "(setsid sleep 0.01 >/dev/null 2>&1 &); true"}})
		}
		select {
		case <-long:
			t.Error("what left something running was not waited for")
		default:
		}
		if err := os.WriteFile(dir+"/stop", nil, 0o600); err != nil {
			t.Error(err)
		}
		<-long
	})
}

func BenchmarkExec(b *testing.B) {
	m := newMachine(b)
	bench := func(name string) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if r := m.Perform(b.Context(), op.Op{Exec: &op.Exec{Argv: []string{"/bin/true"}}}, perform.Stream{}); r.Error != nil {
					b.Fatal(r.Error)
				}
			}
		})
	}
	bench("as can be")
	m.trees = proctree.Unprivileged()
	bench("unprivileged")
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
			performtest.Put(t, log, "", 0o600)
			ctx, cancel := context.WithCancelCause(t.Context())
			answer := make(chan op.Result, 1)
			m := newMachine(t)
			go func() {
				answer <- m.Perform(ctx, op.Op{Exec: &op.Exec{Shell: tt.shell, Env: []string{"LOG=" + log}}}, perform.Stream{})
			}()
			waitFor(t, func() bool { return strings.HasPrefix(performtest.Slurp(t, log), "up") })
			cancel(&perform.Stop{Code: "cancelled", Why: "was given up"})
			r := <-answer
			if r.Error == nil || r.Error.Code != "cancelled" {
				t.Errorf("got %+v, expected it to be cancelled", r)
			}
			if got := performtest.Slurp(t, log); got != tt.want {
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
