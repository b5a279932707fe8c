package cli_test

import (
	"regexp"
	"strings"
	"testing"
)

// pooled has every host but h5 register itself there, between two changes of its own.
const pooled = `
def web(host):
    lb = delegate("h5")
    file("/srv/lab", state = "directory")
    lb.file("/srv/lab", state = "directory")
    file("/srv/lab/before")
    lb.cmd("echo %s >>/srv/lab/pool" % host.name, name = "register", unless = "grep -qx %s /srv/lab/pool" % host.name)
    file("/srv/lab/after")

play("web", hosts = "all:!h5", do = web)
`

// TestLabDelegate: four hosts act on a fifth, which is in no play.
func TestLabDelegate(t *testing.T) {
	f := startAll(t, pooled)
	code, stdout, _ := f.run(t, "apply", "-y")
	if code != 0 || regexp.MustCompile(`(?m)^h5 `).MatchString(stdout) {
		t.Errorf("exit code %d, want 0 and h5 not in the recap", code)
	}
	f.want(t, "sort /srv/lab/pool; ls /srv/lab", "h1\nh2\nh3\nh4\npool\n", "h5")
	f.want(t, "ls /srv/lab", "after\nbefore\n", "h1", "h2", "h3", "h4")
	code, stdout, _ = f.run(t, "plan", "--detailed-exitcode")
	if code != 0 || !strings.Contains(stdout, "No changes.") {
		t.Errorf("exit code %d: the second plan is not empty", code)
	}
	f.hosts[4].SSH(t, "sed -i /h2/d /srv/lab/pool")
	code, stdout, _ = f.run(t, "apply", "-y")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	f.recap(t, stdout, "changed=1 ", "h2")
	f.recap(t, stdout, "changed=0 ", "h1", "h3", "h4")
	f.want(t, "sort /srv/lab/pool", "h1\nh2\nh3\nh4\n", "h5")
	f.clean(t)
}

// TestLabDelegateIsTaken: another run is changing the host that units are delegated to.
func TestLabDelegateIsTaken(t *testing.T) {
	f := startAll(t, strings.Replace(pooled, `    lb.file("/srv/lab", state = "directory")`+"\n", "", 1))
	second := &froyo{dir: t.TempDir(), hosts: f.hosts, binary: f.binary, reloads: map[string]int{}}
	second.trust(t)
	second.inventory(t, "root", nil)
	second.write(t, "site.star", `
cmd("touch /srv/lab/busy; for i in $(seq 1500); do [ -e /srv/lab/release ] && exit; sleep 0.02; done; exit 1", name = "busy")
`)
	f.hosts[4].SSH(t, "mkdir /srv/lab")
	cmd, out := second.begin(t, "-l", "h5")
	f.appears(t, "/srv/lab/busy", f.hosts[4])

	code, stdout, stderr := f.run(t, "apply", "-y")
	if code != 7 || !regexp.MustCompile(`h\[1-4\]: h5:cmd\[register\]: h5, to which this is delegated: the host is being changed by \S+@\S+, since \d\d:\d\d:\d\d, run \d{8}-`).MatchString(stderr) ||
		!strings.Contains(stderr, "hint: wait, or: froyo lock break 20") {
		t.Errorf("exit code %d, want 7 and who has h5", code)
	}
	f.recap(t, stdout, "changed=2 +unreachable=0 +failed=1 +skipped=1", "h1", "h2", "h3", "h4")
	f.want(t, "ls /srv/lab", "before\n", "h1", "h2", "h3", "h4")
	f.hosts[4].SSH(t, "touch /srv/lab/release")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the other: %v\n%s", err, out)
	}
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Errorf("exit code %d, now that it is free", code)
	}
	f.want(t, "sort /srv/lab/pool", "h1\nh2\nh3\nh4\n", "h5")
	f.clean(t)
}
