package cli_test

import (
	"strings"
	"testing"
)

// startAccounts takes one host, on which froyo logs in as a user who may become root.
func startAccounts(t *testing.T, undo string) *froyo {
	t.Helper()
	f := start(t, 1)
	f.trust(t)
	f.inventory(t, "ops", nil)
	t.Cleanup(func() { f.hosts[0].Undo(t, undo) })
	return f
}

// reach applies a runbook, after which a plan finds nothing to do.
func (f *froyo) reach(t *testing.T, runbook, want string) {
	t.Helper()
	f.write(t, "site.star", runbook)
	code, stdout, _ := f.run(t, "apply", "-y", "-b", "-e", "@secrets.yml")
	if code != 0 || !strings.Contains(stdout, want) {
		t.Fatalf("exit code %d, want 0 and %q", code, want)
	}
	code, stdout, _ = f.run(t, "plan", "--detailed-exitcode", "-b", "-e", "@secrets.yml")
	if code != 0 || !strings.Contains(stdout, "No changes") {
		t.Fatalf("exit code %d: the second plan is not empty", code)
	}
}

// mended changes a host by hand, and holds what apply makes of it against what was there.
func (f *froyo) mended(t *testing.T, runbook, look string, drifts []string) {
	t.Helper()
	before := f.hosts[0].SSH(t, look)
	for _, drift := range drifts {
		f.hosts[0].SSH(t, drift)
		if f.hosts[0].SSH(t, look) == before {
			t.Errorf("%s changes nothing that is looked at", drift)
		}
		f.reach(t, runbook, "changed=1 ")
		if after := f.hosts[0].SSH(t, look); after != before {
			t.Errorf("after %s: got %s, want %s", drift, after, before)
		}
	}
}

func TestLabUser(t *testing.T) {
	f := startAccounts(t, "userdel -rf labapp; userdel -rf labfresh; groupdel lab; groupdel labfresh; rm -rf /srv/labapp /srv/labmoved; true")
	f.write(t, "secrets.yml", "pw: $6$froyo$ThisIsNoRealHash.JustLetters\n")
	const runbook = `
group("lab", gid = 4100)
user("labapp", uid = 4101, group = "lab", groups = ["adm", "users"], comment = "The lab's", shell = "/bin/sh", home = "/srv/labapp",
     password = sensitive(vars.pw), password_lock = False, expires = "2037-12-31",
     password_expire_min = 1, password_expire_max = 90, password_expire_warn = 9)
`
	f.reach(t, runbook, "changed=2 ")
	const look = "getent group lab; getent passwd labapp; id labapp; getent shadow labapp | cut -d: -f2,4-8; ls -d /srv/labapp 2>/dev/null; true"
	f.mended(t, runbook, look, []string{
		"groupmod -g 4199 lab && usermod -g 4199 labapp", "usermod -u 4191 labapp", "usermod -g users labapp", "usermod -G sudo labapp", "usermod -c x labapp", "usermod -s /bin/false labapp",
		"usermod -d /srv/other labapp", "rm -rf /srv/labapp", `echo 'labapp:$6$other$hash' | chpasswd -e`, "usermod -L labapp",
		"chage -E -1 labapp", "chage -m 0 labapp", "chage -M 99 labapp", "chage -W 1 labapp",
	})
	f.want(t, "stat -c %U /srv/labapp/.profile", "labapp\n", "h1") // from /etc/skel
	f.reach(t, `user("labapp", groups = ["sudo"], append = True, home = "/srv/labmoved", move_home = True, password_lock = True)`+"\n", "changed=1 ")
	f.want(t, "id -Gn labapp; stat -c %U /srv/labmoved/.profile; ls -d /srv/labapp 2>/dev/null; getent shadow labapp | cut -d: -f2", "lab adm sudo users\nlabapp\n!$6$froyo$ThisIsNoRealHash.JustLetters\n", "h1")
	f.refusedUsers(t, look)
	f.reach(t, `
user("labapp", state = "absent", remove = True)
group("lab", state = "absent")
`, "changed=2 ")
	f.want(t, strings.ReplaceAll(look, ";", " 2>/dev/null;"), "", "h1")

	// Of a new user whatever is not given is the host's.
	f.reach(t, "user(\"labfresh\")\n", "changed=1 ")
	f.want(t, "id -gn labfresh; stat -c '%U %n' /home/labfresh", "labfresh\nlabfresh /home/labfresh\n", "h1")
	f.clean(t)
}

// refusedUsers: what is wrong, or what the host's programs refuse, changes nothing.
func (f *froyo) refusedUsers(t *testing.T, look string) {
	t.Helper()
	before := f.hosts[0].SSH(t, look)
	for runbook, says := range map[string]string{
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
	} {
		f.write(t, "site.star", runbook+"\n")
		if code, _, stderr := f.run(t, "apply", "-y", "-b", "-e", "@secrets.yml"); code == 0 || !strings.Contains(stderr, says) || strings.Contains(stderr, "ThisIsNoRealHash") {
			t.Errorf("%s: exit code %d, want another and %q", runbook, code, says)
		}
	}
	if after := f.hosts[0].SSH(t, look); after != before {
		t.Errorf("what was refused changed the host: got %s, want %s", after, before)
	}
}
