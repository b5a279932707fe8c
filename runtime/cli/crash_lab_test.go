package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// crash is a runbook of 40 units and a handler. Files and guarded commands can
// be told to be done by looking at the host; of the commands in count/ only a
// line each tells that they ran.
const crash = `
done = handler("done", do = lambda host: [
    cmd("echo run >>/srv/crash/count/handler", name = "count", on_resume = "skip"),
    file("/srv/crash/handled", content = "yes\n"),
])

def web(host):
    for d in ["", "/etc", "/www", "/count", "/guard"]:
        file("/srv/crash" + d, state = "directory", mode = "0755")
    units = []
    for i in range(5):
        for j in range(3):
            file("/srv/crash/etc/%d%d" % (i, j), content = "%s %d %d\n" % (host.name, i, j), mode = "0640")
        units.append(cmd("echo run >>/srv/crash/count/%d; echo made %d" % (i, i), name = "count%d" % i, on_resume = "skip"))
        cmd("sleep 0.01; date >/srv/crash/guard/%d" % i, name = "guard%d" % i, creates = "/srv/crash/guard/%d" % i)
    made = units[2]
    file("/srv/crash/made", content = later(lambda: made.stdout if not made.skipped else "made 2\n"), notify = done)
    file("/srv/crash/current", state = "link", target = "/srv/crash/www")
    cmd("true", name = "asked", changed_when = False)
    cmd("echo run >>/srv/crash/count/watcher", name = "watcher", on_change = units, on_resume = "skip")
    for i in range(6):
        file("/srv/crash/www/%d.html" % i, content = "<p>%d</p>\n" % i)

play("web", hosts = "all", do = web)
`

// matrix breaks runs off and resumes them.
type matrix struct {
	*froyo
	faulty string // froyo that can be killed at any durable step
	want   []string

	runs, never, resumed, doubted, twice, differ int
	drafts                                       bool // a runner that is killed while it writes may leave its draft; see docs/reliability.md
}

// TestLabCrashMatrix kills froyo at durable steps and at random moments of a
// run of 40 units on 5 hosts. After resume each host is as after a run that was
// not disturbed: what was interrupted and cannot be known is listed, and no
// command ran twice. FROYO_CRASH_STEPS and FROYO_CRASH_RANDOM say how often;
// "all" is every step.
func TestLabCrashMatrix(t *testing.T) {
	m := newMatrix(t)
	log := filepath.Join(m.dir, "steps")
	took := m.undisturbed(t, "FROYO_FAULT_LOG="+log)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for range times(t, "FROYO_CRASH_RANDOM", 6) {
		after := time.Duration(rand.Int64N(int64(took)))
		m.breakOff(t, after.String(), nil, func(cmd *exec.Cmd) {
			time.Sleep(after)
			_ = cmd.Process.Signal(syscall.SIGKILL) // it may have ended already
		})
	}
	m.report(t, "random moments")
	steps := bytes.Count(text, []byte("\n"))
	for _, n := range spread(steps, times(t, "FROYO_CRASH_STEPS", 6)) {
		m.breakOff(t, fmt.Sprint("step ", n, " of ", steps), func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "FROYO_FAULT_AT="+strconv.Itoa(n))
		}, nil)
	}
	m.report(t, fmt.Sprintf("durable steps (of %d)", steps))
}

// TestLabLostHosts breaks the way to a host while froyo lives: its runner is
// killed, sshd is restarted, the network is cut.
func TestLabLostHosts(t *testing.T) {
	m := newMatrix(t)
	took := m.undisturbed(t)
	host := func() labtest.Host { return m.hosts[rand.IntN(len(m.hosts))] }
	m.drafts = true
	for range times(t, "FROYO_CRASH_RUNNER", 3) {
		h, after := host(), time.Duration(rand.Int64N(int64(took)))
		m.breakOff(t, "runner of "+h.Name, nil, func(*exec.Cmd) {
			time.Sleep(after)
			h.SSH(t, `for e in /proc/[0-9]*/exe; do case $(readlink $e) in *froyo*"(deleted)") p=${e#/proc/}; kill -9 ${p%/exe};; esac; done 2>/dev/null; true`)
		})
	}
	m.report(t, "runner killed")
	for _, h := range m.hosts {
		h.SSH(t, "find /srv/crash -name '.froyo-*.tmp' -delete")
	}
	m.drafts = false
	for range times(t, "FROYO_CRASH_SSHD", 2) {
		h, after := host(), time.Duration(rand.Int64N(int64(took)))
		m.breakOff(t, "sshd of "+h.Name, nil, func(*exec.Cmd) {
			time.Sleep(after)
			h.SSH(t, "systemctl restart ssh")
		})
	}
	m.report(t, "sshd restarted")
	for range times(t, "FROYO_CRASH_CUT", 1) {
		h := host()
		m.breakOff(t, "network of "+h.Name, nil, func(cmd *exec.Cmd) {
			time.Sleep(took / 2)
			h.Cut(t)
			if cmd.Wait() == nil {
				h.Join(t) // it had come to its end
				return
			}
			h.Reset(t)
		})
	}
	m.report(t, "network cut")
}

// times is how often something is tried: what the environment says, -1 for "all", or the default.
func times(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	switch text := os.Getenv(variable); text {
	case "":
		return otherwise
	case "all":
		return 1 << 20
	default:
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// spread picks at most n of the numbers from 1 to last, evenly.
func spread(last, n int) []int {
	var picked []int
	for i := range min(n, last) {
		picked = append(picked, 1+i*last/min(n, last))
	}
	return picked
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{froyo: start(t, 5)}
	m.trust(t)
	m.inventory(t, "root", nil)
	m.write(t, "site.star", crash)
	m.faulty = filepath.Join(m.dir, "froyo-faults")
	build := exec.Command("go", "build", "-tags", "faults", "-o", m.faulty, "../..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { m.each(t, "rm -rf /srv/crash") })
	m.each(t, "rm -rf /srv/crash")
	return m
}

// look tells what each host is like, apart from how often commands ran.
func (m *matrix) look(t *testing.T) []string {
	t.Helper()
	drafts := ""
	if m.drafts {
		drafts = `-name '.froyo-*.tmp' -o `
	}
	return m.each(t, `cd /srv/crash && find . -path ./count/\* -prune -o `+drafts+`-printf '%p %y %m %l\n' | sort; cat etc/* made www/* handled; true`)
}

// undisturbed applies as often as it takes to have all caches warm, looks at the
// hosts, and tells how long the last run took.
func (m *matrix) undisturbed(t *testing.T, env ...string) (took time.Duration) {
	t.Helper()
	for _, env := range [][]string{nil, env} {
		m.each(t, "rm -rf /srv/crash")
		began := time.Now()
		if code := m.apply(t, env...); code != 0 {
			t.Fatalf("an undisturbed run ended with %d", code)
		}
		took = time.Since(began)
	}
	m.want = m.look(t)
	return took
}

func (m *matrix) apply(t *testing.T, env ...string) int {
	t.Helper()
	cmd := m.command(t.Context(), "apply", "-y", "-i", "hosts.ini")
	cmd.Path, cmd.Env = m.faulty, append(cmd.Env, env...)
	code, _, _ := m.finish(t, cmd)
	return code
}

// breakOff applies on hosts that have nothing, breaks that off, goes on, and
// compares.
func (m *matrix) breakOff(t *testing.T, name string, before, during func(*exec.Cmd)) {
	t.Helper()
	m.each(t, "rm -rf /srv/crash")
	m.runs++
	last, _ := m.latest(t)
	cmd := m.command(t.Context(), "apply", "-y", "-i", "hosts.ini")
	cmd.Path = m.faulty
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if before != nil {
		before(cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if during != nil {
		during(cmd)
	}
	_ = cmd.Wait() // by a signal, with an error, or well; where it has been waited for, that is told

	doubted, told := m.goOn(t, last)
	m.doubted += len(doubted)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("broken off at %s: %s\nfirst run:\n%s\nwent on:\n%s", name, fmt.Sprintf(format, args...), &out, told)
	}
	if got := m.look(t); !slices.Equal(got, m.want) {
		m.differ++
		for i := range got {
			if got[i] != m.want[i] {
				fail("%s is\n%s\nwant\n%s", m.hosts[i].Name, got[i], m.want[i])
				break
			}
		}
	}
	counts := m.each(t, `cd /srv/crash/count && for f in 0 1 2 3 4 watcher handler; do echo $f $(cat $f 2>/dev/null | wc -l); done; true`)
	for i, h := range m.hosts {
		for line := range strings.Lines(counts[i]) {
			unit, ran, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case ran == "1", ran == "0" && doubted[h.Name+" "+unit]:
			case ran == "0":
				m.differ++
				fail("%s: command %s did not run, and nothing says that this is not known", h.Name, unit)
			default:
				m.twice++
				fail("%s: command %s ran %s times", h.Name, unit, ran)
			}
		}
	}
	m.whole(t)
}

// latest is the youngest run and its status.
func (m *matrix) latest(t *testing.T) (id, status string) {
	t.Helper()
	var list struct {
		Runs []struct{ ID, Status string }
	}
	_, out, errs := m.quiet(t, "runs", "list", "-n", "1", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list.Runs) != 1 {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	return list.Runs[0].ID, list.Runs[0].Status
}

// goOn resumes until there is nothing left, and applies where nothing had
// begun since the run that came before. It returns the commands of which it is
// unknown whether they ran.
func (m *matrix) goOn(t *testing.T, before string) (doubted map[string]bool, told string) {
	t.Helper()
	doubted = map[string]bool{}
	for range 4 {
		id, status := m.latest(t)
		if id != before && status == "succeeded" {
			return doubted, told
		}
		if id == before || status == "never started" {
			m.never++
			if code, _, errs := m.quiet(t, "apply", "-y", "-i", "hosts.ini"); code != 0 {
				t.Errorf("apply ended with %d: %s", code, errs)
			}
			return doubted, told
		}
		cmd := m.command(t.Context(), "resume", id, "-y", "--json")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		told += out.String() + errs.String()
		note(t, &out, doubted)
		if err == nil && !strings.Contains(errs.String(), "nothing to resume") {
			m.resumed++
		}
	}
	t.Errorf("resume does not come to its end:\n%s", told)
	return doubted, told
}

// note finds the units that were skipped because it is unknown what they did.
func note(t *testing.T, events *bytes.Buffer, doubted map[string]bool) {
	t.Helper()
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Host, Unit, Reason, Status string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		if e.Status != "skipped" || !strings.Contains(e.Reason, "it was interrupted") {
			continue
		}
		name := e.Unit[strings.LastIndex(e.Unit, "cmd[")+len("cmd[") : len(e.Unit)-1]
		if strings.HasPrefix(e.Unit, "handler") {
			name = "handler"
		}
		doubted[e.Host+" "+strings.TrimPrefix(name, "count")] = true
	}
}

// quiet runs froyo without logging what it says.
func (m *matrix) quiet(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	cmd := m.command(context.Background(), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// whole expects that no lease and no notification is left and that the database is sound.
func (m *matrix) whole(t *testing.T) {
	t.Helper()
	if _, out, _ := m.quiet(t, "lock", "list"); !strings.Contains(out, "no locks are held") {
		t.Errorf("locks: %s", out)
	}
	if _, out, _ := m.quiet(t, "state", "handlers"); !strings.Contains(out, "no handlers are pending") {
		t.Errorf("pending: %s", out)
	}
	files, err := filepath.Glob(filepath.Join(m.dir, "state", "*", "*", "openfroyo.db"))
	more, err2 := filepath.Glob(filepath.Join(m.dir, "state", "*", "openfroyo.db"))
	if files = append(files, more...); err != nil || err2 != nil || len(files) != 1 {
		t.Fatalf("databases: %v, %v, %v", files, err, err2)
	}
	db, err := sql.Open("sqlite", "file:"+files[0])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var sound string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
		t.Errorf("the database: %s, %v", sound, err)
	}
}

// report prints the counts and begins anew.
func (m *matrix) report(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: %d runs broken off, %d resumed, %d applied anew, %d commands not known, %d ran twice, %d hosts differ",
		what, m.runs, m.resumed, m.never, m.doubted, m.twice, m.differ)
	m.runs, m.resumed, m.never, m.doubted, m.twice, m.differ = 0, 0, 0, 0, 0, 0
}
