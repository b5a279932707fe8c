package cli_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The same accounts, for Ansible and for froyo.
const (
	playbook = `
- hosts: all
  become: true
  gather_facts: false
  tasks:
    - group: {name: labdeploy, gid: 4242}
    - group: {name: labsvc, system: true}
    - user:
        {name: labapp, uid: 4300, group: labdeploy, groups: [adm, users], comment: "The app", shell: /bin/sh, home: /srv/labapp,
         password: "$6$froyo$NoRealHash", expires: 2145830400, password_expire_min: 1, password_expire_max: 90}
    - user: {name: labdaemon, system: true, group: labsvc, create_home: false, shell: /usr/sbin/nologin}
    - user: {name: labplain}
    - user: {name: lablocked, password: "$6$froyo$NoRealHash", password_lock: true}
    - user: {name: labdaemon, groups: [games, users], append: true, comment: hello, create_home: false}
    - user: {name: labplain, groups: [games], append: false}
    - known_hosts: {name: git.example.com, key: "git.example.com ` + labKey1 + `", path: /etc/ssh/ssh_known_hosts}
`
	samePlay = `
group("labdeploy", gid = 4242)
group("labsvc", system = True)
user("labapp", uid = 4300, group = "labdeploy", groups = ["adm", "users"], comment = "The app", shell = "/bin/sh", home = "/srv/labapp",
     password = "$6$froyo$NoRealHash", expires = "2037-12-31", password_expire_min = 1, password_expire_max = 90)
user("labdaemon", system = True, group = "labsvc", create_home = False, shell = "/usr/sbin/nologin", groups = ["games", "users"], append = True, comment = "hello")
user("labplain", groups = ["games"])
user("lablocked", password = "$6$froyo$NoRealHash", password_lock = True)
known_host("git.example.com", key = "git.example.com ` + labKey1 + `", path = "/etc/ssh/ssh_known_hosts")
`
)

// TestLabAccountsAsAnsible: Ansible on one host and froyo on another leave the same, and neither finds anything to do
// on the other's.
func TestLabAccountsAsAnsible(t *testing.T) {
	ansible, err := exec.LookPath("ansible-playbook")
	if err != nil {
		t.Skip("no Ansible here")
	}
	f := start(t, 2)
	f.trust(t)
	f.inventory(t, "root", nil)
	for _, h := range f.hosts {
		t.Cleanup(func() {
			h.Undo(t, "for u in labapp labdaemon labplain lablocked; do userdel -rf $u; done; groupdel labdeploy; groupdel labsvc; rm -rf /srv/labapp /etc/ssh/ssh_known_hosts; true")
		})
	}
	f.each(t, "apt-get install -y python3-minimal >/dev/null 2>&1")
	f.write(t, "site.yml", playbook)
	f.write(t, "site.star", samePlay)
	play := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), ansible, append(args, "-i", "hosts.ini", "site.yml")...)
		cmd.Dir = f.dir
		cmd.Env = append(os.Environ(), "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_NOCOLOR=1", "HOME="+f.dir)
		out, err := cmd.CombinedOutput()
		t.Logf("$ ansible-playbook %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	play("-l", "h1")
	if code, _, _ := f.run(t, "apply", "-y", "-l", "h2"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	left := f.each(t, `grep lab /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid; cat /etc/ssh/ssh_known_hosts
		find /home/lab* /srv/labapp -printf '%m %u:%g %p\n' | sort; stat -c '%a %U:%G' /etc/ssh/ssh_known_hosts`)
	if left[0] != left[1] {
		t.Errorf("Ansible left\n%s\nand froyo\n%s", left[0], left[1])
	}
	if said := play("-l", "h2", "--check"); !strings.Contains(said, "changed=0 ") {
		t.Error("Ansible finds something to do on froyo's host")
	}
	if code, _, _ := f.run(t, "plan", "--detailed-exitcode", "-l", "h1"); code != 0 {
		t.Errorf("exit code %d: froyo finds something to do on Ansible's host", code)
	}
}
