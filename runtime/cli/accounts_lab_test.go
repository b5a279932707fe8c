package cli_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// startAccounts takes a host of its own, on which froyo logs in as a user who may become root.
func startAccounts(t *testing.T, undo string) *froyo {
	t.Helper()
	f := startOwn(t, "ops")
	t.Cleanup(func() { f.hosts[0].Undo(t, undo) })
	return f
}

// reach applies a runbook, after which a plan finds nothing to do.
func (f *froyo) reach(t *testing.T, runbook, want string) {
	t.Helper()
	f.write(t, "site.star", runbook)
	code, stdout, _ := f.run(t, "apply", "-y", "-b", "-e", "@secrets.yml")
	if code != 0 || !strings.Contains(stdout, want) || strings.Contains(stdout, "changed=0 ") {
		t.Fatalf("exit code %d, want 0 and %q", code, want)
	}
	code, stdout, _ = f.run(t, "plan", "--detailed-exitcode", "-b", "-e", "@secrets.yml")
	if code != 0 || !strings.Contains(stdout, "No changes") {
		t.Fatalf("exit code %d: the second plan is not empty", code)
	}
}

// driftIsCorrected changes a host by hand, a few things at a time, and holds what one apply makes of them against what was there.
func (f *froyo) driftIsCorrected(t *testing.T, runbook, look string, rounds ...[]drift) {
	t.Helper()
	for _, round := range rounds {
		before := f.byHand(t, look, round)
		f.reach(t, runbook, "changed=")
		if after := f.hosts[0].SSH(t, "("+look+"\n) 2>&1\ntrue"); after != before {
			t.Errorf("after %s: got %s, want %s", round, after, before)
		}
	}
}

func TestLabUser(t *testing.T) {
	f := startAccounts(t, "userdel -rf labapp; userdel -rf labfresh; userdel -rf labmore; userdel -rf labgone; groupdel lab; groupdel labfresh; rm -rf /srv/labapp /srv/labmoved; true")
	f.write(t, "secrets.yml", "pw: $6$froyo$ThisIsNoRealHash.JustLetters\n")
	const runbook = `
group("lab", gid = 4100)
user("labapp", uid = 4101, group = "lab", groups = ["adm", "users"], comment = "The lab's", shell = "/bin/sh", home = "/srv/labapp",
     password = sensitive(vars.pw), password_lock = False, expires = "2037-12-31",
     password_expire_min = 1, password_expire_max = 90, password_expire_warn = 9)
user("labmore", groups = ["adm"], append = True)
user("labgone", state = "absent")
group("labgone", state = "absent")
`
	f.reach(t, runbook, "changed=3 ")
	const look = "getent group lab; getent passwd labapp labgone; getent group labgone; id labapp; id -Gn labmore; getent shadow labapp | cut -d: -f2,4-8; ls -d /srv/labapp 2>/dev/null; true"
	f.driftIsCorrected(t, runbook, look, []drift{
		{"group.gid", "groupmod -g 4199 lab && usermod -g 4199 labapp"},
		{"user.uid", "usermod -u 4191 labapp"},
		{"user.groups", "usermod -G sudo labapp"},
		{"user.comment", "usermod -c x labapp"},
		{"user.shell", "usermod -s /bin/false labapp"},
		{"user.create_home", "rm -rf /srv/labapp"},
		{"user.password_lock", "usermod -L labapp"},
		{"user.expires", "chage -E -1 labapp"},
		{"user.password_expire_min", "chage -m 0 labapp"},
		{"user.password_expire_max", "chage -M 99 labapp"},
		{"user.password_expire_warn", "chage -W 1 labapp"},
		{"user.append", "gpasswd -d labmore adm"},
		{"user.state group.state", "useradd labgone"},
	}, []drift{
		{"user.group", "usermod -g users labapp"}, {"user.home", "usermod -d /srv/other labapp"}, {"user.password", `echo 'labapp:$6$other$hash' | chpasswd -e`},
	}, []drift{
		{"user.state", "userdel -rf labapp"}, {"group.state", "groupdel lab"},
	})
	f.want(t, "stat -c %U /srv/labapp/.profile", "labapp\n", f.hosts[0].Name) // from /etc/skel
	f.reach(t, `user("labapp", groups = ["sudo"], append = True, home = "/srv/labmoved", move_home = True, password_lock = True)`+"\n", "changed=1 ")
	f.want(t, "id -Gn labapp; stat -c %U /srv/labmoved/.profile; ls -d /srv/labapp 2>/dev/null; getent shadow labapp | cut -d: -f2", "lab adm sudo users\nlabapp\n!$6$froyo$ThisIsNoRealHash.JustLetters\n", f.hosts[0].Name)
	f.refused(t, map[string]string{
		`user("-labapp")`:                     "want the name of a user",
		`user("lab\napp")`:                    "want the name of a user",
		`user("lab:app")`:                     "want the name of a user",
		`group("..")`:                         "want the name of a group",
		`user("labapp", password = "x\ny:z")`: "want a hash as crypt(3) writes it",
		`user("labapp", password = sensitive(vars.pw + "\nroot:x"))`: "got a sensitive value that is not that",
		`user("labapp", comment = "a\nb")`:                           "want one line without a colon",
		`user("labapp", uid = 0)`:                                    "usermod ended with 4",
		`user("labapp", groups = ["nosuch"])`:                        "there is no group nosuch on the host",
		`user("labother", uid = 0)`:                                  "useradd ended with 4",
		`group("lab", state = "absent")`:                             "groupdel ended with 8",
		`user("labother", password_lock = False)`:                    "there is no password to unlock",
		`user("labapp", expires = "2037-02-31")`:                     "there is no such day",
	}, look)
	f.hashesStay(t)
	f.reach(t, `
user("labapp", state = "absent", remove = True)
user("labmore", state = "absent", remove = True)
group("lab", state = "absent")
`, "changed=3 ")
	f.want(t, strings.ReplaceAll(look, ";", " 2>/dev/null;"), "", f.hosts[0].Name)

	// Of a new user whatever is not given is the host's.
	f.reach(t, "user(\"labfresh\")\n", "changed=1 ")
	f.want(t, "id -gn labfresh; stat -c '%U %n' /home/labfresh", "labfresh\nlabfresh /home/labfresh\n", f.hosts[0].Name)
	f.clean(t)
}

// refused: what is wrong, or what the host's programs refuse, changes nothing.
func (f *froyo) refused(t *testing.T, all map[string]string, look string) {
	t.Helper()
	before := f.hosts[0].SSH(t, look)
	for _, runbook := range slices.Sorted(maps.Keys(all)) {
		says := all[runbook]
		f.write(t, "site.star", runbook+"\n")
		if code, _, stderr := f.run(t, "apply", "-y", "-b", "-e", "@secrets.yml"); code == 0 || !strings.Contains(stderr, says) || strings.Contains(stderr, "ThisIsNoRealHash") {
			t.Errorf("%s: exit code %d, want another and %q", runbook, code, says)
		}
	}
	if after := f.hosts[0].SSH(t, look); after != before {
		t.Errorf("what was refused changed the host: got %s, want %s", after, before)
	}
}

// hashesStay: nothing that is kept on this machine holds a hash of a password, neither the one that was given as
// sensitive nor what is on the host.
func (f *froyo) hashesStay(t *testing.T) {
	t.Helper()
	f.hosts[0].SSH(t, `echo 'labapp:$6$other$ThisIsNoRealHash.ButTheHosts' | chpasswd -e`)
	f.write(t, "site.star", `user("labapp", password = sensitive(vars.pw), password_expire_max = 90)`+"\n")
	if code, stdout, stderr := f.run(t, "plan", "-vv", "--effects", "--out", "plan.json", "-b", "-e", "@secrets.yml", "--sensitive", "pw"); code != 0 || strings.Contains(stdout+stderr, "NoRealHash") {
		t.Errorf("exit code %d, or the plan shows a hash", code)
	}
	if code, stdout, stderr := f.run(t, "apply", "--json", "-y", "-b", "-e", "@secrets.yml", "--sensitive", "pw"); code != 0 || strings.Contains(stdout+stderr, "NoRealHash") {
		t.Errorf("exit code %d, or apply shows a hash", code)
	}
	err := filepath.WalkDir(f.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "secrets.yml" {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "NoRealHash") {
			t.Errorf("%s holds a hash", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Public keys of no one.
const (
	labKey1 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
	labKey2 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
)

func TestLabAuthorizedKey(t *testing.T) {
	f := startAccounts(t, "userdel -rf labapp; rm -rf /srv/labkeys /etc/labkeys; true")
	f.write(t, "secrets.yml", "{}\n")
	// A new user, and a home that is known only once the user is there.
	runbook := `
user("labapp", home = "/srv/labkeys", shell = "/bin/sh")
authorized_key("labapp", key = ["` + labKey1 + ` one", "` + labKey2 + `"], key_options = "no-pty", exclusive = True)
authorized_key("labapp", name = "elsewhere", key = "` + labKey1 + `", comment = "theirs", path = "/etc/labkeys")
authorized_key("labapp", name = "never", key = "` + labKey2 + `", state = "absent", path = "/etc/labkeys")
`
	f.reach(t, runbook, "changed=3 ")
	const look = "cd /srv/labkeys && stat -c '%a %U:%G %n' .ssh .ssh/authorized_keys && cat .ssh/authorized_keys; true"
	f.want(t, look, "700 labapp:labapp .ssh\n600 labapp:labapp .ssh/authorized_keys\nno-pty "+labKey1+" one\nno-pty "+labKey2+"\n", f.hosts[0].Name)
	f.driftIsCorrected(t, runbook, look+"; cat /etc/labkeys", []drift{
		{"authorized_key.manage_dir", "chmod 777 /srv/labkeys/.ssh"},
		{"authorized_key.manage_dir", "chown root /srv/labkeys/.ssh"},
		{"authorized_key.manage_dir", "chgrp adm /srv/labkeys/.ssh"},
		{"", "chmod 644 /srv/labkeys/.ssh/authorized_keys"},
		{"", "chown root /srv/labkeys/.ssh/authorized_keys"},
		{"", "chgrp adm /srv/labkeys/.ssh/authorized_keys"},
		{"authorized_key.key", "sed -i 's/ one//' /srv/labkeys/.ssh/authorized_keys"},
		{"authorized_key.key_options", "sed -i 's/no-pty//' /srv/labkeys/.ssh/authorized_keys"},
		{"authorized_key.exclusive", "echo 'ssh-rsa AAAA evil' >>/srv/labkeys/.ssh/authorized_keys"},
		{"authorized_key.comment", "sed -i s/theirs/ours/ /etc/labkeys"},
		{"authorized_key.state", "echo '" + labKey2 + "' >>/etc/labkeys"},
	}, []drift{
		{"authorized_key.manage_dir", "rm -r /srv/labkeys/.ssh"}, {"authorized_key.path", "rm /etc/labkeys"},
	}, []drift{
		{"authorized_key.key", "rm /srv/labkeys/.ssh/authorized_keys"},
	})
	f.reach(t, `authorized_key("labapp", key = "`+labKey2+`", state = "absent")`+"\n", "changed=1 ")
	f.want(t, "cat /srv/labkeys/.ssh/authorized_keys", "no-pty "+labKey1+" one\n", f.hosts[0].Name)

	// A user in whose home a link waits: nothing behind it is touched.
	const there = "/srv/labkeys/.ssh"
	for _, trap := range []struct{ name, script string }{
		{"a directory of root's", "rm -rf " + there + " && ln -s /etc/ssh " + there},
		{"a file of root's", "rm -rf " + there + " && mkdir -m 700 " + there + " && chown labapp: " + there + " && ln -s /etc/shadow " + there + "/authorized_keys"},
		{"an own directory", "rm -rf " + there + " && ln -s /tmp " + there},
		{"another name", "rm -rf " + there + " && mkdir -m 700 " + there + " && chown labapp: " + there + " && ln /etc/shadow " + there + "/authorized_keys"},
	} {
		f.hosts[0].SSH(t, trap.script+"; chown -h labapp: "+there+"; test -L "+there+"/authorized_keys && chown -h labapp: "+there+"/authorized_keys; true")
		const guarded = "stat -c '%a %U:%G %Z %n' /etc/ssh /etc/shadow; sha256sum /etc/shadow; ls -A /etc/ssh; stat -c '%a %U %n' /tmp"
		before := f.hosts[0].SSH(t, guarded)
		f.write(t, "site.star", `authorized_key("labapp", key = "`+labKey1+`")`+"\n")
		if code, _, stderr := f.run(t, "apply", "-y", "-b"); code == 0 || !strings.Contains(stderr, "error: ") {
			t.Errorf("%s: exit code %d", trap.name, code)
		}
		if after := f.hosts[0].SSH(t, guarded); after != before {
			t.Errorf("%s: got %s, want %s", trap.name, after, before)
		}
	}
	f.refused(t, map[string]string{
		`authorized_key("-app", key = "` + labKey1 + `")`:                                  "want the name of a user",
		`authorized_key("nosuch", key = "` + labKey1 + `")`:                                "there is no user nosuch on the host",
		`authorized_key("ops", key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA")`:         "line 1 of key 1 is no public key",
		`authorized_key("ops", key = "ssh-ed25519 AAAA")`:                                  "line 1 of key 1 is no public key",
		`authorized_key("ops", key = "` + labKey1 + `", key_options = "no-pty, no-agent")`: "blanks stand in quotes only",
		`authorized_key("ops", key = "` + labKey1 + `", key_options = "no-pty\nx")`:        "want one line",
	}, "cat /home/ops/.ssh/authorized_keys")
	f.clean(t)
}

func TestLabSudoers(t *testing.T) {
	f := startAccounts(t, "rm -f /etc/sudoers.d/lab*; true")
	f.write(t, "secrets.yml", "{}\n")
	const runbook = `
sudoers("lab", rule = ["Cmnd_Alias LAB = /usr/bin/id", "ops ALL=(root) NOPASSWD: LAB"])
sudoers("labwhole", content = "# whole\nops ALL=(root) NOPASSWD: /usr/bin/id\n")
`
	f.reach(t, runbook, "changed=2 ")
	const look = "cd /etc/sudoers.d; ls; stat -c '%a %U:%G %n' lab; cat lab labwhole; true"
	f.driftIsCorrected(t, runbook, look, []drift{
		{"", "chmod 644 /etc/sudoers.d/lab"},
		{"", "chown ops /etc/sudoers.d/lab"},
		{"", "chgrp ops /etc/sudoers.d/lab"},
		{"sudoers.rule", "sed -i s/bin.id/bin.env/ /etc/sudoers.d/lab"},
		{"sudoers.content", "sed -i s/whole/part/ /etc/sudoers.d/labwhole"},
	}, []drift{
		{"sudoers.state", "rm /etc/sudoers.d/lab"},
	})
	f.refused(t, map[string]string{
		`sudoers("lab", rule = "ops ALL=(root NOPASSWD: ALL")`: "the check of /etc/sudoers.d/lab ended with 1: /etc/sudoers.d/lab:1:15: syntax error",
		`sudoers("lab.conf", rule = "ops ALL=ALL")`:            "sudo reads no other file",
		`sudoers("../lab", rule = "ops ALL=ALL")`:              "sudo reads no other file",
		`sudoers("lab\nx", rule = "ops ALL=ALL")`:              "sudo reads no other file",
		`sudoers("lab", rule = "ops ALL=ALL\nops ALL=ALL")`:    "a rule in one line",
		`sudoers("lab")`: "it is not said what the file allows",
	}, look)
	f.reach(t, `
sudoers("lab", state = "absent")
sudoers("labwhole", state = "absent")
`, "changed=2 ")
	f.want(t, "ls /etc/sudoers.d/lab* 2>/dev/null; true", "", f.hosts[0].Name)
	f.clean(t)
}

func TestLabKnownHost(t *testing.T) {
	f := startAccounts(t, "userdel -rf labapp; rm -f /etc/ssh/ssh_known_hosts /etc/labhosts; true")
	f.write(t, "secrets.yml", "{}\n")
	const runbook = `
known_host("git.example.com", key = "` + labKey1 + `", hash_host = True)
user("labapp")
known_host("[git.example.com]:2222", key = ["` + labKey2 + `"], user = "labapp")
known_host("a.example.com", key = "` + labKey1 + `", path = "/etc/labhosts")
known_host("b.example.com", path = "/etc/labhosts", state = "absent")
`
	f.reach(t, runbook, "changed=4 ")
	const look = "cat /etc/ssh/ssh_known_hosts /etc/labhosts /home/labapp/.ssh/known_hosts; stat -c '%a %U:%G' /etc/ssh/ssh_known_hosts /home/labapp/.ssh /home/labapp/.ssh/known_hosts; true"
	f.want(t, "ssh-keygen -F git.example.com -f /etc/ssh/ssh_known_hosts | tail -n 1 | cut -d' ' -f2-; ssh-keygen -F '[git.example.com]:2222' -f /home/labapp/.ssh/known_hosts | tail -n 1",
		labKey1+"\n[git.example.com]:2222 "+labKey2+"\n", f.hosts[0].Name)
	f.driftIsCorrected(t, runbook, look, []drift{
		{"known_host.hash_host", "echo 'git.example.com " + labKey1 + "' >/etc/ssh/ssh_known_hosts"},
		{"", "chmod 600 /etc/ssh/ssh_known_hosts"},
		{"known_host.user", "rm -r /home/labapp/.ssh"},
		{"known_host.state", "echo 'b.example.com " + labKey1 + "' >>/etc/labhosts"},
	}, []drift{
		{"known_host.key", "echo 'git.example.com " + labKey2 + "' >/etc/ssh/ssh_known_hosts"}, {"known_host.user", "chown root /home/labapp/.ssh/known_hosts"}, {"known_host.path", "rm /etc/labhosts"},
	}, []drift{
		{"known_host.key", "rm /etc/ssh/ssh_known_hosts"},
	})
	f.refused(t, map[string]string{
		`known_host("-git", key = "` + labKey1 + `")`:          "want the name or address of a host",
		`known_host("git\nx", key = "` + labKey1 + `")`:        "want the name or address of a host",
		`known_host("a,b", key = "` + labKey1 + `")`:           "want the name or address of a host",
		`known_host("a", key = "b ` + labKey1 + `")`:           "a key is not that of a, but of b",
		`known_host("a", key = "nonsense")`:                    "is no public key",
		`known_host("a", key = "` + labKey1 + `", path = "x")`: "want an absolute path",
	}, look)
	f.reach(t, `
known_host("git.example.com", state = "absent")
known_host("[git.example.com]:2222", state = "absent", user = "labapp")
`, "changed=2 ")
	f.want(t, "cat /etc/ssh/ssh_known_hosts /home/labapp/.ssh/known_hosts", "", f.hosts[0].Name)
	f.clean(t)
}

func TestLabPamLimits(t *testing.T) {
	f := startAccounts(t, "rm -f /etc/security/limits.d/lab.conf; true")
	f.write(t, "secrets.yml", "{}\n")
	const runbook = `
pam_limits("opspw", limit_type = "soft", limit_item = "nofile", value = 512, path = "/etc/security/limits.d/lab.conf")
pam_limits("opspw", limit_type = "hard", limit_item = "nofile", value = "600", path = "/etc/security/limits.d/lab.conf")
pam_limits("opspw", limit_type = "soft", limit_item = "nproc", state = "absent", path = "/etc/security/limits.d/lab.conf")
`
	f.reach(t, runbook, "changed=2 ")
	if got := f.hosts[0].SSHAs(t, "opspw", "ulimit -Sn; ulimit -Hn"); got != "512\n600\n" {
		t.Errorf("the limits are %q", got)
	}
	f.driftIsCorrected(t, runbook, "cat /etc/security/limits.d/lab.conf; true", []drift{
		{"pam_limits.value", "sed -i s/512/10/ /etc/security/limits.d/lab.conf"},
		{"pam_limits.limit_type pam_limits.limit_item", "sed -i /hard/d /etc/security/limits.d/lab.conf"},
		{"pam_limits.state", "echo 'opspw soft nproc 7' >>/etc/security/limits.d/lab.conf"},
	}, []drift{
		{"pam_limits.value", "echo 'opspw soft nofile 7' >>/etc/security/limits.d/lab.conf"},
	}, []drift{
		{"pam_limits.path", "rm /etc/security/limits.d/lab.conf"},
	})
	f.refused(t, map[string]string{
		`pam_limits("a b", limit_type = "soft", limit_item = "nofile", value = 1)`:                                      `want a user, "@group" or "*"`,
		`pam_limits("a\nb", limit_type = "soft", limit_item = "nofile", value = 1)`:                                     `want a user, "@group" or "*"`,
		`pam_limits("opspw", limit_type = "soft", limit_item = "nofile", value = "many")`:                               "want a number",
		`pam_limits("opspw", limit_type = "soft", limit_item = "files", value = 1)`:                                     "limit_item",
		`pam_limits("opspw", limit_type = "soft", limit_item = "nofile", value = 1, path = "/etc/passwd")`:              "PAM reads no other",
		`pam_limits("opspw", limit_type = "soft", limit_item = "nofile", value = 1, path = "/etc/security/limits.d/x")`: "PAM reads no other",
	}, "cat /etc/security/limits.d/lab.conf /etc/passwd")
	f.reach(t, `
pam_limits("opspw", limit_type = "soft", limit_item = "nofile", state = "absent", path = "/etc/security/limits.d/lab.conf")
pam_limits("opspw", limit_type = "hard", limit_item = "nofile", state = "absent", path = "/etc/security/limits.d/lab.conf")
`, "changed=2 ")
	f.want(t, "cat /etc/security/limits.d/lab.conf", "", f.hosts[0].Name)
	f.clean(t)
}
