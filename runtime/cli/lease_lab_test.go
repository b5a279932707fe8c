package cli_test

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// turns is a runbook that takes its time between two files, so that a second
// run finds the first at work. Each run writes its own name into all of them.
const turns = `
for i in range(6):
    file("/srv/lab/turn%d" % i, content = vars.who + "\n", mode = "0644")
    if i == 2:
        cmd("touch /srv/lab/busy; sleep " + vars.pause + "; rm /srv/lab/busy", name = "pause")
`

// operators are two who work on the same host with nothing in common.
func operators(t *testing.T, user string) (f *froyo, second *froyo) {
	t.Helper()
	f = start(t, 1)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // guests are compiled once for both
	f.hosts[0].SSH(t, "mkdir -p -m 0777 /srv/lab")
	second = &froyo{dir: t.TempDir(), hosts: f.hosts, binary: f.binary, reloads: map[string]int{}}
	for _, o := range []*froyo{f, second} {
		o.write(t, "site.star", turns)
		o.inventory(t, user, nil)
		o.trust(t)
	}
	return f, second
}

// busy starts an apply in the background and waits until it is in the middle of its changes.
func (f *froyo) busy(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := f.command(t.Context(), append([]string{"apply", "-y", "-i", "hosts.ini", "-e", "who=first"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.hosts[0].SSH(t, "for i in $(seq 600); do [ -e /srv/lab/busy ] && exit 0; sleep 0.1; done; exit 1")
	return cmd, &out
}

// turnsOf expects all files to be of one run.
func (f *froyo) turnsOf(t *testing.T, who string) {
	t.Helper()
	got := strings.Fields(f.hosts[0].SSH(t, "cat /srv/lab/turn*"))
	if strings.Join(got, " ") != strings.TrimSpace(strings.Repeat(who+" ", 6)) {
		t.Errorf("the files are of %q, want all of %s", got, who)
	}
}

var refusal = regexp.MustCompile(`h1: the host is being changed by \S+@\S+, since \d\d:\d\d:\d\d, run (\d{8}-\d{6}-[0-9a-f]{6})`)

func TestLabLease(t *testing.T) {
	for _, user := range []string{"root", "ops"} {
		t.Run("two operators as "+user, func(t *testing.T) {
			f, second := operators(t, user)
			cmd, out := f.busy(t, "-e", "pause=8")
			code, _, stderr := second.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0")
			if code != 7 || !refusal.MatchString(stderr) || !strings.Contains(stderr, "hint: wait, or: froyo lock break 20") {
				t.Errorf("the second: exit code %d, want 7 and who has the host", code)
			}
			code, _, stderr = second.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0", "--lock-timeout", "30s")
			if code != 0 || !strings.Contains(stderr, "waiting for ") {
				t.Errorf("the second, with time: exit code %d", code)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("the first: %v\n%s", err, out)
			}
			f.turnsOf(t, "second")
			f.clean(t)
		})
	}
	t.Run("one workspace twice", func(t *testing.T) {
		f, _ := operators(t, "root")
		cmd, out := f.busy(t, "-e", "pause=8")
		code, stdout, _ := f.finish(t, f.command(t.Context(), "lock", "list"))
		if code != 0 || !strings.Contains(stdout, "/h1") || !strings.Contains(stdout, "alive") {
			t.Errorf("lock list: exit code %d", code)
		}
		code, _, stderr := f.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0")
		if code != 7 || !refusal.MatchString(stderr) {
			t.Errorf("the second: exit code %d, want 7", code)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the first: %v\n%s", err, out)
		}
		f.turnsOf(t, "first")
		if code, stdout, _ = f.finish(t, f.command(t.Context(), "lock", "list")); code != 0 || stdout != "no locks are held\n" {
			t.Errorf("lock list: exit code %d", code)
		}
		f.clean(t)
	})
	t.Run("root and another user", func(t *testing.T) {
		f, second := operators(t, "root")
		second.inventory(t, "opspw", nil)
		cmd, _ := f.busy(t, "-e", "pause=8")
		if code, _, stderr := second.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0"); code != 7 || !refusal.MatchString(stderr) {
			t.Errorf("the second: exit code %d, want 7", code)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		f.turnsOf(t, "first")
		f.clean(t)
	})
}

// TestLabLeaseOfTheDead kills the first run: the second has the host at once.
func TestLabLeaseOfTheDead(t *testing.T) {
	f, second := operators(t, "root")
	for _, of := range []struct {
		name string
		next *froyo
	}{{"another workspace", second}, {"the same", f}} {
		t.Run(of.name, func(t *testing.T) {
			cmd, _ := f.busy(t, "-e", "pause=60")
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			began := time.Now()
			if code, _, _ := of.next.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0", "--lock-timeout", "20s"); code != 0 {
				t.Errorf("the next: exit code %d, want 0", code)
			}
			if took := time.Since(began); took > 12*time.Second {
				t.Errorf("it took %s", took)
			}
			f.turnsOf(t, "second")
			f.hosts[0].SSH(t, "rm -f /srv/lab/turn* /srv/lab/busy")
		})
	}
	f.clean(t)
}

// TestLabLockBreak takes the host from a run that is at work.
func TestLabLockBreak(t *testing.T) {
	f, second := operators(t, "root")
	cmd, out := f.busy(t, "-e", "pause=60")
	_, _, stderr := second.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0")
	found := refusal.FindStringSubmatch(stderr)
	if found == nil {
		t.Fatal("the second was not refused")
	}
	if code, stdout, _ := second.run(t, "lock", "break", found[1], "-y"); code != 0 || !strings.Contains(stdout, "h1: released from run "+found[1]) {
		t.Errorf("lock break: exit code %d", code)
	}
	if code, _, _ := second.run(t, "apply", "-y", "-e", "who=second", "-e", "pause=0"); code != 0 {
		t.Errorf("the second, now: exit code %d", code)
	}
	if err := cmd.Wait(); err == nil {
		t.Errorf("the first went well\n%s", out)
	}
	second.turnsOf(t, "second")
	f.clean(t)
}
