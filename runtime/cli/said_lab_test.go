package cli_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestLabAnotherMachine: a machine that reports another machine-id under an old
// name does not lose what is protected on it without a question; the others go on.
func TestLabAnotherMachine(t *testing.T) {
	f := startSome(t, 2, `
def keep(host):
    file("/srv/said", state = "directory", lifecycle = lifecycle(prevent_destroy = host.name == "h1"))

play("keep", hosts = "all", do = keep)
`)
	t.Cleanup(func() { f.each(t, "rmdir /srv/said 2>/dev/null; true") })
	if code, _, _ := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	h1 := f.hosts[0]
	old := strings.TrimSpace(h1.SSH(t, "cat /etc/machine-id"))
	t.Cleanup(func() { h1.SSH(t, "echo "+old+" >/etc/machine-id") })
	h1.SSH(t, "tr 0-9a-f a-f0-9 </etc/machine-id >/run/said-id; cat /run/said-id >/etc/machine-id; rm /run/said-id")
	f.write(t, "site.star", `
def gone(host):
    file("/srv/said", state = "absent")

play("gone", hosts = "all", do = gone)
`)
	code, stdout, stderr := f.run(t, "apply", "-y")
	if code != 3 || !strings.Contains(stderr, "another machine answers under this name") || !strings.Contains(stderr, "file[/srv/said]") {
		t.Errorf("exit code %d:\n%s", code, stderr)
	}
	f.recap(t, stdout, "changed=0 +unreachable=0 +failed=1", "h1")
	f.recap(t, stdout, "changed=1 +unreachable=0 +failed=0", "h2")
	f.want(t, "test -d /srv/said && echo there || echo gone", "there\n", "h1")
	accept := regexp.MustCompile(`froyo (state machines accept h1 [0-9a-f]{32} --same)`).FindStringSubmatch(stderr)
	if accept == nil {
		t.Fatalf("no command decides:\n%s", stderr)
	}
	if code, _, stderr := f.finish(t, f.command(t.Context(), strings.Fields(accept[1])...)); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	if code, _, stderr := f.run(t, "apply", "-y"); code != 3 || !strings.Contains(stderr, "is protected since") {
		t.Errorf("carried over, exit code %d:\n%s", code, stderr)
	}
}

// TestLabPlanOfPackages: the plan says what comes along, and refuses what apply would.
func TestLabPlanOfPackages(t *testing.T) {
	f := startSome(t, 1, `
pkg("nginx-light")
`)
	h1 := f.hosts[0]
	purge := func() { // another test of this host may have left them
		h1.SSH(t, "apt-mark unhold nginx-light >/dev/null 2>&1; DEBIAN_FRONTEND=noninteractive apt-get purge -qq -y nginx-light nginx-common >/dev/null 2>&1; true")
	}
	purge()
	t.Cleanup(purge)
	if code, stdout, stderr := f.run(t, "plan"); code != 0 || !regexp.MustCompile(`pkg\[nginx-light\] .*along with .*nginx-common`).MatchString(stdout) {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	if code, _, stderr := f.run(t, "apply", "-y"); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	refused := func(runbook, want string) {
		t.Helper()
		f.write(t, "site.star", runbook)
		if code, _, stderr := f.run(t, "plan"); code != 3 || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, want 3 and %q:\n%s", code, want, stderr)
		}
	}
	refused(`pkg("nginx-common", state = "absent")`, "removing nginx-common would also remove ")
	refused(`pkg("sed", state = "absent")`, "Essential packages were removed")
	h1.SSH(t, "apt-mark hold nginx-light >/dev/null")
	refused(`pkg("nginx-light", state = "absent")`, "nginx-light is held at ")
}
