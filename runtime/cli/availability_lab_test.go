package cli_test

import (
	"strings"
	"testing"
)

// plays writes a runbook of one play whose function has these units.
func (f *froyo) plays(t *testing.T, units string) {
	t.Helper()
	f.write(t, "site.star", "def units(host):\n    "+strings.ReplaceAll(strings.TrimSpace(units), "\n", "\n    ")+"\n\nplay(\"units\", hosts = \"all\", do = units)\n")
}

// TestLabAvailability waits for what comes about and goes on a host, and restarts one that needs it.
func TestLabAvailability(t *testing.T) {
	typeCases(t, []typeCase{
		{
			name: "wait_for",
			units: `
wait_for("SSH answers", port = 22)
wait_for("nobody listens", port = 4, gone = True)
cmd("systemd-run --quiet --unit=labapp sh -c 'sleep 1; echo the app has started >/run/labapp.log; exec sleep 1000'", creates = "/run/labapp.log")
wait_for("the app says so", path = "/run/labapp.log", contains = "app has", interval = "100ms")
wait_for("the app runs", service = "labapp")
wait_for("the log", path = "/run/labapp.log")
cmd("systemctl stop --no-block ssh.socket; rm /run/gone", removes = "/run/gone")
wait_for("it is gone", path = "/run/gone", gone = True)
wait_for("nobody waits for SSH", service = "ssh.socket", gone = True, interval = "100ms")`,
			before: "touch /run/gone", undo: "systemctl stop labapp; rm -f /run/labapp.log /run/gone",
			holds:  []string{"systemctl is-active labapp", "test -s /run/labapp.log", "test ! -e /run/gone"},
			drifts: []drift{{"", "systemctl stop labapp; rm /run/labapp.log"}},
			refused: map[string]string{
				`wait_for("x", path = "/nothing", timeout = "300ms")`:                                                   "waited 300ms until /nothing is there: it is not there",
				`wait_for("x", path = "/etc/passwd", contains = "no such text", timeout = "300ms", interval = "100ms")`: "until /etc/passwd contains no such text: it does not contain the text",
				`wait_for("x", port = 4, timeout = "300ms")`:                                                            "until port 4 of 127.0.0.1 is open: connecting: connection refused",
				`wait_for("x", port = 22, gone = True, timeout = "300ms")`:                                              "until port 22 of 127.0.0.1 is closed: somebody listens there",
				`wait_for("x", service = "nothing", timeout = "300ms")`:                                                 "until nothing.service runs: there is no unit nothing.service",
				`wait_for("x", service = "ssh", gone = True, timeout = "300ms")`:                                        "until ssh.service has stopped: it is active",
				`wait_for("x", port = 1, path = "/x")`:                                                                  "port",
				`wait_for("x", service = "-x")`:                                                                         "the name of a service",
			},
		},
		{
			name:    "reboot",
			units:   `reboot("the new kernel")`,
			before:  "touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs",
			undo:    "rm -f /run/reboot-required*",
			holds:   []string{"test ! -e /run/reboot-required"},
			refused: map[string]string{`reboot("each time", condition = "always")`: "would act at every apply"},
		},
	})
}

// TestLabReboot restarts a host in the middle of a run, which goes on there, as another user, too, and once more by a handler.
func TestLabReboot(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	t.Cleanup(func() { h.SSH(t, "rm -f /srv/before /srv/after /run/reboot-required*") })
	boot := func() string { return h.SSH(t, "cat /proc/sys/kernel/random/boot_id") }
	f.plays(t, `
file("/srv/before", content = "x")
reboot("the new kernel")
file("/srv/after", content = "x")
cmd("id", run_as = "nobody", name = "another user", changed_when = False)
`)
	h.SSH(t, "touch /run/reboot-required; echo linux-image-amd64 >/run/reboot-required.pkgs")
	first := boot()
	code, stdout, stderr := f.run(t, "plan")
	if code != 0 || !strings.Contains(stdout, "/run/reboot-required is there, for linux-image-amd64") {
		t.Errorf("plan: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := f.run(t, "apply", "-y"); code != 0 || !strings.Contains(stdout, "changed=3 ") {
		t.Fatalf("apply: exit code %d\n%s%s", code, stdout, stderr)
	}
	second := boot()
	if second == first {
		t.Error("the host was not restarted")
	}
	if said := h.SSH(t, "ls /srv/before /srv/after"); !strings.Contains(said, "after") {
		t.Errorf("the run did not go on: %s", said)
	}
	if code, stdout, stderr := f.run(t, "plan", "--detailed-exitcode"); code != 0 {
		t.Errorf("the second plan is not empty: exit code %d\n%s%s", code, stdout, stderr)
	}
	// A handler, beside units that run at the same time.
	f.write(t, "site.star", `
restart = handler("restart", do = lambda host: reboot("it was asked for", condition = "always"))

def units(host):
    file("/srv/before", content = "y", notify = [restart])
    file("/srv/after", content = "y")

play("units", hosts = "all", do = units, order = "graph")
`)
	if code, stdout, stderr := f.run(t, "apply", "-y"); code != 0 || !strings.Contains(stdout, "changed=3 ") {
		t.Fatalf("apply with a handler: exit code %d\n%s%s", code, stdout, stderr)
	}
	if boot() == second {
		t.Error("the handler did not restart the host")
	}
}
