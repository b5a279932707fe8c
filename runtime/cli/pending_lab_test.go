package cli_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// owing is a runbook whose handler counts how often it ran; what is between the
// change and the handler takes as long as wait says.
const owing = `
count = handler("count", do = lambda host: cmd("echo ran >>/srv/lab/handled", name = "count"))

def web(host):
    file("/srv/lab", state = "directory")
    file("/srv/lab/app.conf", content = vars.text + "\n", notify = count)
    cmd("touch /srv/lab/between; sleep %s" % vars.wait, name = "between")

play("web", hosts = "all", do = web)
`

// TestLabAHandlerOutlivesFroyo kills froyo when the change has been made and
// the handler has not run.
func TestLabAHandlerOutlivesFroyo(t *testing.T) {
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "site.star", owing)
	h := f.hosts[0]
	h.SSH(t, "rm -rf /srv/lab && mkdir /srv/lab")

	cmd := f.command(t.Context(), "apply", "-y", "-i", "hosts.ini", "-e", "text=one", "-e", "wait=60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.SSH(t, "until [ -e /srv/lab/between ]; do sleep 0.02; done")
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("it ended well although it was killed")
	}
	if got := h.SSH(t, "cat /srv/lab/app.conf; ls /srv/lab"); !strings.HasPrefix(got, "one\n") || strings.Contains(got, "handled") {
		t.Fatalf("the host has %q: want the change made and the handler not run", got)
	}
	f.wantPending(t, "count")

	code, out, _ := f.run(t, "plan", "-e", "text=one", "-e", "wait=0")
	if code != 0 || !strings.Contains(out, "(pending since ") {
		t.Errorf("exit code %d; the plan does not show what is pending:\n%s", code, out)
	}
	for range 2 { // the second has nothing to deliver
		if code, _, _ := f.run(t, "apply", "-y", "-e", "text=one", "-e", "wait=0"); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		if got := h.SSH(t, "cat /srv/lab/handled"); got != "ran\n" {
			t.Errorf("the handler ran %d times, want once", strings.Count(got, "ran"))
		}
	}
	f.wantPending(t, "")
	time.Sleep(6 * time.Second) // the killed run's program is ended by its runner
	f.clean(t)
}

// TestLabNoHandlerIsLost kills froyo at many moments of a run that changes a
// file: by the end of the next run the handler has seen the change.
func TestLabNoHandlerIsLost(t *testing.T) {
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "root", nil)
	f.write(t, "site.star", owing)
	h := f.hosts[0]
	h.SSH(t, "rm -rf /srv/lab && mkdir /srv/lab")
	ran := func() int { return strings.Count(h.SSH(t, "cat /srv/lab/handled 2>/dev/null; true"), "ran") }

	before, pending, changed, twice := 0, 0, 0, 0
	for i := range 24 {
		text, delay := fmt.Sprint("text=", i), time.Duration(300+20*i)*time.Millisecond
		cmd := f.command(t.Context(), "apply", "-y", "-i", "hosts.ini", "-e", text, "-e", "wait=0.2")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		_ = cmd.Process.Signal(syscall.SIGKILL) // it may have ended already
		_ = cmd.Wait()                          // by the signal, or well
		if h.SSH(t, "cat /srv/lab/app.conf 2>/dev/null; true") == fmt.Sprintln(i) {
			changed++
		}
		if _, out, _ := f.finish(t, f.command(t.Context(), "state", "handlers")); !strings.Contains(out, "no handlers are pending") {
			pending++
		}
		if code, _, _ := f.run(t, "apply", "-y", "-e", text, "-e", "wait=0"); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		after := ran()
		if after == before {
			t.Errorf("killed after %s: the handler never ran for the change", delay)
		}
		if after > before+1 {
			twice++
		}
		before = after
	}
	f.wantPending(t, "")
	t.Logf("of 24 killed runs %d had changed the host and %d left the handler pending; it ran twice for %d", changed, pending, twice)
}

// wantPending checks which handler the state holds as pending, if any.
func (f *froyo) wantPending(t *testing.T, handler string) {
	t.Helper()
	code, out, _ := f.finish(t, f.command(t.Context(), "state", "handlers"))
	if none := strings.Contains(out, "no handlers are pending"); code != 0 || none != (handler == "") || !strings.Contains(out, handler) {
		t.Errorf("exit code %d, want %q pending:\n%s", code, handler, out)
	}
}
