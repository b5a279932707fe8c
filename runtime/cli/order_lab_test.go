package cli_test

import (
	"slices"
	"strings"
	"testing"
)

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
		t.Error("it was not done again")
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
