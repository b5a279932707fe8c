package cli_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// sabotage is a runbook that locks its operator out.
type sabotage struct {
	name  string
	units string
	// before prepares the host, and after takes that back.
	before, after string
}

// sabotages are the ways to lock oneself out of a host.
var sabotages = []sabotage{
	{name: "sshd broken", units: `file("/etc/ssh/sshd_config.d/99-lab.conf", content = "Nonsense yes\n")`},
	{
		name: "drop-all firewall", units: `cmd("nft add table inet lab; nft add chain inet lab in '{ type filter hook input priority 0; policy drop; }'", guard = True)`,
		before: "command -v nft >/dev/null || apt-get -qq install -y nftables >/dev/null 2>&1",
	},
	{name: "sudo rule gone", units: `file("/etc/sudoers.d/ops", state = "absent")`},
	{name: "key gone", units: `file("/home/ops/.ssh/authorized_keys", state = "absent", guard = True)`},
	{name: "PAM deny", units: `file("/etc/pam.d/sshd", content = "account required pam_deny.so\n")`},
	{name: "reboot in the window", units: `file("/etc/ssh/sshd_config.d/99-lab.conf", content = "Port 2222\n")
    cmd("systemctl reboot; sleep 60", guard = True)`},
	{name: "sshd stopped", units: `service("ssh", state = "stopped")`},
	// The processes of all logins go with it, the runner among them.
	{
		name: "sshd stopped by an alias", units: `service("shell", state = "stopped")`,
		before: "ln -s /lib/systemd/system/ssh.service /etc/systemd/system/shell.service && systemctl daemon-reload",
		after:  "rm -f /etc/systemd/system/shell.service && systemctl daemon-reload",
	},
	{name: "sshd masked and killed", units: `cmd("systemctl mask ssh && systemctl kill --kill-who=all --signal=KILL ssh", guard = True)`},
	{name: "sshd on another port", units: `file("/etc/ssh/sshd_config.d/99-lab.conf", content = "Port 2222\n")`},
	{name: "routes gone", units: `cmd("ip route flush table main", guard = True)`},
	{name: "account locked", units: `cmd("chage -E 1 ops", guard = True)`},
	{name: "home unreadable", units: `file("/home/ops", state = "directory", mode = "0000", guard = True)`},
	{name: "wrong shell", units: `user("ops", shell = "/bin/false")`},
	{name: "sshd moved away", units: `cmd("mv /usr/sbin/sshd /usr/sbin/sshd.away", guard = True)`},
	{name: "sshd disabled", units: `cmd("systemctl disable ssh.service ssh.socket", guard = True)`},
	{name: "sudo without its bit", units: `cmd("chmod u-s /usr/bin/sudo; rm /usr/lib/*/security/pam_unix.so", guard = True)`},
	{name: "link renamed", units: `cmd("ip link set host0 down; ip link set host0 name lan0; ip link set lan0 up", guard = True)`},
	{name: "address taken", units: `cmd("ip link add br0 type bridge && ip link set host0 master br0 && ip address flush dev host0 && ip link set br0 up", guard = True)`},
	{name: "sshd not to be run", units: `file("/etc/ssh/sshd_not_to_be_run", content = "")`},
	{name: "options of sshd", units: `file("/etc/default/ssh", content = "SSHD_OPTS=--bogus\n")`},
	{name: "drop-in of sshd", units: `cmd("mkdir -p /etc/systemd/system/ssh.service.d && printf '[Service]\nExecStartPre=/bin/false\n' >/etc/systemd/system/ssh.service.d/99-lab.conf", guard = True)`},
	{name: "a boot for rescue", units: `cmd("ln -sf /lib/systemd/system/rescue.target /etc/systemd/system/default.target", guard = True)`},
}

// sabotaged is a line of the table of what came of a sabotage.
type sabotaged struct {
	host, name, killed string
	after              time.Duration
	code               int
	told               bool
}

// labWindow is how long hosts wait in these tests.
const labWindow = 10 * time.Second

// TestLabGuard: a host whose operator is locked out is reachable again within the window, whether froyo is killed meanwhile or
// not, and the run has failed, saying what was put back. FROYO_SABOTAGE is how many hosts are sabotaged, 6 by default.
func TestLabGuard(t *testing.T) {
	labtest.Inventory(t)
	n := 6
	if text := os.Getenv("FROYO_SABOTAGE"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	var mu sync.Mutex
	var lines []sabotaged
	t.Run("all", func(t *testing.T) {
		for i := range n {
			s := sabotages[i%len(sabotages)]
			t.Run(fmt.Sprintf("%02d %s", i, s.name), func(t *testing.T) {
				f := startOwn(t, "ops")
				line := s.lab(t, f, (i+i/len(sabotages))%2 == 1)
				mu.Lock()
				defer mu.Unlock()
				lines = append(lines, line)
			})
		}
	})
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "host\tsabotage\tkilled at\treachable after\texit code\tmessage")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f s\t%d\t%v\n", l.host, l.name, l.killed, l.after.Seconds(), l.code, l.told)
	}
	_ = w.Flush()
	t.Logf("%d of %d\n%s", len(lines), n, &text)
}

// lab sabotages a host.
func (s sabotage) lab(t *testing.T, f *froyo, kill bool) sabotaged {
	t.Helper()
	h := f.hosts[0]
	if s.before != "" {
		h.SSH(t, s.before)
	}
	if s.after != "" {
		h.Undo(t, s.after)
	}
	before := h.SSH(t, fingerprint)
	f.write(t, "site.star", "def web(host):\n    "+s.units+"\n\nplay(\"web\", hosts = \"all\", do = web)\n")
	line := sabotaged{host: h.Name, name: s.name, killed: "-"}
	args := []string{"apply", "-y", "-b", "--guard-window", labWindow.String(), "-i", "hosts.ini"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := f.command(ctx, args...)
	if kill {
		at := time.Duration(rand.Int64N(int64(6 * time.Second)))
		line.killed = fmt.Sprintf("%.1f s", at.Seconds())
		time.AfterFunc(at, cancel) // which kills it
	}
	code, stdout, stderr := f.finish(t, cmd)
	ended := time.Now()
	for !letsIn(h) {
		if time.Since(ended) > labWindow+90*time.Second {
			t.Fatalf("%s: no one gets in, %s after froyo ended", s.name, time.Since(ended))
		}
		time.Sleep(500 * time.Millisecond)
	}
	line.after = time.Since(ended)
	if kill && code != 3 { // it was killed before it had come to an end
		code, stdout, stderr = f.finish(t, f.command(t.Context(), "resume", "-y", "--guard-window", labWindow.String()))
		if strings.Contains(stderr, "nothing to resume") { // it had not begun
			code, stdout, stderr = f.finish(t, f.command(t.Context(), args...))
		}
	}
	for end := time.Now().Add(labWindow + 60*time.Second); kill && code == 4 && time.Now().Before(end); time.Sleep(time.Second) { // sshd is being started anew
		code, stdout, stderr = f.finish(t, f.command(t.Context(), "resume", "-y", "--guard-window", labWindow.String()))
	}
	line.code = code
	line.told = strings.Contains(stdout+stderr, "put back") || strings.Contains(stderr, "not known whether")
	if line.code != 3 || !line.told {
		t.Errorf("%s: exit code %d, message %v", s.name, line.code, line.told)
	}
	for end := time.Now().Add(labWindow + 60*time.Second); ; time.Sleep(time.Second) {
		after := h.SSH(t, fingerprint)
		if after == before {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%s: the host is another:\nbefore %s\nafter %s", s.name, before, after)
			break
		}
	}
	return line
}

// fingerprint is a script that prints what decides who gets in, and what a guard leaves.
const fingerprint = `cd /etc && find ssh sudoers* pam.d security passwd shadow group gshadow -type f -exec sha256sum {} + | sort -k2
stat -c '%a %U %n' /home/ops /home/ops/.ssh /home/ops/.ssh/authorized_keys; sha256sum /home/ops/.ssh/authorized_keys
ip -o route | sort; ls /sys/class/net; sha256sum /usr/sbin/sshd; stat -c '%a %n' /usr/bin/sudo /usr/lib/*/security/pam_unix.so; systemctl is-enabled ssh.service; nft list tables 2>/dev/null; systemctl is-active ssh
ls -d /var/lib/froyo/* /etc/systemd/system/*froyo-guard* /etc/systemd/system/*/*froyo-guard* 2>/dev/null; pgrep -a froyo-guard; true`

// letsIn reports whether the operator gets in to the host, with all privileges.
func letsIn(h labtest.Host) bool {
	cmd := exec.Command("ssh", "-o", "LogLevel=ERROR", "-i", h.KeyFile, "-o", "UserKnownHostsFile="+h.KnownHosts, //nolint:noctx // it has a timeout of its own
		"-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "ops@"+h.Addr, "sudo -n true")
	return cmd.Run() == nil
}

// TestLabGuardConfirmed: what locks no one out is changed, and nothing of the guard is left.
func TestLabGuardConfirmed(t *testing.T) {
	f := startOwn(t, "ops")
	h := f.hosts[0]
	h.Undo(t, "rm -f /etc/ssh/sshd_config.d/99-lab.conf /etc/ssh/sshd_config.d/98-lab.conf /etc/sudoers.d/zz-guard /srv/guarded /srv/ssh /srv/late")
	f.write(t, "site.star", `
def web(host):
    file("/etc/ssh/sshd_config.d/99-lab.conf", content = "ClientAliveInterval 77\n", notify = [restart])
    file("/etc/sudoers.d/zz-guard", content = "Defaults:ops !lecture\n", mode = "0440", validate = "visudo -cf %s")
    file("/srv/plain", state = "absent")
    cmd("echo yes >/srv/guarded", creates = "/srv/guarded", guard = True)
    file("/srv/ssh", state = "link", target = "/etc/ssh")
    file("/srv/ssh/sshd_config.d/98-lab.conf", content = "MaxSessions 9\n")

restart = handler("restart", do = lambda host: service("ssh", state = "restarted"))
play("web", hosts = "all", do = web)
`)
	if code, stdout, _ := f.run(t, "plan", "-b"); code != 0 || strings.Count(stdout, "under guard") != 5 {
		t.Errorf("the plan does not mark what is guarded")
	}
	if code, stdout, _ := f.run(t, "apply", "-y", "-b"); code != 0 || !strings.Contains(stdout, "changed=6") {
		t.Errorf("exit code %d", code)
	}
	if got := h.SSH(t, "sshd -T | grep -i clientaliveinterval; cat /srv/guarded; ls -d /var/lib/froyo /etc/systemd/system/*froyo* 2>/dev/null; pgrep -a froyo-guard; systemctl list-units --all --plain --no-legend 'froyo-guard*'; true"); got != "clientaliveinterval 77\nyes\n" {
		t.Errorf("the host says %q", got)
	}
	if code, _, _ := f.run(t, "plan", "-b", "--detailed-exitcode"); code != 0 {
		t.Errorf("the second plan is not empty: exit code %d", code)
	}
	f.write(t, "site.star", "cmd(\"ln -s /etc/ssh /srv/late\", creates = \"/srv/late\")\nfile(\"/srv/late/sshd_config.d/98-lab.conf\", content = \"MaxSessions 8\\n\")\n")
	if code, _, stderr := f.run(t, "apply", "-y", "-b"); code != 3 || !strings.Contains(stderr, "leads to /etc/ssh/sshd_config.d/98-lab.conf by now") || h.SSH(t, "cat /etc/ssh/sshd_config.d/98-lab.conf") != "MaxSessions 9\n" {
		t.Errorf("exit code %d", code)
	}
	if code, stdout, _ := f.run(t, "plan", "-b"); code != 0 || strings.Count(stdout, "under guard") != 1 {
		t.Errorf("the link that is there by now hides what is guarded")
	}
	f.write(t, "site.star", "cmd(\"rm -rf /var/lib/froyo/guard\", guard = True)\n") // one that vanishes proves nothing
	if code, _, stderr := f.run(t, "apply", "-y", "-b"); code != 3 || !strings.Contains(stderr, "the guard of the host is gone") {
		t.Errorf("exit code %d", code)
	}
	f.write(t, "site.star", "pkg(\"openssh-server\", state = \"absent\")\n") // which no guard would bring back
	if code, _, stderr := f.run(t, "apply", "-y", "-b"); code != 3 || !strings.Contains(stderr, "the guard keeps no packages") || !strings.Contains(stderr, "hint: where there is another way to the host: froyo apply --no-guard; with -C") {
		t.Errorf("exit code %d", code)
	}
	if code, stdout, _ := f.run(t, "apply", "-b", "--no-guard", "-C"); code != 0 || !strings.Contains(stdout, "pkg[openssh-server]") {
		t.Errorf("exit code %d", code)
	}
	f.write(t, "site.star", "cmd(\"true\", guard = True)\n") // who is not root can guard nothing
	if code, _, stderr := f.run(t, "apply", "-y", "-l", "all"); code != 3 || !strings.Contains(stderr, "cannot be guarded") || !strings.Contains(stderr, "--no-guard") {
		t.Errorf("exit code %d", code)
	}
	if code, _, stderr := f.run(t, "apply", "-y", "-l", "all", "--no-guard"); code != 0 || !strings.Contains(stderr, "1 unit could lock froyo out") {
		t.Errorf("exit code %d", code)
	}
}
