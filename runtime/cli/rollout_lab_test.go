package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// batched has hosts that stay at work until the test lets them go on, or fail.
const batched = `
def web(host):
    file("/srv/lab", state = "directory")
    if host.name in vars.get("bad", "").split(","):
        cmd("test -e /srv/lab/mended", name = "bad")
    cmd("echo ran >>/srv/lab/here; for i in $(seq 1500); do [ -e /srv/lab/go ] && exit; sleep 0.02; done; exit 1", name = "wait")

def after(host):
    file("/srv/lab", state = "directory")
    file("/srv/lab/after")

play("web", hosts = "all", do = web, batch = [1, 2], max_fail = vars.get("max_fail", 4))
play("after", hosts = "all", do = after)
`

// TestLabBatches has the hosts of a batch at work side by side, and no other.
func TestLabBatches(t *testing.T) {
	f := startAll(t, batched)
	cmd, out := f.begin(t)
	for _, batch := range [][]labtest.Host{f.hosts[:1], f.hosts[1:3], f.hosts[3:5]} {
		f.appears(t, "/srv/lab/here", batch...)
		last := slices.Index(f.hosts, batch[len(batch)-1])
		for i, got := range on(t, "ls -d /srv/lab 2>/dev/null; true", f.hosts[last+1:]) {
			if got != "" {
				t.Errorf("%s has %s before its batch", f.hosts[last+1+i].Name, got)
			}
		}
		on(t, "touch /srv/lab/go", batch)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	f.want(t, "ls /srv/lab", "after\ngo\nhere\n", "h1", "h2", "h3", "h4", "h5")
	f.clean(t)
}

// TestLabMaxFail has a play stop before the batch that is one failure too late.
func TestLabMaxFail(t *testing.T) {
	tests := []struct {
		name, bad, maxFail string
		says, left         string
		done, untouched    []string
	}{
		{
			name: "none may fail", bad: "h1", maxFail: "0",
			left:      "1 failed, 14 skipped, 10 of them left to do",
			says:      `play "web" stopped before this host: 1 of its 5 hosts failed or could not be reached (h1), and max_fail is 0`,
			untouched: []string{"h2", "h3", "h4", "h5"},
		},
		{
			name: "one of five may", bad: "h1,h3", maxFail: "20%",
			left: "2 failed, 10 skipped, 8 of them left to do",
			says: `play "web" stopped before this host: 2 of its 5 hosts failed or could not be reached (h[1,3]), and max_fail is 20%`,
			done: []string{"h2"}, untouched: []string{"h4", "h5"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := startAll(t, batched)
			f.each(t, "mkdir -p /srv/lab && touch /srv/lab/go") // whoever's turn comes need not wait
			code, stdout, stderr := f.run(t, "apply", "-y", "-e", "bad="+test.bad, "-e", "max_fail="+test.maxFail)
			if code != 3 {
				t.Errorf("exit code %d, want 3", code)
			}
			if !strings.Contains(stderr, test.says) || !strings.Contains(stderr, test.left) {
				t.Errorf("want %q and %q on standard error", test.says, test.left)
			}
			f.want(t, "ls /srv/lab", "go\n", strings.Split(test.bad, ",")...)
			f.want(t, "ls /srv/lab", "after\ngo\nhere\n", test.done...)
			f.want(t, "ls /srv/lab", "go\n", test.untouched...)
			f.recap(t, stdout, "failed=1", strings.Split(test.bad, ",")...)
			f.recap(t, stdout, "changed=0 +unreachable=0 +failed=0", test.untouched...)

			on(t, "touch /srv/lab/mended", f.named(strings.Split(test.bad, ",")))
			if code, _, _ := f.resume(t, "last"); code != 0 {
				t.Errorf("once it is mended: exit code %d", code)
			}
			f.want(t, "ls /srv/lab; cat /srv/lab/here", "after\ngo\nhere\nran\n", append(test.done, test.untouched...)...)
			f.want(t, "ls /srv/lab; cat /srv/lab/here", "after\ngo\nhere\nmended\nran\n", strings.Split(test.bad, ",")...)
			f.clean(t)
		})
	}
}

// TestLabOnFailure: a failure that is ignored, and one that has a rescue.
func TestLabOnFailure(t *testing.T) {
	f := startAll(t, `
def rescue(host):
    cmd("echo $(hostname) >>/srv/lab/rescued", name = "rescue")

def web(host):
    file("/srv/lab", state = "directory")
    soft = cmd("test $(hostname) != h2", name = "soft", ignore_failure = True)
    file("/srv/lab/soft", content = "failed\n", when = lambda: soft.failed)
    cmd("test $(hostname) != h3", name = "hard", on_failure = rescue)
    file("/srv/lab/end")

play("web", hosts = "all", do = web)
`)
	code, stdout, stderr := f.run(t, "apply", "-y")
	if code != 3 || !strings.Contains(stderr, "h3: cmd[hard]") || strings.Contains(stderr, "error: h2") {
		t.Errorf("exit code %d, want 3 and an error of h3 alone", code)
	}
	f.want(t, "cd /srv/lab && ls && cat soft", "end\nsoft\nfailed\n", "h2")
	f.want(t, "cd /srv/lab && ls && cat rescued", "rescued\nh3\n", "h3")
	f.want(t, "ls /srv/lab", "end\n", "h1", "h4", "h5")
	f.recap(t, stdout, "failed=0 .*ignored=1", "h2")
	f.recap(t, stdout, "failed=1", "h3")
	f.clean(t)
}

// TestLabBarrier: hosts come to a barrier at their own pace, with fewer forks than hosts.
func TestLabBarrier(t *testing.T) {
	f := startAll(t, `
def web(host):
    file("/srv/lab", state = "directory")
    cmd("sleep 0.%s; date +%%s%%N >/srv/lab/before" % (int(host.name[1:]) * 15), name = "before")
    barrier("all done")
    cmd("date +%s%N >/srv/lab/after", name = "after")

play("web", hosts = "all", do = web)
`)
	for _, forks := range []string{"10", "2"} {
		if code, _, _ := f.run(t, "apply", "-y", "--forks", forks); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		var before, after []int64
		for _, said := range f.each(t, "cat /srv/lab/before /srv/lab/after") {
			times := numbers(t, said)
			before, after = append(before, times[0]), append(after, times[1])
		}
		if slices.Max(before) > slices.Min(after) {
			t.Errorf("with %s forks one host went on before the last had come: %v, %v", forks, before, after)
		}
	}
	f.clean(t)
}

// TestLabThrottle: of a unit that is throttled no two hosts' turns overlap.
func TestLabThrottle(t *testing.T) {
	f := startAll(t, `
def web(host):
    file("/srv/lab", state = "directory")
    cmd("date +%s%N >/srv/lab/turn; sleep 0.2; date +%s%N >>/srv/lab/turn", name = "turn", throttle = 1)

play("web", hosts = "all", do = web)
`)
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	var turns [][]int64
	for _, said := range f.each(t, "cat /srv/lab/turn") {
		turns = append(turns, numbers(t, said))
	}
	slices.SortFunc(turns, slices.Compare)
	for i := range turns[1:] {
		if turns[i][1] > turns[i+1][0] {
			t.Errorf("two turns overlap: %v and %v", turns[i], turns[i+1])
		}
	}
	f.clean(t)
}

// TestLabRunOnce: what one host finds out is used by all, in later batches as
// well, also where the first of them is not there.
func TestLabRunOnce(t *testing.T) {
	f := startAll(t, `
def web(host):
    file("/srv/lab", state = "directory")
    token = cmd("echo run >>/srv/lab/ran; cat /proc/sys/kernel/random/uuid", name = "token", run_once = True)
    file("/srv/lab/token", content = later(lambda: token.stdout))

play("web", hosts = "all", do = web, batch = [2, 3])
`)
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	first := f.hosts[0].SSH(t, "cat /srv/lab/token")
	if len(strings.TrimSpace(first)) != 36 {
		t.Errorf("the token is %q", first)
	}
	f.want(t, "cat /srv/lab/token", first, "h1", "h2", "h3", "h4", "h5")
	const ran = "cat /srv/lab/ran 2>/dev/null; true"
	f.want(t, ran, "run\n", "h1")
	f.want(t, ran, "", "h2", "h3", "h4", "h5")

	f.inventory(t, "root", map[string]string{"h1": "ansible_port=1"})
	code, stdout, _ := f.run(t, "apply", "-y")
	if code != 4 {
		t.Errorf("exit code %d, want 4: h1 is not reached", code)
	}
	second := f.hosts[1].SSH(t, "cat /srv/lab/token")
	if second == first {
		t.Error("nobody did it anew")
	}
	f.want(t, "cat /srv/lab/token", second, "h2", "h3", "h4", "h5")
	f.want(t, ran, "run\n", "h1", "h2")
	f.want(t, ran, "", "h3", "h4", "h5")
	f.recap(t, stdout, "unreachable=1 ", "h1")
	f.clean(t)
}

// TestLabGraphOrder: commands that have nothing to do with each other run side by side, others do not.
func TestLabGraphOrder(t *testing.T) {
	f := startAll(t, `
note = "date +%%s%%N >/srv/lab/%s; sleep 1; date +%%s%%N >>/srv/lab/%s"

def web(host):
    file("/srv/lab", state = "directory")
    units = [cmd(note % (n, n), name = n) for n in ["a", "b", "c"]]
    cmd("date +%s%N >/srv/lab/d", name = "d", require = units[:2])

play("web", hosts = "h1", do = web, order = vars.order)
`)
	f.hosts[0].SSH(t, "mkdir -p /srv/lab") // no edge leads from a command to its directory
	took := map[string]int64{}
	for _, order := range []string{"script", "graph"} {
		if code, _, _ := f.run(t, "apply", "-y", "-e", "order="+order); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		times := numbers(t, f.hosts[0].SSH(t, "cd /srv/lab && cat a b c d")) // begin and end of each; of d the begin
		took[order] = slices.Max(times[:6]) - slices.Min(times[:6])
		if times[6] < max(times[1], times[3]) {
			t.Errorf("order %s: d began before a and b had ended: %v", order, times)
		}
	}
	if took["graph"]*10 > took["script"]*7 {
		t.Errorf("side by side it took %d ns, and one after the other %d ns", took["graph"], took["script"])
	}
	f.clean(t)
}

// startAll takes all five hosts, as root, without what an earlier test left.
func startAll(t *testing.T, runbook string) *froyo {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", cache) // guests are compiled once for all tests
	f := start(t, 5)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "site.star", runbook)
	return f
}

// begin starts an apply in the background.
func (f *froyo) begin(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := f.command(t.Context(), append([]string{"apply", "-y", "-i", "hosts.ini"}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// appears waits until a file is there on each of the hosts.
func (f *froyo) appears(t *testing.T, path string, hosts ...labtest.Host) {
	t.Helper()
	on(t, "for i in $(seq 1500); do [ -e "+path+" ] && exit; sleep 0.02; done; exit 1", hosts)
}

// want expects a script to print a text on each of the hosts that are named.
func (f *froyo) want(t *testing.T, script, text string, hosts ...string) {
	t.Helper()
	named := f.named(hosts)
	for i, got := range on(t, script, named) {
		if got != text {
			t.Errorf("%s: %s prints %q, want %q", named[i].Name, script, got, text)
		}
	}
}

// named are the hosts of some names, in the lab's order.
func (f *froyo) named(names []string) []labtest.Host {
	return slices.DeleteFunc(slices.Clone(f.hosts), func(h labtest.Host) bool { return !slices.Contains(names, h.Name) })
}

// recap expects the recap's line of each of the hosts that are named to match.
func (f *froyo) recap(t *testing.T, stdout, counts string, hosts ...string) {
	t.Helper()
	for _, name := range hosts {
		if !regexp.MustCompile(`(?m)^` + name + ` +: .*` + counts).MatchString(stdout) {
			t.Errorf("%s: want %s in the recap", name, counts)
		}
	}
}

// numbers reads times that hosts noted.
func numbers(t *testing.T, text string) []int64 {
	t.Helper()
	var all []int64
	for _, field := range strings.Fields(text) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}
