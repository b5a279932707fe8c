package proctree

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/proctree/proctreetest"
)

// TestMain lets the test's own program be a runner that starts something and is killed.
func TestMain(m *testing.M) {
	if run := os.Getenv("FROYO_TEST_RUN"); run != "" {
		runner(run, os.Getenv("FROYO_TEST_HOW"), os.Args[1:])
	}
	proctreetest.Main(m)
}

func runner(run, how string, argv []string) {
	t := New()
	if how == "marked" {
		t = Unprivileged()
	}
	t.Enter(run)
	if token, err := strconv.ParseInt(os.Getenv("FROYO_TEST_TOKEN"), 10, 64); err == nil {
		t.Depend(token)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	attr := &os.ProcAttr{Dir: "/", Env: []string{"PATH=/usr/bin:/bin"}, Files: []*os.File{null, null, null}, Sys: &syscall.SysProcAttr{Setsid: true}}
	tree, err := t.Start("/bin/sh", append([]string{"sh", "-c"}, argv...), attr, how == "background")
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(strconv.Itoa(tree.Process.Pid) + "\n")
	select {}
}

// killed runs a command by a runner that is killed once the command has made a file.
func killed(t *testing.T, run, how, command string) {
	t.Helper()
	made := filepath.Join(t.TempDir(), "made")
	cmd := exec.Command("/proc/self/exe", "cd "+filepath.Dir(made)+"; "+command)
	cmd.Env = append(os.Environ(), "FROYO_TEST_RUN="+run, "FROYO_TEST_HOW="+how)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { New().EndRun(run, 0) })
	for range 3000 {
		if _, err := os.Stat(made); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// TestLeft finds what a runner that was killed left running, of any shape, and ends it.
func TestLeft(t *testing.T) {
	hows := []string{"marked"}
	if openGroups() != nil {
		hows = append(hows, "group")
	}
	shapes := map[string]string{
		"plain":          "touch made; sleep 100; true",
		"double fork":    "(setsid sh -c 'touch made; sleep 100' &) & exit",
		"deaf":           "trap '' TERM; touch made; sleep 100; true",
		"no environment": "env -i setsid sh -c 'touch made; sleep 100' & exit",
		"below":          "(env -i setsid sh -c 'touch made; sleep 100'; true) & wait",
	}
	for _, how := range hows {
		for name, command := range shapes {
			t.Run(how+" "+name, func(t *testing.T) {
				if how == "marked" && name == "no environment" {
					t.Skip("what clears its environment and leaves its parents is seen in a cgroup only")
				}
				run := "test-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
				killed(t, run, how, command)
				tracker := New()
				var found []op.Process
				sleeps := func() bool {
					return slices.ContainsFunc(found, func(p op.Process) bool { return p.Command == "sleep 100" })
				}
				for deadline := time.Now().Add(20 * time.Second); !sleeps(); time.Sleep(2 * time.Millisecond) {
					if time.Now().After(deadline) {
						t.Fatalf("found %+v", found)
					}
					found = of(run, tracker.Left("another", anyToken)) // the shell may be just about to start it
				}
				for _, p := range found {
					if ago := time.Since(time.UnixMilli(p.Since)); p.UID != os.Getuid() || !p.Trusted || ago < -5*time.Second || ago > time.Minute {
						t.Errorf("%+v, %s ago", p, ago)
					}
				}
				if same := of(run, tracker.Left(run, anyToken)); len(same) != len(found) {
					t.Errorf("of the run itself: %+v, want %+v", same, found)
				}
				began := time.Now()
				if still := tracker.EndRun(run, 300*time.Millisecond); len(still) > 0 {
					t.Errorf("still running: %+v", still)
				}
				if took := time.Since(began); name == "deaf" && took < 300*time.Millisecond {
					t.Errorf("it was not asked first: %s", took)
				}
				if found := of(run, tracker.Left("another", anyToken)); len(found) > 0 {
					t.Errorf("left: %+v", found)
				}
			})
		}
	}
}

func anyToken(int64) bool { return true }

// TestLeftOfEarlierAttempts tells what a living runner of the run itself has under way
// by its lock: it is left where that is an earlier attempt's.
func TestLeftOfEarlierAttempts(t *testing.T) {
	hows := []string{"marked"}
	if openGroups() != nil {
		hows = append(hows, "group")
	}
	for _, how := range hows {
		for _, test := range []struct {
			token string
			want  bool
		}{{"4", true}, {"5", false}, {"", false}} {
			run := "test-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
			cmd := exec.Command("/proc/self/exe", "exec sleep 100")
			cmd.Env = append(os.Environ(), "FROYO_TEST_RUN="+run, "FROYO_TEST_HOW="+how, "FROYO_TEST_TOKEN="+test.token)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait() // it was killed
				New().EndRun(run, 0)
			})
			var line [16]byte
			if _, err := out.Read(line[:]); err != nil { // it has started its program
				t.Fatal(err)
			}
			seen := false // its environment may come a moment later than it
			for deadline := time.Now().Add(20 * time.Second); !seen && time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
				seen = len(of(run, New().Left("another", anyToken))) > 0
			}
			if !seen {
				t.Errorf("%s, token %q: another run does not see it", how, test.token)
			}
			found := of(run, New().Left(run, func(token int64) bool { return token == 5 }))
			if got := len(found) > 0; got != test.want {
				t.Errorf("%s, token %q: found %+v", how, test.token, found)
			}
		}
	}
}

// setuidShell makes a directory with a shell of root's, setuid, that all may run.
func setuidShell(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trusted")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.WriteFile(dir+"/setuid", program, 0o755), os.Chmod(dir+"/setuid", os.ModeSetuid|0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestTrusted has a user name a run with a setuid program, and below a marked process of
// theirs something that became root's: it is seen, and not trusted.
func TestTrusted(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	dir := setuidShell(t)
	gone := mark{run: "claimed", token: 1, ns: namespace(), pid: 1, start: "1"}
	cmd := exec.Command("/bin/sh", "-c", dir+"/setuid -p -c 'echo; read x; true'; true")
	cmd.Env = []string{"PATH=/usr/bin:/bin", gone.variable()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // what its shell says is no matter
	})
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	found := of("claimed", New().Left("another", anyToken))
	roots := 0
	for _, p := range found {
		info, err := os.Stat("/proc/" + strconv.Itoa(p.PID))
		if err != nil {
			t.Fatal(err)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid == 0 {
			roots++
		}
		if p.Trusted || p.UID != 65534 {
			t.Errorf("got %+v", p)
		}
	}
	if len(found) != 2 {
		t.Errorf("found %+v, want both", found)
	}
	if roots == 0 {
		t.Skip("programs do not become root here")
	}
	became := leftover{&process{pid: os.Getpid(), start: startOf(os.Getpid())}, claim{"claimed", false}}
	if p := described([]leftover{became})[0]; p.Trusted {
		t.Errorf("below a process of the user's: %+v", p)
	}
}

// of are the processes of a run: others may be under test beside this one.
func of(run string, all []op.Process) []op.Process {
	return slices.DeleteFunc(slices.Clone(all), func(p op.Process) bool { return p.Run != run })
}

// TestNotLeft has what does not belong to the run not found: what a living runner of the
// run itself runs, what was let go without a cgroup, what is marked from another PID namespace.
func TestNotLeft(t *testing.T) {
	tracker := Unprivileged()
	tracker.Enter("mine")
	other := self()
	other.run, other.ns = "elsewhere", "1"
	for _, env := range []string{other.variable(), "FROYO_RUN=nonsense", "FROYO_RUN=" + strings.Repeat("x", 1<<16)} {
		cmd := exec.Command("sleep", "100")
		cmd.Env = []string{env}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
		for _, p := range tracker.Left("mine", anyToken) {
			if p.PID == cmd.Process.Pid {
				t.Errorf("%.40s: %+v", env, p)
			}
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	tree, err := tracker.Start("/bin/sleep", []string{"sleep", "100"}, &os.ProcAttr{Files: []*os.File{null, null, null}, Env: []string{}}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"mine", "other"} {
		for _, p := range New().Left(run, anyToken) {
			if p.PID == tree.Process.Pid {
				t.Errorf("the own program: %+v", p)
			}
		}
	}
	done := make(chan struct{})
	go func() {
		_, _ = tree.Process.Wait()
		close(done)
	}()
	if !tree.End(time.Second, done) {
		t.Error("it does not end")
	}
	tree.Done()
}

func BenchmarkLeft(b *testing.B) {
	t := Unprivileged()
	for b.Loop() {
		t.Left("another", anyToken)
	}
	b.ReportMetric(float64(len(all())), "processes")
}
