package cli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// batched has hosts that stay at work until the test lets them go on, or fail.
const batched = `
def web(host):
    file("/srv/lab", state = "directory")
    if host.name in vars.get("bad", "").split(","):
        cmd("test -e /srv/lab/fixed", name = "bad")
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
			left:      "1 failed, 14 skipped, of which 10 left to do",
			says:      `play "web" stopped before this host: 1 of its 5 hosts failed or could not be reached (h1), and max_fail is 0`,
			untouched: []string{"h2", "h3", "h4", "h5"},
		},
		{
			name: "one of five may", bad: "h1,h3", maxFail: "20%",
			left: "2 failed, 10 skipped, of which 8 left to do",
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

			on(t, "touch /srv/lab/fixed", f.named(strings.Split(test.bad, ",")))
			if code, _, _ := f.resume(t, "last"); code != 0 {
				t.Errorf("once it is fixed: exit code %d", code)
			}
			f.want(t, "ls /srv/lab; cat /srv/lab/here", "after\ngo\nhere\nran\n", append(test.done, test.untouched...)...)
			f.want(t, "ls /srv/lab; cat /srv/lab/here", "after\nfixed\ngo\nhere\nran\n", strings.Split(test.bad, ",")...)
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
