package cli_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// counted has commands of which only a line each tells that they ran, one that
// fails until the host has been repaired, and one that takes as long as the
// test wants.
const counted = `
def web(host):
    file("/srv/lab/conf", content = "x\n")
    cmd("echo ran >>/srv/lab/one", name = "one")
    cmd("test -e /srv/lab/fixed", name = "test", when = vars.get("broken", "") == host.name)
    act = delegate(vars.at).cmd if "at" in vars else cmd
    act("echo ran >>/srv/lab/slow; for i in $(seq 1500); do [ -e /srv/lab/go ] && break; sleep 0.02; done", name = "slow")
    cmd("echo ran >>/srv/lab/two", name = "two")
    act("echo ran >>/srv/lab/three", name = "three")

play("web", hosts = vars.hosts, do = web)
`

// lines tells how often each command ran on a host.
const lines = "cd /srv/lab && for f in one slow two; do echo $f $(cat $f 2>/dev/null | wc -l); done"

// startCounted takes hosts whose slow command is not slow where free.
func startCounted(t *testing.T, free bool) *froyo {
	t.Helper()
	f := startAll(t, counted)
	prepare := "mkdir -m 0777 /srv/lab"
	if free {
		prepare += "; touch /srv/lab/go"
	}
	f.each(t, prepare)
	return f
}

// TestLabResumeAFailure: one host of three is repaired after its unit has failed.
func TestLabResumeAFailure(t *testing.T) {
	f := startCounted(t, true)
	code, stdout, stderr := f.run(t, "apply", "-y", "-e", "hosts=h1:h2:h3", "-e", "broken=h2")
	if code != 3 || !strings.Contains(stderr, "fix the cause, then: froyo resume 20") {
		t.Errorf("exit code %d, want 3 and how to go on", code)
	}
	f.recap(t, stdout, "failed=1 +skipped=3", "h2")
	f.want(t, lines, "one 1\nslow 0\ntwo 0\n", "h2")
	f.want(t, lines, "one 1\nslow 1\ntwo 1\n", "h1", "h3")

	f.hosts[1].SSH(t, "touch /srv/lab/fixed")
	if code, _, _ := f.resume(t, "last"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	f.want(t, lines, "one 1\nslow 1\ntwo 1\n", "h1", "h2", "h3")
	f.clean(t)
}

// TestLabResumeALostRunner: the connection of one host is lost while an
// unguarded command is under way there.
func TestLabResumeALostRunner(t *testing.T) {
	f := startCounted(t, false)
	cmd, out := f.begin(t, "-e", "hosts=h1:h2")
	f.appears(t, "/srv/lab/slow", f.hosts[:2]...)
	f.hosts[0].SSH(t, `for e in /proc/[0-9]*/exe; do case $(readlink $e) in *froyo*"(deleted)") p=${e#/proc/}; kill -9 ${p%/exe};; esac; done 2>/dev/null; true`)
	f.hosts[1].SSH(t, "touch /srv/lab/go")
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 4 {
		t.Errorf("%v, want exit code 4\n%s", err, out)
	}
	if !strings.Contains(out.String(), "; 1 host unreachable\n    fix the cause, then: froyo resume 20") {
		t.Errorf("it does not say what was lost and how to go on:\n%s", out)
	}
	f.want(t, lines, "one 1\nslow 1\ntwo 0\n", "h1")
	f.want(t, lines, "one 1\nslow 1\ntwo 1\n", "h2")
	f.ends(t, "interrupted")

	f.hosts[0].SSH(t, "touch /srv/lab/go") // were it to run again it would come to its end
	code, stdout, stderr := f.resume(t)
	if code != 3 || !strings.Contains(stderr, "h1: cmd[slow]: it was interrupted at ") ||
		strings.Count(stderr, "--interrupted") != 2 || !strings.Contains(stderr, " --interrupted skip (it did its work), or --interrupted rerun\n") {
		t.Errorf("exit code %d, want 3 and which outcome is unknown", code)
	}
	f.recap(t, stdout, "failed=1", "h1")
	f.want(t, lines, "one 1\nslow 1\ntwo 0\n", "h1")
	if code, _, _ := f.resume(t, "--interrupted", "skip"); code != 0 {
		t.Errorf("exit code %d", code)
	}
	f.want(t, lines, "one 1\nslow 1\ntwo 1\n", "h1", "h2")
	f.ends(t, "succeeded")
	f.clean(t)
}

// TestLabResumeByTheJournal: froyo is dead before it hears that a command has
// ended. The journal of the host where it ran knows.
func TestLabResumeByTheJournal(t *testing.T) {
	const own = "conf\ngo\none\nslow\nran\n"
	tests := []struct {
		name, user, at string
		args           []string
		before         string // what is there where the command ran
	}{
		{name: "root", user: "root", at: "h1", before: own},
		{name: "sudo", user: "ops", at: "h1", args: []string{"-b"}, before: own},
		{name: "no root", user: "ops", at: "h1", before: own},
		{name: "delegated", user: "root", at: "h5", args: []string{"-e", "at=h5"}, before: "go\nslow\nran\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := startCounted(t, false)
			f.inventory(t, test.user, nil)
			f.dieUnheard(t, f.named([]string{test.at})[0], append(test.args, "-e", "hosts=h1")...)
			f.want(t, "cd /srv/lab && ls && cat slow", test.before, test.at)

			code, stdout, _ := f.resume(t)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			f.recap(t, stdout, "failed=0", "h1")
			f.want(t, "cat /srv/lab/one /srv/lab/two", "ran\nran\n", "h1")
			f.want(t, "cat /srv/lab/slow /srv/lab/three", "ran\nran\n", test.at)
			f.ends(t, "succeeded")
			f.clean(t)
		})
	}
}

// dieUnheard has froyo die when the slow command has ended on its host and
// froyo has not heard of it: it is stopped meanwhile.
func (f *froyo) dieUnheard(t *testing.T, at labtest.Host, args ...string) {
	t.Helper()
	cmd, out := f.begin(t, args...)
	f.appears(t, "/srv/lab/slow", at)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	at.SSH(t, `noted() { cat /run/froyo/*/journal /run/user/*/froyo/*/journal /tmp/.froyo-*/*/journal 2>/dev/null | wc -l; }
		before=$(noted); touch /srv/lab/go
		for i in $(seq 1000); do [ $(noted) -gt $before ] && exit; sleep 0.02; done; exit 1`)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatalf("it ended well although it was killed\n%s", out)
	}
}

// resume resumes a run. Which hosts and variables it has, the run knows.
func (f *froyo) resume(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return f.finish(t, f.command(t.Context(), append([]string{"resume", "-y"}, args...)...))
}

// ends expects the last run to have a status.
func (f *froyo) ends(t *testing.T, status string) {
	t.Helper()
	if _, stdout, _ := f.finish(t, f.command(t.Context(), "runs", "list", "-n", "1")); !strings.Contains(stdout, status) {
		t.Errorf("the run is not %s", status)
	}
}
