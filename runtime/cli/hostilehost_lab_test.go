package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hostility is what one host does to those who look at it. All hosts have the same
// runbook; only the last of them has been prepared.
type hostility struct {
	name    string
	prepare string // on the last host, as root
	units   string // lines of the play's function
	fails   bool   // whether the host fails
	says    string // in what is said of it
}

var hostilities = []hostility{
	{
		"a file without end", "rm -f /srv/h/app; ln -s /dev/zero /srv/h/app",
		`    file("/srv/h/copy", content = host.read("/srv/h/app"))`, true, "/srv/h/app",
	},
	{
		"a sparse file of 7 TB", "truncate -s 7T /srv/h/app", `    file("/srv/h/app", content = "x\n")`, false, "",
	},
	{
		"a sparse file that is read", "truncate -s 7T /srv/h/app",
		`    file("/srv/h/copy", content = host.read("/srv/h/app"))`, true, "/srv/h/app",
	},
	{
		"a FIFO in place of a file", "rm -f /srv/h/app; mkfifo /srv/h/app", `    file("/srv/h/app", content = "x\n")`, true, "/srv/h/app",
	},
	{
		"a FIFO that is read", "rm -f /srv/h/app; mkfifo /srv/h/app",
		`    file("/srv/h/copy", content = host.read("/srv/h/app"))`, true, "/srv/h/app",
	},
	{
		"a directory of many names", "mkdir -p /srv/h/many; cd /srv/h/many; seq NAMES | xargs touch",
		`    for e in host.find("/srv/h/many"):
        file(e.path, state = "absent")`, true, "/srv/h/many",
	},
	{
		"facts without end", "umount /etc/os-release 2>/dev/null; truncate -s 1T /srv/h/release; mount --bind /srv/h/release $(readlink -f /etc/os-release)",
		`    file("/srv/h/id", content = host.facts.os.basic.id + "\n")`, true, "os",
	},
	{
		"an output of 1 GB", "truncate -s 1G /srv/h/app",
		`    cmd("cat /srv/h/app", name = "say", changed_when = False)`, false, "",
	},
	{
		"an output of 1 GB that is used", "truncate -s 1G /srv/h/app",
		`    said = cmd("cat /srv/h/app", name = "say", changed_when = False)
    file("/srv/h/copy", content = later(lambda: said.stdout))`, true, "max_output",
	},
	{
		"a command without end", "rm -f /srv/h/app; mkfifo /srv/h/app",
		`    cmd("cat /srv/h/app", name = "wait", timeout = "3s")`, true, "3s",
	},
	{
		"files of the year 2099", "touch -d 2099-01-01 /srv/h/app /srv/h", `    file("/srv/h/app", content = "x\n", backup = True)`, false, "",
	},
}

// span runs the runbook anew and reads how long the hosts that are not hostile took:
// until all were planned, and from when the last of all hosts was through with that
// until all had converged. It returns also what was said.
func (f *froyo) span(t *testing.T) (took time.Duration, code int, said string) {
	t.Helper()
	code, out, errs := f.run(t, "apply", "-y", "--json-into", "events.json")
	text, err := os.ReadFile(filepath.Join(f.dir, "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.dir, "events.json")); err != nil {
		t.Fatal(err)
	}
	last := f.hosts[len(f.hosts)-1].Name
	var began, planned, through, finished time.Time
	for line := range strings.Lines(string(text)) {
		var e struct {
			Event, Host string
			Time        time.Time
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Event == "run.started":
			began = e.Time
		case e.Event == "host.planned" || e.Event == "host.failed" && finished.IsZero():
			through = e.Time
			if e.Host != last {
				planned = e.Time
			}
		case e.Event == "host.finished" && e.Host != last:
			finished = e.Time
		}
	}
	if planned.IsZero() || finished.IsZero() {
		t.Fatalf("the other hosts did not converge: %s", errs)
	}
	return planned.Sub(began) + finished.Sub(through), code, out + errs
}

// TestLabHostileHost has one host of several answer without end, with nothing, or with
// what was not requested: the others plan and apply as fast as ever, and it is said what it does.
func TestLabHostileHost(t *testing.T) {
	f := start(t, times(t, "FROYO_HOSTILE_FLEET", 4))
	runs := times(t, "FROYO_HOSTILE_FLEET_RUNS", 1)
	names := strconv.Itoa(times(t, "FROYO_HOSTILE_FLEET_NAMES", 30_000))
	f.trust(t)
	f.inventory(t, "root", nil)
	hostile := f.hosts[len(f.hosts)-1]
	for _, h := range hostilities {
		t.Run(h.name, func(t *testing.T) {
			f.write(t, "site.star", "def f(host):\n"+h.units+"\nplay(\"h\", hosts = \"all\", do = f)\n")
			prepare := "rm -rf /srv/h; mkdir -p /srv/h/many; echo content >/srv/h/app; touch /srv/h/many/one"
			clean := "umount $(readlink -f /etc/os-release) 2>/dev/null; rm -rf /srv/h"
			t.Cleanup(func() { f.each(t, clean) })
			var usual, with []time.Duration
			for i := 0; i < runs || i < 3 && ratio(usual, with) > 3; i++ { // one run alone may have met another test's load
				f.each(t, prepare)
				s, code, _ := f.span(t)
				if code != 0 {
					t.Fatal("the fleet does not converge without a hostile host")
				}
				usual = append(usual, s)
				f.each(t, prepare)
				hostile.SSH(t, strings.Replace(h.prepare, "NAMES", names, 1))
				s, code, said := f.span(t)
				with = append(with, s)
				if want := map[bool]int{false: 0, true: 3}[h.fails]; code != want {
					t.Errorf("exit code %d, want %d", code, want)
				}
				if h.fails && !about(said, hostile.Name, h.says) {
					t.Errorf("nothing is said of %s with %q:\n%s", hostile.Name, h.says, said)
				}
				hostile.SSH(t, clean)
			}
			r := ratio(usual, with)
			t.Logf("the other hosts plan and apply in %.2f of their usual time", r)
			if r > 3 { // the hosts of a lab share their processors
				t.Errorf("the other hosts took %.1f times as long as usual", r)
			}
		})
	}
}

// about reports whether a line names the host, and it or one of the next few has the text.
func about(said, host, text string) bool {
	lines := strings.Split(said, "\n")
	for i, line := range lines {
		if strings.Contains(line, host) && strings.Contains(strings.Join(lines[i:min(len(lines), i+4)], "\n"), text) {
			return true
		}
	}
	return false
}

// ratio compares medians.
func ratio(usual, with []time.Duration) float64 {
	slices.Sort(usual)
	slices.Sort(with)
	return float64(with[len(with)/2]) / float64(usual[len(usual)/2])
}
