package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// The programs of the rule that these tests onboard with.
const onboardSudo = "NOPASSWD: /usr/bin/systemctl,/usr/bin/apt,/usr/bin/dnf"

// startOnboard takes a host of its own, which froyo does not know yet, and makes a key.
func startOnboard(t *testing.T) *froyo {
	t.Helper()
	f := startOn(t, []labtest.Host{labtest.Own(t)})
	f.sharesGuests(t)
	h := f.hosts[0]
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.SSH(t, "date; uptime; journalctl --no-pager -o short-precise -n 150"))
		}
	})
	h.Undo(t, "[ ! -x /var/lib/froyo/onboard/rollback ] || /var/lib/froyo/onboard/rollback now; userdel -rf froyo; rm -rf /etc/sudoers.d/froyo-onboard /var/lib/froyo /run/sudo/ts/froyo /tmp/.froyo-*; true")
	return f
}

// onboard runs froyo onboard as a command that says nothing of the inventory.
func (f *froyo) onboard(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return f.finish(t, f.command(t.Context(), append([]string{"onboard"}, args...)...))
}

// as runs a script by ssh with the key of f, or with a password where that is given.
func (f *froyo) as(t *testing.T, user, script string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "ssh", "-o", "LogLevel=ERROR", "-i", filepath.Join(f.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
		"-o", "UserKnownHostsFile="+f.hosts[0].KnownHosts, user+"@"+f.hosts[0].Addr, script)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// etc tells all that is in /etc, who there is, and what is in the homes.
func (f *froyo) etc(t *testing.T) string {
	t.Helper()
	return f.hosts[0].SSH(t, `cd / && { find etc home root var/lib/froyo -xdev ! -name 'passwd-' ! -name 'shadow-' ! -name 'group-' ! -name 'gshadow-' ! -name 'subuid-' ! -name 'subgid-' \
		! -path 'root/.cache*' -printf '%p %y %m %U %G %l\n' 2>/dev/null | sort
		find etc home root -xdev -type f ! -name 'passwd-' ! -name 'shadow-' ! -name 'group-' ! -name 'gshadow-' ! -name 'subuid-' ! -name 'subgid-' -exec sha256sum {} + | sort -k2; }`)
}

// oldSSHD is the configuration of a host that knows no Include, and sets the value twice.
const oldSSHD = "Port 22\nPermitRootLogin yes\nPasswordAuthentication yes\nUsePAM yes\nSubsystem sftp /usr/lib/openssh/sftp-server\nPasswordAuthentication yes\n"

// TestLabOnboard is the command of the documentation, on a host as it is, and on one with an old configuration of sshd.
func TestLabOnboard(t *testing.T) {
	for name, prepare := range map[string]string{
		"as it is": "true",
		"old":      "rm -r /etc/ssh/sshd_config.d && printf '" + strings.ReplaceAll(oldSSHD, "\n", `\n`) + "' >/etc/ssh/sshd_config && systemctl restart ssh",
	} {
		t.Run(name, func(t *testing.T) {
			f := startOnboard(t)
			f.hosts[0].Undo(t, "mkdir -p /etc/ssh/sshd_config.d; cp -pR /root/.ssh-before/. /etc/ssh/; rm -r /root/.ssh-before; systemctl restart ssh")
			f.hosts[0].SSH(t, "cp -pR /etc/ssh /root/.ssh-before; "+prepare)
			f.onboarded(t)
		})
	}
}

// onboarded onboards a host, works with it, and restores it.
func (f *froyo) onboarded(t *testing.T) {
	t.Helper()
	h := f.hosts[0]
	if code, _, _ := f.finish(t, f.command(t.Context(), "init")); code != 0 {
		t.Fatal("no workspace")
	}
	if code, _, _ := f.finish(t, f.command(t.Context(), "key", "export", "default-ed25519", "--private", "--out", "key")); code != 0 {
		t.Fatal("no key")
	}
	before := f.etc(t)
	args := []string{
		"ssh", "--host", h.Addr, "--name", "web1", "--user", "root", "--password", labtest.Password, "--key", "default-ed25519",
		"--create-user", "froyo", "--sudo", onboardSudo, "--lock-down", "disable_password_auth", "--labels", "env=dev,role=web", "-y",
	}
	if code, _, stderr := f.onboard(t, args...); code != 4 || !strings.Contains(stderr, "--accept-new") {
		t.Fatalf("exit code %d, want 4: the host is not known", code)
	}
	args = append(args, "--accept-new")
	code, stdout, _ := f.onboard(t, args...)
	if code != 0 || !strings.Contains(stdout, "web1 is registered: froyo@"+h.Addr) {
		t.Fatalf("exit code %d: not onboarded", code)
	}
	if said, err := f.as(t, "froyo", "sudo -n /usr/bin/systemctl is-active ssh; sudo -n /usr/bin/id"); err == nil || !strings.HasPrefix(said, "active\n") || strings.Contains(said, "uid=0") {
		t.Errorf("sudo does not do what the rule says and no more: %s", said)
	}
	if said := f.byPassword(t); !strings.Contains(said, "Permission denied (publickey)") {
		t.Errorf("root is asked for a password: %s", said)
	}
	between := f.etc(t)
	if code, stdout, _ := f.onboard(t, args...); code != 0 || !strings.Contains(stdout, "nothing was to be changed") {
		t.Errorf("the second time: exit code %d", code)
	}
	other := append(slices.Clone(args), "--lock-down", "disable_root_login")
	if code, _, stderr := f.onboard(t, other...); code != 1 || !strings.Contains(stderr, "restore it first: froyo onboard rollback --host web1") {
		t.Errorf("with something else locked down: exit code %d, want 1 and a hint", code)
	}
	if f.etc(t) != between {
		t.Error("the second time changed the host")
	}

	// The target is a host of the inventory, and its rule is enough for packages and services.
	f.write(t, "site.star", `
def web(host):
    pkg("froyo-demo")
    service("froyo-demo", state = "stopped")

play("web", hosts = "role=web", do = web)
`)
	if code, stdout, _ := f.finish(t, f.command(t.Context(), "apply", "-y")); code != 0 || !strings.Contains(stdout, "web1 ") {
		t.Errorf("exit code %d: the target cannot be worked with", code)
	}
	h.SSH(t, "apt-get -y purge froyo-demo >/dev/null; rm -f /etc/.pwd.lock")
	if code, stdout, _ := f.onboard(t, "list"); code != 0 || !strings.Contains(stdout, "env=dev,role=web") {
		t.Errorf("exit code %d: it is not listed", code)
	}
	if code, _, _ := f.onboard(t, "rollback", "--host", "web1", "-y"); code != 0 {
		t.Errorf("exit code %d: not restored", code)
	}
	waitFor(t, func() bool { return h.SSH(t, "ls -d /var/lib/froyo/onboard 2>/dev/null; true") == "" })
	if after := f.etc(t); after != before {
		t.Errorf("the host is not as it was: %s", cmp.Diff(before, after))
	}
	if code, stdout, _ := f.onboard(t, "list"); code != 0 || !strings.Contains(stdout, "no host was onboarded") {
		t.Errorf("exit code %d: it is listed still", code)
	}
}

// byPassword says what sshd says to root, who has a password and no key.
func (f *froyo) byPassword(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ssh", "-o", "LogLevel=ERROR", "-o", "PubkeyAuthentication=no", "-o", "BatchMode=yes", //nolint:gosec // a test
		"-o", "UserKnownHostsFile="+f.hosts[0].KnownHosts, "root@"+f.hosts[0].Addr, "true").CombinedOutput()
	if err == nil {
		return "let in"
	}
	return string(out)
}

// TestLabOnboardBatch: of four hosts one has another password and one is down; the others are registered.
func TestLabOnboardBatch(t *testing.T) {
	f := startOn(t, labtest.Hosts(t, 3))
	for _, h := range f.hosts {
		h.Undo(t, "[ ! -x /var/lib/froyo/onboard/rollback ] || /var/lib/froyo/onboard/rollback login; userdel -rf froyo; rm -rf /etc/sudoers.d/froyo-onboard /var/lib/froyo /run/sudo/ts/froyo /tmp/.froyo-*; true")
	}
	if code, _, _ := f.finish(t, f.command(t.Context(), "init")); code != 0 {
		t.Fatal("no workspace")
	}
	set := f.command(t.Context(), "secret", "set", "wrong")
	set.Stdin = strings.NewReader("wrong")
	if code, _, _ := f.finish(t, set); code != 0 {
		t.Fatal("no secret")
	}
	f.write(t, "onboarding.yaml", fmt.Sprintf(`
lockDown: [disable_password_auth]
labels: {env: dev}
hosts:
  web1: {address: %s}
  web2: {address: %s, labels: {role: db}}
  web3: {address: %s, password: {secret: wrong}}
  web4: {address: 10.255.255.1}
`, f.hosts[0].Addr, f.hosts[1].Addr, f.hosts[2].Addr))
	f.env = append(f.env, "FROYO_ONBOARD_PASSWORD="+labtest.Password)
	code, stdout, stderr := f.onboard(t, "batch", "onboarding.yaml", "-y", "--accept-new", "--timeout", "5")
	if code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
	for _, want := range []string{"web1 is registered: froyo@", "web2 is registered: froyo@"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, want := range []string{"error: web3: ", "error: web4: "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q", want)
		}
	}
	if code, stdout, _ := f.finish(t, f.command(t.Context(), "inventory", "list", "-l", "env=dev")); code != 0 || strings.Contains(stdout, "web3") {
		t.Errorf("exit code %d, or what failed is registered", code)
	}
	for _, name := range []string{"web1", "web2"} {
		if code, _, _ := f.onboard(t, "rollback", "--host", name, "-y"); code != 0 {
			t.Errorf("exit code %d: %s is not restored", code, name)
		}
	}
}

// TestLabOnboardKilled ends froyo, its runner or the network after a step: the host can be reached as before or as wanted, and a second
// time completes it. FROYO_ONBOARD_KILLS=all does so after each step.
func TestLabOnboardKilled(t *testing.T) {
	f := startOnboard(t)
	h := f.hosts[0]
	for _, args := range [][]string{{"init"}, {"key", "export", "default-ed25519", "--private", "--out", "key"}} {
		if code, _, _ := f.finish(t, f.command(t.Context(), args...)); code != 0 {
			t.Fatal("no workspace")
		}
	}
	f.env = append(f.env, "FROYO_ONBOARD_PASSWORD="+labtest.Password, "FROYO_LOCK_TIMEOUT=2m")
	args := []string{"ssh", "--host", h.Addr, "--name", "web1", "--sudo", onboardSudo, "--lock-down", "disable_password_auth", "-y", "--accept-new", "--json"}
	restore := func() {
		if code, _, _ := f.onboard(t, "rollback", "--host", "web1", "-y"); code != 0 {
			t.Fatal("not restored")
		}
		waitFor(t, func() bool { return h.SSH(t, "ls -d /var/lib/froyo/onboard 2>/dev/null; true") == "" })
	}
	_, stdout, _ := f.onboard(t, args...)
	steps := strings.Count(stdout, `"event":"unit.`)
	restore()
	if steps < 20 {
		t.Fatalf("%d events of units", steps)
	}
	every := steps / 3
	if os.Getenv("FROYO_ONBOARD_KILLS") == "all" { // a test's environment says how much of it is done
		every = 1
	}
	counts := map[string]int{}
	for k := 1; k <= steps; k += every {
		how := []string{"froyo", "runner", "network"}[k%3]
		counts[how]++
		f.broken(t, args, k, how)
		if _, err := f.as(t, "froyo", "true"); err != nil && f.byPassword(t) == "let in" {
			t.Errorf("after step %d (%s) the host cannot be reached", k, how)
		} else if err != nil && !strings.Contains(f.byPassword(t), "password") {
			t.Errorf("after step %d (%s) neither the key nor a password lets in: %v", k, how, err)
		}
		if code, _, _ := f.onboard(t, args...); code != 0 {
			t.Fatalf("after step %d (%s) a second time does not complete it", k, how)
		}
		restore()
	}
	t.Logf("%d steps; ended after a step and completed the second time: %v", steps, counts)
}

// broken runs froyo onboard, and ends something of it once so many steps were told.
func (f *froyo) broken(t *testing.T, args []string, steps int, what string) {
	t.Helper()
	cmd := f.command(t.Context(), append([]string{"onboard"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.Contains(lines.Text(), `"event":"unit.`) {
			steps--
		}
		if steps != 0 {
			continue
		}
		steps = -1
		switch what {
		case "froyo":
			_ = cmd.Process.Kill()
		case "runner":
			f.hosts[0].SSH(t, `for e in /proc/[0-9]*/exe; do case $(readlink $e 2>/dev/null) in *froyo*|*memfd:*|*"(deleted)") p=${e%/exe}; kill -KILL ${p#/proc/};; esac; done 2>/dev/null; true`)
		case "network":
			f.hosts[0].Cut(t)
			_ = cmd.Process.Kill()
			f.hosts[0].Join(t)
		}
	}
	_ = cmd.Wait() // it was ended
}
