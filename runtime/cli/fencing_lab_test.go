package cli_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// fenced are runbooks of a first run that works as vars.user beside the user whose
// runner holds the lock. Each unit says so in a file, when it begins and when it ends.
var fenced = map[string]string{
	"commands": `
def work(host):
    for i in range(60):
        say(host, i, vars.user)
        if i % 5 == 0:
            say(host, "own%d" % i, vars.own)
`,
	"side by side": `
def work(host):
    for i in range(60):
        say(host, i, vars.user)
        say(host, "own%d" % i, vars.own)
`,
	// Sent ahead in one go, so that no controller stands between one and the next.
	"sequence": `
def work(host):
    for i in range(60):
        file("/srv/lab/%s.%d" % (host.name, i), content = "first\n", run_as = vars.user, validate = "/srv/lab/say " + host.name + " %s")
`,
}

// fencedSecond is the run that has the host after the first.
const fencedSecond = `
for i in range(3):
    cmd("echo second %d >>/srv/lab/order" % i, name = "second%d" % i)
`

// fencing is one way to lose a host.
type fencing struct {
	kind  string // broken, killed, two names, delegate
	shape string
	login string // whose runner holds the lock
	user  string // whose runner is at work beside
	kill  bool   // the lock's runner is killed; else the lock is broken
}

// fencingOf gives the nth.
func fencingOf(n int) fencing {
	kinds := []string{"broken", "killed", "two names", "delegate"}
	shapes := []string{"commands", "sequence", "side by side"}
	f := fencing{kind: kinds[n%4], shape: shapes[(n+n/4)%3], login: "root", user: "ops"}
	round := n / 4
	f.kill = f.kind == "killed" || f.kind != "broken" && round%2 == 1
	if round%3 == 2 { // no user is root
		f.login, f.user = "ops", "opspw"
	}
	return f
}

// TestLabFencing takes a host from a run while its units of another user are under
// way: the lock is broken, or its runner is killed; with two names of the machine, and
// from afar. After the next run's first change the first makes none, and it fails.
// FROYO_FENCING_RUNS says how often.
func TestLabFencing(t *testing.T) {
	labtest.Hosts(t, 2)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // guests are compiled once for all
	runs := times(t, "FROYO_FENCING_RUNS", 4)
	counts := map[string]int{}
	before, late := 0, 0
	for n := range runs {
		way := fencingOf(n)
		t.Run(fmt.Sprintf("%d %s %s %s", n, way.kind, way.shape, way.login), func(t *testing.T) {
			b, l := way.try(t)
			before, late = before+b, late+l
			counts[way.kind]++
		})
	}
	t.Logf("%d runs lost their host: %v; %d changes before the next run's first, %d after", runs, counts, before, late)
}

// try loses a host to a second run and returns how many changes of the first came
// before the second's, and how many after.
func (w fencing) try(t *testing.T) (before, late int) {
	t.Helper()
	f, second := w.prepare(t)
	cmd, out := f.begin(t, "-e", "user="+w.user, "-e", "own="+w.login)
	t.Cleanup(func() {
		if t.Failed() && cmd.ProcessState == nil {
			_ = cmd.Process.Kill() // it is given up
			_ = cmd.Wait()
			t.Logf("the first, so far:\n%s", out)
		}
	})
	f.hosts[0].SSH(t, "for i in $(seq 500); do [ $(wc -l </srv/lab/order) -ge 7 ] && exit; sleep 0.02; done; exit 1")
	frozen := w.shape == "sequence" && w.kind != "two names"
	if frozen { // so that it is the runner alone that sees it
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	w.lose(t, f, second)
	if code, _, _ := second.run(t, "apply", "-y", "-l", "h1", "--lock-timeout", "20s"); code != 0 {
		t.Errorf("the second: exit code %d", code)
	}
	f.hosts[0].SSH(t, "sleep 0.5")
	if frozen {
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	w.failed(t, cmd, out)
	return w.count(t, f)
}

// prepare gives the first run and the second, which knows nothing of it.
func (w fencing) prepare(t *testing.T) (f, second *froyo) {
	t.Helper()
	f = start(t, 2)
	f.hosts[0].SSH(t, `mkdir -p -m 0777 /srv/lab; : >/srv/lab/order; chmod 666 /srv/lab/order
		printf '#!/bin/sh\necho "first b $1" >>/srv/lab/order; sleep 0.05; echo "first e $1" >>/srv/lab/order\n' >/srv/lab/say; chmod 755 /srv/lab/say`)
	second = &froyo{dir: t.TempDir(), hosts: f.hosts, binary: f.binary, reloads: map[string]int{}}
	second.write(t, "site.star", fencedSecond)
	acts, order := "h1", "script"
	if w.kind == "delegate" {
		acts = "h2"
	}
	if w.kind == "two names" {
		acts = "h1*"
	}
	if w.shape == "side by side" {
		order = "graph"
	}
	say := "cmd(\"/srv/lab/say \" + host.name, name = \"say %s\" % i, run_as = user)"
	runbook := fenced[w.shape]
	if w.kind == "delegate" {
		say = `delegate("h1").` + say
		runbook = strings.ReplaceAll(runbook, " file(", ` delegate("h1").file(`)
	}
	f.write(t, "site.star", "def say(host, i, user):\n    "+say+"\n"+runbook+
		fmt.Sprintf("\nplay(\"work\", hosts = %q, do = work, order = %q)\n", acts, order))
	for _, o := range []*froyo{f, second} {
		o.trust(t)
		o.inventory(t, w.login, nil)
	}
	if w.kind == "two names" {
		h := f.hosts[0]
		line := " ansible_host=" + h.Addr + " ansible_user=" + w.login + " ansible_ssh_private_key_file=" + h.KeyFile + "\n"
		f.write(t, "hosts.ini", "h1"+line+"h1b"+line)
	}
	return f, second
}

// lose takes the host from the first run.
func (w fencing) lose(t *testing.T, f, second *froyo) {
	t.Helper()
	record := strings.TrimSpace(f.hosts[0].SSH(t, "cat /run/froyo/lease /tmp/.froyo-*.lease 2>/dev/null; true"))
	field := func(name string) string {
		_, rest, _ := strings.Cut(record, `"`+name+`":`)
		end := strings.IndexAny(rest, ",}")
		if end < 0 {
			t.Fatalf("no %s in the lock: %q", name, record)
		}
		return strings.Trim(rest[:end], `"`)
	}
	if w.kill {
		pid, err := strconv.Atoi(field("pid"))
		if err != nil {
			t.Fatal(err)
		}
		f.hosts[0].SSH(t, fmt.Sprintf("kill -KILL %d", pid))
		return
	}
	// What a command of the run left running is said, and waited for by the next run.
	if code, _, said := second.run(t, "lock", "break", field("run"), "-y", "-l", "h1"); code != 0 && (code != 7 || !strings.Contains(said, "still running")) {
		t.Errorf("lock break: exit code %d", code)
	}
}

// failed expects the first run to fail, and to say what happened.
func (w fencing) failed(t *testing.T, cmd *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	err := cmd.Wait()
	code := cmd.ProcessState.ExitCode()
	if err == nil || code != 3 && code != 4 && code != 7 {
		t.Errorf("the first: exit code %d, want 3, 4 or 7", code)
	}
	text := out.String()
	if !strings.Contains(text, "no longer ha") && !strings.Contains(text, "holds the host") && !strings.Contains(text, "the runner ended") &&
		!strings.Contains(text, "its runner was told to end") {
		t.Errorf("the first does not say what happened")
	}
	if w.kind == "two names" && strings.Count(text, "warning: h1 and h1b are one machine") != 1 {
		t.Errorf("it does not say, once, that two names are one machine")
	}
	t.Logf("the first: exit code %d\n%s", code, text)
}

// count looks through what the runs did, in the order in which they did it.
func (w fencing) count(t *testing.T, f *froyo) (before, late int) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(f.hosts[0].SSH(t, "cat /srv/lab/order")), "\n")
	seconds := 0
	open := map[string]int{} // by name, units that began beside those of another name
	at := map[string]int{}
	for _, line := range lines {
		switch what, rest, _ := strings.Cut(line, " "); {
		case what == "second":
			seconds++
		case seconds > 0:
			late++
		default:
			before++
			if w.kind == "two names" {
				step, name, _ := strings.Cut(rest, " ")
				name, _, _ = strings.Cut(name, " ")
				other := map[string]string{"h1": "h1b", "h1b": "h1"}[name]
				switch {
				case step == "b":
					at[name]++
					open[other] = at[other] // those that were ended in the middle do not come back
				case open[name] > 0:
					t.Errorf("%s was at work beside %s", name, other)
				default:
					at[name]--
				}
			}
		}
	}
	if seconds != 3 || before < 7 || late > 0 {
		t.Errorf("the first made %d changes before the second's and %d after, the second %d, want some, 0 and 3:\n%s",
			before, late, seconds, strings.Join(lines, "\n"))
	}
	return before, late
}

// TestLabTwoNames has the inventory know one machine by two names: both do all that
// they have to, never at once, and that they are one machine is said once.
func TestLabTwoNames(t *testing.T) {
	for _, shape := range []string{"side by side", "sequence"} {
		t.Run(shape, func(t *testing.T) {
			w := fencing{kind: "two names", shape: shape, login: "root", user: "ops"}
			f, second := w.prepare(t)
			code, stdout, stderr := f.run(t, "apply", "-y", "-e", "user=ops", "-e", "own=root")
			if code != 0 || strings.Count(stdout, "failed=0") != 2 || strings.Count(stderr, "warning: h1 and h1b are one machine") != 1 {
				t.Errorf("exit code %d, want 0, two hosts that are well, and one warning", code)
			}
			if code, _, _ := second.run(t, "apply", "-y", "-l", "h1"); code != 0 {
				t.Errorf("the next: exit code %d", code)
			}
			w.count(t, f)
			f.clean(t)
		})
	}
}
