package cli_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// left tells what the tasks of testdata/ansible left on a host: accounts, files of /etc with their modes and owners, what froyo and
// Ansible each made below /srv, packages, units, settings. Differences that both tools are content with are left out:
//
//   - backup files that shadow-utils and apt write at each change, and what they log;
//   - a comment of the tool's own in a file of cron; the record of an unpacked archive in its directory; blanks around "=" of sysctl and
//     between the fields of pam_limits; sources of apt, which froyo writes in the newer format; /etc/hostname without an end of line;
//   - /etc/machine-info, which hostnamectl writes for Ansible; /etc/localtime, a relative link by timedatectl, which leaves /etc/timezone
//     as it was, so that programs of Debian that read that have another zone than the rest: froyo keeps both.
const left = `cd /etc
find . -xdev ! -path './.pwd.lock' ! -name '*-' ! -path './apt/sources.list.d/*' ! -path './ssl/*' ! -path './ld.so.cache' ! -path './resolv.conf' \
  ! -path './machine-id' ! -path './machine-info' ! -path './localtime' ! -path './network/*' ! -path './ssh/ssh_host_*' ! -path './systemd/network/*' -printf '%M %u:%g %p -> %l\n' | sort
grep -h lab passwd group shadow gshadow subuid
cat ssh/sshd_config ssh/ssh_known_hosts hosts login.defs systemd/journald.conf lab.env sudoers.d/labapp logrotate.d/lab tmpfiles.d/lab.conf \
  systemd/system/lab.service systemd/system/lab.service.d/limits.conf apt/apt.conf.d/90lab nftables.conf | grep -v '^127.0.1.1\|^10[.]'
sed 's/ *= */=/' sysctl.d/90-lab.conf | grep -v '^#'; grep -v '^#' security/limits.d/lab.conf | tr -s ' \t' ' '; grep -v '^#' cron.d/labbackup; head -c 8 hostname
find /srv/lab /srv/labapp /home/lab* /run/lab -printf '%M %u:%g %p -> %l\n' | grep -v froyo-unpacked | sort; cat /srv/lab/www/index.html /srv/lab/www/one /home/labplain/.ssh/authorized_keys
dpkg-query -W -f '${Package} ${Status}\n' jq cron logrotate tree 2>/dev/null
systemctl is-active lab; systemctl is-enabled lab; systemctl show -P LimitNOFILE lab; sysctl net.ipv4.ip_forward; hostname; date +%Z; update-alternatives --query labpager`

// TestLabAsAnsible carries out the same 40 tasks by Ansible on one host and by froyo on another: they leave the same, and neither finds
// anything to do on the other's.
func TestLabAsAnsible(t *testing.T) {
	ansible, err := exec.LookPath("ansible-playbook")
	if err != nil {
		t.Skip("no Ansible here")
	}
	labtest.Hosts(t, 4) // it takes long, so it runs among the fleet's
	f := pristine(t, 2)
	f.copy(t, "testdata/ansible")
	f.each(t, "apt-get install -y -qq python3-minimal python3-apt nftables tree >/dev/null 2>&1")
	play := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), ansible, append(args, "-i", "hosts.ini", "site.yml")...)
		cmd.Dir = f.dir
		cmd.Env = append(os.Environ(), "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_NOCOLOR=1", "ANSIBLE_PIPELINING=1", "HOME="+f.dir)
		out, err := cmd.CombinedOutput()
		t.Logf("$ ansible-playbook %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if tasks := regexp.MustCompile(`(?m)^TASK `).FindAllString(play("-l", "h1"), -1); len(tasks) < 40 {
		t.Errorf("%d tasks, want 40 at least", len(tasks))
	}
	if code, _, _ := f.run(t, "apply", "-y", "-l", "h2"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	said := f.each(t, left)
	if diff := cmp.Diff(strings.Split(said[0], "\n"), strings.Split(said[1], "\n")); diff != "" {
		t.Errorf("what they left (-Ansible +froyo)\n%s", diff)
	}
	if said := play("-l", "h2", "--check", "--diff", "--skip-tags", "marks"); !strings.Contains(said, "changed=0 ") {
		t.Error("Ansible finds something to do on froyo's host")
	}
	if code, _, _ := f.run(t, "plan", "--detailed-exitcode", "-l", "h1", "--skip-tags", "marks"); code != 0 {
		t.Errorf("exit code %d: froyo finds something to do on Ansible's host", code)
	}
}
