package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

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
	return f.hosts[0].SSH(t, `cd / && { find etc home root var/lib/froyo -xdev ! -name 'passwd-' ! -name 'shadow-' ! -name 'group-' ! -name 'gshadow-' ! -path 'root/.cache*' -printf '%p %y %m %U %G %l\n' 2>/dev/null | sort
		find etc home root -xdev -type f ! -name 'passwd-' ! -name 'shadow-' ! -name 'group-' ! -name 'gshadow-' -exec sha256sum {} + | sort -k2; }`)
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
	if code, _, stderr := f.onboard(t, other...); code != 4 || !strings.Contains(stderr, `sshd_config has no "PermitRootLogin no" of onboarding; to change that takes root`) || !strings.Contains(stderr, "restore the host first: froyo onboard rollback --host "+h.Addr+" --user froyo --key default-ed25519") {
		t.Errorf("with something else locked down: exit code %d, want 4 and a hint", code)
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
	h.SSH(t, "apt-get -y purge froyo-demo >/dev/null")
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

// TestLabOnboardBatch: of several hosts one has another password and one is down; the others are registered. FROYO_ONBOARD_HOSTS says how
// many of the lab's take part.
func TestLabOnboardBatch(t *testing.T) {
	up := 3
	if n, err := strconv.Atoi(os.Getenv("FROYO_ONBOARD_HOSTS")); err == nil { // a test's environment says how much of it is done
		up = n
	}
	f := startOn(t, labtest.Hosts(t, up))
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
	var file strings.Builder
	file.WriteString("lockDown: [disable_password_auth]\nlabels: {env: dev}\nhosts:\n  down: {address: 10.255.255.1}\n")
	for i, h := range f.hosts {
		rest := ""
		if i == 1 {
			rest = ", password: {secret: wrong}"
		}
		fmt.Fprintf(&file, "  web%d: {address: %s%s}\n", i, h.Addr, rest)
	}
	f.write(t, "onboarding.yaml", file.String())
	f.env = append(f.env, "FROYO_ONBOARD_PASSWORD="+labtest.Password)
	code, stdout, stderr := f.onboard(t, "batch", "onboarding.yaml", "-y", "--accept-new", "--timeout", "5")
	if code != 4 {
		t.Errorf("exit code %d, want 4", code)
	}
	if n := strings.Count(stdout, " is registered: froyo@"); n != up-1 || strings.Contains(stdout, "web1 is registered") {
		t.Errorf("%d are registered, want %d", n, up-1)
	}
	for _, want := range []string{"error: web1: ", "error: down: "} {
		if n := strings.Count(stderr, want); n != 1 {
			t.Errorf("%q %d times", want, n)
		}
	}
	if n := strings.Count(stderr, "froyo: error: "); n != 2 {
		t.Errorf("%d errors, want 2", n)
	}
	if code, stdout, _ := f.finish(t, f.command(t.Context(), "inventory", "list", "-l", "env=dev")); code != 0 || strings.Contains(stdout, "web1") {
		t.Errorf("exit code %d, or what failed is registered", code)
	}
	for i := range f.hosts {
		if i == 1 {
			continue
		}
		if code, _, _ := f.onboard(t, "rollback", "--host", fmt.Sprintf("web%d", i), "-y"); code != 0 {
			t.Errorf("exit code %d: web%d is not restored", code, i)
		}
	}
}

// TestLabOnboardKilled ends froyo, its runner or the network after a step: the host lets in as before or as wanted, which is proven each
// time, and a second time completes it. FROYO_ONBOARD_KILLS=all does so after each step, by each of the three.
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
	ways := []string{"froyo", "runner", "network"}
	hits, by := map[string]int{}, map[string]int{}
	for _, kill := range kills(steps, ways) {
		if f.broken(t, args, kill.step, kill.way) {
			hits[kill.way]++
		}
		waitFor(t, func() bool { // sshd may be starting anew
			way := f.letsIn(t)
			by[way]++
			return way != ""
		})
		if code, _, _ := f.onboard(t, args...); code != 0 {
			t.Fatalf("after step %d (%s) a second time does not complete it", kill.step, kill.way)
		}
		if err := f.byKey(); err != nil {
			t.Fatalf("after step %d (%s) the second time: %v", kill.step, kill.way, err)
		}
		restore()
	}
	for _, way := range ways {
		if hits[way] == 0 {
			t.Errorf("%s was never hit", way)
		}
	}
	t.Logf("%d steps; hit and completed the second time: %v; before that the host let in: %v", steps, hits, by)
}

// ending is what is ended after which step.
type ending struct {
	step int
	way  string
}

// kills are those of a run: a sample, or all.
func kills(steps int, ways []string) (all []ending) {
	if os.Getenv("FROYO_ONBOARD_KILLS") == "all" { // a test's environment says how much of it is done
		for step := 1; step < steps; step++ { // after the last there is nothing left to end
			for _, way := range ways {
				all = append(all, ending{step, way})
			}
		}
		return all
	}
	for i, way := range ways {
		all = append(all, ending{steps * (2*i + 1) / 6, way})
	}
	return all
}

// byKey logs in as the new user, and has sudo do what the rule says.
func (f *froyo) byKey() error {
	out, err := exec.Command("ssh", "-o", "LogLevel=ERROR", "-i", filepath.Join(f.dir, "key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", //nolint:gosec,noctx // a test
		"-o", "UserKnownHostsFile="+f.hosts[0].KnownHosts, "froyo@"+f.hosts[0].Addr, "sudo -n /usr/bin/systemctl is-active ssh").CombinedOutput()
	if err != nil || string(out) != "active\n" {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// letsIn tells by what the host lets in: by the key as the new user, who may call sudo, or by the password as root; "" is neither.
func (f *froyo) letsIn(t *testing.T) string {
	t.Helper()
	if f.byKey() == nil {
		return "the key"
	}
	if err := f.withPassword(t, "root"); err != nil {
		t.Log(err)
		return ""
	}
	return "the password"
}

// withPassword logs in by the password that all users of a lab host have, and runs a program.
func (f *froyo) withPassword(t *testing.T, user string) error {
	t.Helper()
	trust, err := knownhosts.New(f.hosts[0].KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", net.JoinHostPort(f.hosts[0].Addr, "22"), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(labtest.Password)}, HostKeyCallback: trust, Timeout: 10 * time.Second,
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := client.NewSession()
	if err != nil {
		return err
	}
	out, err := s.Output("id -un")
	if err == nil && strings.TrimSpace(string(out)) != user {
		err = fmt.Errorf("%s was let in", out)
	}
	return err
}

// killRunner kills the runners on a host, and says how many there were.
const killRunner = `n=0; for e in /proc/[0-9]*/exe; do case $(readlink $e 2>/dev/null) in *froyo*|*memfd:*) p=${e%/exe}; kill -KILL ${p#/proc/} && n=$((n + 1));; esac; done 2>/dev/null; echo $n`

// broken runs froyo onboard, and ends something of it once so many steps were told. It reports whether that was still there.
func (f *froyo) broken(t *testing.T, args []string, steps int, what string) (hit bool) {
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
			hit = strings.TrimSpace(f.hosts[0].SSH(t, killRunner)) != "0"
		case "network":
			f.hosts[0].Cut(t)
			_ = cmd.Process.Kill()
			f.hosts[0].Join(t)
		}
	}
	if err := cmd.Wait(); what != "runner" {
		ended, _ := errors.AsType[*exec.ExitError](err)
		hit = ended != nil && !ended.Exited() // by the signal
	}
	return hit
}

// TestLabOnboardOdd: what is refused changes nothing, or is undone; others than root log in; and a host that is no target is restored.
func TestLabOnboardOdd(t *testing.T) {
	f := startOnboard(t)
	h := f.hosts[0]
	t.Cleanup(func() { // root may be locked out
		_, _ = byLabKey(h, "ops", "sudo sh -c '[ ! -x /var/lib/froyo/onboard/rollback ] || /var/lib/froyo/onboard/rollback login'")
	})
	h.Undo(t, "cp -p /root/.sshd-before /etc/ssh/sshd_config; cp -p /root/.options-before /etc/default/ssh; rm -f /root/.sshd-before /root/.options-before /etc/ssh/sshd_config.d/60-froyo-web.conf; systemctl restart ssh")
	h.SSH(t, "cp -p /etc/ssh/sshd_config /root/.sshd-before; cp -p /etc/default/ssh /root/.options-before")
	for _, args := range [][]string{{"init"}, {"key", "export", "default-ed25519", "--private", "--out", "key"}} {
		if code, _, _ := f.finish(t, f.command(t.Context(), args...)); code != 0 {
			t.Fatal("no workspace")
		}
	}
	f.env = append(f.env, "FROYO_ONBOARD_PASSWORD="+labtest.Password)
	base := []string{"ssh", "--host", h.Addr, "--name", "web1", "-y", "--accept-new", "--lock-down", "disable_password_auth"}
	onboard := func(args ...string) (code int, stdout, stderr string) {
		t.Helper()
		return f.onboard(t, append(slices.Clone(base), args...)...)
	}
	before := f.etc(t)
	same := func(what string) {
		t.Helper()
		if after := f.etc(t); after != before {
			t.Errorf("%s: the host is not as it was: %s", what, cmp.Diff(before, after))
		}
	}

	if code, _, stderr := onboard("--sudo", "NOPASSWD: usr/bin/apt"); code != 3 || !strings.Contains(stderr, "sudo does not take the rule; nothing was changed") {
		t.Errorf("exit code %d for a rule that is none", code)
	}
	same("a rule that is none")

	h.SSH(t, `printf 'Match User other\n  PasswordAuthentication yes\n' >/etc/ssh/sshd_config.d/60-froyo-web.conf`)
	if code, _, stderr := onboard("-C"); code != 1 || !strings.Contains(stderr, `/etc/ssh/sshd_config.d/60-froyo-web.conf:2, "PasswordAuthentication yes" below "Match User other"`) {
		t.Errorf("exit code %d where a Match lets others in by a password", code)
	}
	h.SSH(t, `rm /etc/ssh/sshd_config.d/60-froyo-web.conf; echo 'SSHD_OPTS="-o PasswordAuthentication=yes"' >/etc/default/ssh; systemctl restart ssh`)
	waitFor(t, func() bool { return f.withPassword(t, "root") == nil })
	code, _, stderr := onboard()
	if code != 3 || !strings.Contains(stderr, "root is still let in by password; sshd is as it was before") {
		t.Errorf("exit code %d where sshd lets in by a password, whatever its file says", code)
	}
	undo := []string{"rollback", "--host", h.Addr, "--user", "root"}
	if !strings.Contains(stderr, "is undone by: froyo onboard "+strings.Join(undo, " ")) {
		t.Error("it does not say how to undo it")
	}
	waitFor(t, func() bool { return f.withPassword(t, "root") == nil }) // sshd may be starting anew
	if code, stdout, _ := f.onboard(t, append(undo, "-C")...); code != 0 || !strings.Contains(stdout, "the user froyo goes, with all that is in /home/froyo") {
		t.Errorf("exit code %d: it does not show what goes", code)
	}
	if code, _, _ := f.onboard(t, append(undo, "-y")...); code != 0 {
		t.Errorf("exit code %d: a host that is no target is not restored", code)
	}
	h.SSH(t, "cat /root/.options-before >/etc/default/ssh; systemctl restart ssh")
	same("an option of sshd")

	// Who has to give sudo a password logs in; without a script it takes the same to restore.
	if code, _, _ := onboard("--user", "opspw", "--no-rollback"); code != 0 {
		t.Errorf("exit code %d: opspw cannot onboard", code)
	}
	if f.byKey() != nil || f.withPassword(t, "opspw") == nil || f.withPassword(t, "root") == nil {
		t.Error("the key does not let in, or a password does")
	}
	if code, _, stderr := f.onboard(t, "rollback", "--host", "web1", "-y", "--user", "opspw"); code != 4 {
		t.Errorf("exit code %d, want 4: %s", code, stderr)
	}
	if code, _, _ := f.onboard(t, "rollback", "--host", "web1", "-y", "--user", "opspw", "--key", h.KeyFile); code != 0 {
		t.Errorf("exit code %d: not restored by a key and the password of sudo", code)
	}
	same("by opspw")

	// What a first time closed stays closed where a second time fails, and a third closes more.
	byOps := []string{"ssh", "--host", h.Addr, "--name", "web1", "-y", "--user", "ops", "--lock-down"}
	options := func(script string) {
		t.Helper()
		if out, err := byLabKey(h, "ops", "sudo sh -c '"+script+"; systemctl restart ssh'"); err != nil {
			t.Fatal(err, out)
		}
		waitFor(t, func() bool { _, err := byLabKey(h, "ops", "true"); return err == nil })
	}
	if code, _, _ := f.onboard(t, append(byOps, "disable_root_login")...); code != 0 {
		t.Errorf("exit code %d: ops cannot onboard", code)
	}
	options(`echo SSHD_OPTS=\"-o PasswordAuthentication=yes\" >/etc/default/ssh`)
	byOps = append(byOps, "disable_root_login,disable_password_auth", "--sudo", "NOPASSWD: /usr/bin/systemctl")
	if code, _, stderr := f.onboard(t, byOps...); code != 3 || !strings.Contains(stderr, "ops is still let in by password; sshd is as it was before") {
		t.Errorf("exit code %d where sshd lets in by a password", code)
	}
	waitFor(t, func() bool { return f.withPassword(t, "ops") == nil })
	if said, err := byLabKey(h, "root", "true"); err == nil {
		t.Errorf("what the first time closed is open: %s", said)
	}
	options("cat /root/.options-before >/etc/default/ssh")
	if code, _, _ := f.onboard(t, byOps...); code != 0 {
		t.Errorf("exit code %d: not the third time", code)
	}

	// Root is locked out, others change sshd's files, and what they did stays.
	if said, err := byLabKey(h, "root", "true"); err == nil || f.byKey() != nil {
		t.Errorf("root logs in, or the key does not: %s", said)
	}
	late := `echo MaxStartups 77 >/etc/ssh/sshd_config.d/60-froyo-web.conf; echo "# late" >>/etc/ssh/sshd_config`
	if out, err := byLabKey(h, "ops", "sudo sh -c '"+late+"'"); err != nil {
		t.Fatal(err, out)
	}
	code, stdout, _ := f.onboard(t, "rollback", "--host", "web1", "-C")
	if code != 0 || !strings.Contains(stdout, "what was changed since it was onboarded stays") {
		t.Errorf("exit code %d: it does not show what stays", code)
	}
	if code, _, _ := f.onboard(t, "rollback", "--host", "web1", "-y"); code != 0 {
		t.Errorf("exit code %d: not restored", code)
	}
	waitFor(t, func() bool { return f.withPassword(t, "root") == nil })
	if said := h.SSH(t, "cat /etc/ssh/sshd_config.d/60-froyo-web.conf; tail -n 1 /etc/ssh/sshd_config"); said != "MaxStartups 77\n# late\n" {
		t.Errorf("what was changed since is gone: %s", said)
	}
	h.SSH(t, "rm /etc/ssh/sshd_config.d/60-froyo-web.conf; cat /root/.sshd-before >/etc/ssh/sshd_config; systemctl restart ssh")
	same("by ops")
}

// byLabKey runs a script as a user of a lab host, by the key that all have.
func byLabKey(h labtest.Host, user, script string) (string, error) {
	out, err := exec.Command("ssh", "-o", "LogLevel=ERROR", "-i", h.KeyFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", //nolint:gosec,noctx // it runs after the test, too
		"-o", "UserKnownHostsFile="+h.KnownHosts, user+"@"+h.Addr, script).CombinedOutput()
	return string(out), err
}

// TestLabOnboardKeys: the user was there before, and has a rule of a few programs; the key of the target is rotated, and gets a successor,
// by the user alone. To restore the host takes away whichever it has then, and no other; the first one let the user in before, and does again.
func TestLabOnboardKeys(t *testing.T) {
	f := startOnboard(t)
	h := f.hosts[0]
	h.SSH(t, `useradd -m froyo && mkdir -m 755 /home/froyo/.ssh && echo "from=\"192.0.2.1\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@laptop" >/home/froyo/.ssh/authorized_keys && chown -R froyo: /home/froyo/.ssh`)
	run := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := f.finish(t, f.command(t.Context(), args...))
		if code != want {
			t.Errorf("exit code %d, want %d", code, want)
		}
		return stdout, stderr
	}
	run(0, "init")
	own, _ := run(0, "key", "export", "default-ed25519")
	own = strings.Join(strings.Fields(own)[:2], " ") + " me@desk"
	h.SSH(t, "sed -i '1i "+own+"' /home/froyo/.ssh/authorized_keys")
	f.env = append(f.env, "FROYO_ONBOARD_PASSWORD="+labtest.Password)
	before := f.etc(t)
	run(0, "onboard", "ssh", "--host", h.Addr, "--name", "web1", "-y", "--accept-new", "--lock-down", "disable_password_auth", "--sudo", onboardSudo)
	if _, stderr := run(1, "key", "rm", "default-ed25519", "-y"); !strings.Contains(stderr, "default-ed25519 is the key of 1 host: web1; it was not removed") {
		t.Error("the key of a target is removed")
	}
	first, _ := run(0, "onboard", "show", "web1")
	if _, stderr := run(0, "key", "rotate", "default-ed25519", "-y"); !strings.Contains(stderr, "1 host let froyo in") {
		t.Error("the key is not rotated on the target")
	}
	second, _ := run(0, "onboard", "show", "web1")
	if first == second {
		t.Error("the key before is shown")
	}
	run(0, "key", "new", "web")
	run(0, "onboard", "rekey", "--host", "web1", "--key", "web", "-y")
	run(0, "key", "rm", "default-ed25519", "-y")
	run(0, "inventory", "check")
	keys := h.SSH(t, "cat /home/froyo/.ssh/authorized_keys")
	if strings.Count(keys, " froyo-onboard\n") != 1 || strings.Count(keys, "\n") != 2 {
		t.Errorf("other keys than one of each are left: %s", keys)
	}
	if stdout, _ := run(0, "onboard", "rekey", "--host", "web1", "--key", "web", "-y"); !strings.Contains(stdout, "web1 lets froyo in by the key web") {
		t.Error("the second time it is another key")
	}
	// What is no target any more is not registered with less than what is on the host, and is restored as the hint says.
	run(0, "onboard", "forget", "web1")
	again := []string{"onboard", "ssh", "--host", h.Addr, "--name", "web1", "-C", "--key", "web", "--sudo", onboardSudo, "--lock-down", "disable_password_auth"}
	if stdout, _ := run(0, again...); !strings.Contains(stdout, "web1 would be registered: froyo@"+h.Addr+", by the key web; nothing was to be changed") {
		t.Error("what is there is not seen")
	}
	_, stderr := run(4, "onboard", "ssh", "--host", h.Addr, "--name", "web1", "-y", "--key", "web", "--sudo", "NOPASSWD: /usr/bin/apt", "--lock-down", "disable_password_auth")
	restore := []string{"onboard", "rollback", "--host", h.Addr, "--user", "froyo", "--key", "web"}
	if !strings.Contains(stderr, "/etc/sudoers.d/froyo-onboard has: froyo ALL=(root) "+onboardSudo+"; wanted: froyo ALL=(root) NOPASSWD: /usr/bin/apt") || !strings.Contains(stderr, "restore the host first: froyo "+strings.Join(restore, " ")) {
		t.Error("it does not say what is on the host")
	}
	run(0, append(restore, "-y")...)
	waitFor(t, func() bool { return h.SSH(t, "ls -d /var/lib/froyo/onboard 2>/dev/null; true") == "" })
	if after := f.etc(t); after != before {
		t.Errorf("the host is not as it was: %s", cmp.Diff(before, after))
	}
}
