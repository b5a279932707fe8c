// Package treetest holds the tests of what becomes of the processes that commands
// start, when the runner, the controller or the connection is killed.
package treetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// worker is what every tree comes down to: it records its beginning, whom it
// found at work already, and its end, which comes when it may, or after half a minute.
const worker = `#!/bin/bash
cd /srv/tree
shopt -s nullglob
for other in alive/*; do
	pid=${other#alive/}
	grep -qs work.sh /proc/$pid/cmdline && echo "overlap $$ with $pid" >>log
done
touch alive/$$
echo "start $$" >>log
i=0
while [ $i -lt 5 ] || [ ! -e go ] && [ $i -lt 250 ]; do sleep 0.1; i=$((i + 1)); done
echo "end $$" >>log
rm alive/$$
`

// shapes of trees, each of which leads to the worker.
var shapes = map[string]string{
	"pipes":       "echo x | /srv/tree/work.sh | cat; true",
	"subshells":   "( ( /srv/tree/work.sh; true ); true ); true",
	"double fork": "( ( /srv/tree/work.sh >/dev/null 2>&1 & ) & ); true",
	"setsid":      "setsid /srv/tree/work.sh >/dev/null 2>&1; setsid true",
	"&":           "/srv/tree/work.sh >/dev/null 2>&1 & true",
	"deaf":        "trap '' TERM; /srv/tree/work.sh; true",
}

// mode is as whom a command runs.
type mode struct {
	name, user string
	args       []string
}

var modes = []mode{{"root", "root", nil}, {"become", "ops", []string{"-b"}}, {"user", "ops", nil}}

// counts is what came of the kills.
type counts struct {
	mu                                           sync.Mutex
	kills, left, refused, named, waited, resumed int
	overlaps, twice, unseen, survivors, applies  int
	byVictim, byShape                            map[string]int
}

func (c *counts) add(what *int) {
	c.mu.Lock()
	*what++
	c.mu.Unlock()
}

// TestLabProcessTrees kills runners, controllers and sessions over trees of
// processes: nothing runs twice unasked, nothing overlaps, nothing is left unseen.
// FROYO_TREE_KILLS says how often.
func TestLabProcessTrees(t *testing.T) {
	kills := 6
	if text := os.Getenv("FROYO_TREE_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		kills = n
	}
	hosts := labtest.Hosts(t, len(modes))
	c := &counts{byVictim: map[string]int{}, byShape: map[string]int{}}
	t.Run("kills", func(t *testing.T) {
		for i, m := range modes {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, m, hosts[i], c)
				for n := i; n < kills; n += len(modes) {
					b.kill(t, n/len(modes))
				}
			})
		}
	})
	t.Logf("%d kills (%v; %v): %d over a tree that was still alive, of which %d next applies were refused, %d of them naming a process and the others the run; "+
		"%d waited, %d resumes did not run it again, %d applies in all; overlaps %d, run twice %d, unseen %d, alive at the end %d",
		c.kills, c.byVictim, c.byShape, c.left, c.refused, c.named, c.waited, c.resumed, c.applies, c.overlaps, c.twice, c.unseen, c.survivors)
}

// bench is froyo and a host that it works on in one mode.
type bench struct {
	mode
	host        labtest.Host
	dir, binary string
	counts      *counts
	offset      int
}

func newBench(t *testing.T, m mode, h labtest.Host, c *counts) *bench {
	t.Helper()
	b := &bench{mode: m, host: h, dir: t.TempDir(), counts: c, offset: rand.IntN(18)}
	var err error
	if b.binary, err = filepath.Abs("../../../bin/froyo"); err != nil {
		t.Fatal(err)
	}
	keys, err := os.ReadFile(h.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	b.write(t, "known_hosts", string(keys))
	b.write(t, "hosts.ini", fmt.Sprintf("%s ansible_host=%s ansible_user=%s ansible_ssh_private_key_file=%s\n", h.Name, h.Addr, m.user, h.KeyFile))
	h.Undo(t, "rm -rf /srv/tree")
	h.SSH(t, "mkdir -p /srv/tree && cat >/srv/tree/work.sh <<'END'\n"+worker+"END\nchmod 755 /srv/tree/work.sh")
	return b
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) command(ctx context.Context, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "XDG_STATE_HOME="+b.dir+"/state", "SSH_AUTH_SOCK=",
		"FROYO_KNOWN_HOSTS="+filepath.Join(b.dir, "known_hosts"))
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

func (b *bench) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	if args[0] == "apply" { // resume goes by what its run went by
		args = append(args, b.args...)
	}
	cmd, text := b.command(t.Context(), args...)
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return code, text.String()
}

// victims are what is killed, each a script on the host; the controller is killed here.
var victims = map[string]string{
	"controller": "",
	"runner":     `kill -9 $(runners)`,
	"session": `for p in $(runners); do
		while [ "$p" -gt 1 ]; do
			p=$(awk '/^PPid:/{print $2}' /proc/$p/status)
			[ "$(cat /proc/$p/comm 2>/dev/null)" = sshd ] && [ "$(awk '/^PPid:/{print $2}' /proc/$p/status)" -gt 1 ] && kill -9 $p && break
		done
	done; true`,
}

const runners = `runners() { for e in /proc/[0-9]*/exe; do case $(readlink $e 2>/dev/null) in *froyo*"(deleted)") p=${e#/proc/}; echo ${p%/exe};; esac; done; }
`

// workers names the workers that are alive.
func (b *bench) workers(t *testing.T) []string {
	t.Helper()
	return strings.Fields(b.host.SSH(t, `for f in /proc/[0-9]*/cmdline; do p=${f#/proc/}; p=${p%/cmdline}
		[ "$(tr '\0' ' ' <$f 2>/dev/null)" = "/bin/bash /srv/tree/work.sh " ] && echo $p; done; true`))
}

// log counts what the workers recorded.
func (b *bench) log(t *testing.T) (starts, overlaps int) {
	t.Helper()
	text := b.host.SSH(t, "cat /srv/tree/log 2>/dev/null; true")
	return strings.Count(text, "start "), strings.Count(text, "overlap ")
}

// kill has a tree started, kills something over it, and looks at what the next
// runs do.
func (b *bench) kill(t *testing.T, n int) {
	t.Helper()
	all, names := slices.Sorted(maps.Keys(shapes)), slices.Sorted(maps.Keys(victims))
	n += b.offset
	shape, victim := all[n%len(all)], names[(n/len(all)+n)%len(names)]
	title := victim + " over " + shape + " as " + b.name
	b.write(t, "site.star", fmt.Sprintf("cmd(%q, name = %q)\n", shapes[shape], "tree"))
	b.host.SSH(t, "cd /srv/tree; [ ! -e releaser ] || kill $(cat releaser) 2>/dev/null; rm -rf log alive go releaser; mkdir -m 1777 alive; install -m 666 /dev/null log; chmod 777 .")
	cmd, first := b.command(t.Context(), append([]string{"apply", "-y", "-i", "hosts.ini"}, b.args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.host.SSH(t, "for i in $(seq 600); do grep -qs start /srv/tree/log && exit 0; sleep 0.05; done; exit 1")
	time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
	if script := victims[victim]; script != "" {
		b.host.SSH(t, runners+script)
	} else if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it failed, or was killed
	b.counts.mu.Lock()
	b.counts.kills++
	b.counts.byVictim[victim]++
	b.counts.byShape[shape]++
	b.counts.mu.Unlock()

	id := b.latest(t)
	want := 1 + b.next(t, title) // the first, and the next where it was not refused
	if n%2 == 0 {
		b.resume(t, title, id, want)
	}
	code, out := b.run(t, "apply", "-y", "-i", "hosts.ini", "--lock-timeout", "60s")
	b.counts.add(&b.counts.applies)
	if want++; code != 0 {
		t.Errorf("%s: the next, with time: exit code %d\n%s\nthe first:\n%s", title, code, out, first)
	}
	if strings.Contains(out, "waiting for") {
		b.counts.add(&b.counts.waited)
	}
	if alive := b.workers(t); len(alive) > 0 {
		b.counts.add(&b.counts.survivors)
		t.Errorf("%s: an apply has ended, and %v still run", title, alive)
	}
	b.tally(t, title, want, first.String())
}

// next applies at once: beside a tree that lives it is refused, by name. It
// returns how many commands it ran.
func (b *bench) next(t *testing.T, title string) int {
	t.Helper()
	before := b.workers(t)
	if len(before) == 0 {
		b.host.SSH(t, "touch /srv/tree/go")
	}
	code, out := b.run(t, "apply", "-y", "-i", "hosts.ini")
	b.counts.add(&b.counts.applies)
	after := b.workers(t)
	b.host.SSH(t, "(sleep 3; touch /srv/tree/go) >/dev/null 2>&1 & echo $! >/srv/tree/releaser")
	var throughout []string
	for _, pid := range before {
		if slices.Contains(after, pid) {
			throughout = append(throughout, pid)
		}
	}
	if len(before) > 0 {
		b.counts.add(&b.counts.left)
	}
	named := strings.Contains(out, "are still running, and its runner is gone") &&
		slices.ContainsFunc(before, func(pid string) bool { return strings.Contains(out, "pid "+pid+",") })
	switch {
	case code == 7:
		b.counts.add(&b.counts.refused)
		if named {
			b.counts.add(&b.counts.named)
		} else if !strings.Contains(out, "the host is being changed by ") && len(throughout) > 0 {
			b.counts.add(&b.counts.unseen)
			t.Errorf("%s: the next was refused without a word of %v:\n%s", title, throughout, out)
		}
		return 0
	case code != 0:
		t.Errorf("%s: the next: exit code %d\n%s", title, code, out)
	case len(throughout) > 0:
		b.counts.add(&b.counts.unseen)
		t.Errorf("%s: the next went on beside %v:\n%s", title, throughout, out)
	}
	return 1
}

// resume resumes the run, which does not run the command again unasked.
func (b *bench) resume(t *testing.T, title, id string, want int) {
	t.Helper()
	code, out := b.run(t, "resume", id, "-y", "--lock-timeout", "60s")
	if code == 0 || !strings.Contains(out, "its outcome is unknown") {
		t.Errorf("%s: resume: exit code %d\n%s", title, code, out)
	}
	if starts, _ := b.log(t); starts != want {
		b.counts.add(&b.counts.twice)
		t.Errorf("%s: resume: the command ran %d times, want %d\n%s", title, starts, want, out)
		return
	}
	b.counts.add(&b.counts.resumed)
}

// latest is the newest run.
func (b *bench) latest(t *testing.T) string {
	t.Helper()
	cmd, out := b.command(t.Context(), "runs", "list", "--json")
	if err := cmd.Run(); err != nil {
		t.Fatalf("runs list: %v\n%s", err, out)
	}
	var list struct {
		Runs []struct {
			ID string `json:"id"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list.Runs) == 0 {
		t.Fatalf("runs list: %v\n%s", err, out)
	}
	return list.Runs[0].ID
}

func (b *bench) tally(t *testing.T, title string, want int, first string) {
	t.Helper()
	starts, overlaps := b.log(t)
	if overlaps > 0 {
		b.counts.add(&b.counts.overlaps)
		t.Errorf("%s: commands overlapped\n%s", title, b.host.SSH(t, "cat /srv/tree/log"))
	}
	if starts != want {
		b.counts.add(&b.counts.twice)
		t.Errorf("%s: the command ran %d times, want %d\nthe first:\n%s", title, starts, want, first)
	}
}
