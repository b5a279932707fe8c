package cli_test

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// attempt is how froyo is run: what is "" or nil is as it was before, or the default.
type attempt struct {
	user     string // that logs in, ops
	with     string // of the inventory, ansible_become=yes
	password string // of -K, none
	runbook  string // a command as root
}

// hinted is a host that is spoiled, so that froyo fails, and what the error's hint is done with.
type hinted struct {
	name   string
	spoil  string // by root, on the host
	undo   string
	first  attempt
	hint   string // all of it; PID stands for a number
	ask    string // what the hint has the operator ask the host, as the user that logs in
	says   string // what that answers
	follow string // by root, on the host
	then   attempt
}

const (
	asRoot = `cmd("test $(id -u) = 0", name = "root")`
	// last is a file whose rules have the last word.
	last     = "/etc/sudoers.d/zz-test"
	noRules  = "rm -f " + last
	away     = "mv %[1]s %[1]s.lab"
	back     = "if [ -e %[1]s.lab ]; then mv %[1]s.lab %[1]s; fi"
	copied   = "cp -p %[1]s %[1]s.lab"
	bySu     = "ansible_become=yes ansible_become_method=su"
	byDoas   = "ansible_become=yes ansible_become_method=doas"
	noDoas   = "rm -f /etc/doas.conf; if command -v doas >/dev/null; then apt-get purge -y -q doas opendoas; fi"
	needDoas = "rm -f /etc/doas.conf; command -v doas >/dev/null || { apt-get update -q && apt-get install -y -q doas; }"
)

func (h hinted) pattern() string { return strings.ReplaceAll(regexp.QuoteMeta(h.hint), "PID", `\d+`) }

func rules(text string) string { return "echo '" + text + "' >" + last + " && chmod 440 " + last }

// TestLabHintsAreFollowed spoils a host, and does what the hint of froyo's error says: then froyo succeeds.
func TestLabHintsAreFollowed(t *testing.T) {
	f := startOwn(t, "ops")
	h := f.hosts[0]
	t.Cleanup(func() { f.clean(t) })
	h.Undo(t, noDoas)
	for _, tests := range [][]hinted{sudoHints(), suHints(), doasHints(), fileHints(), lockHints()} {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) { f.follow(t, h, test) })
		}
	}
}

func (f *froyo) follow(t *testing.T, h labtest.Host, test hinted) {
	h.Undo(t, cmp.Or(test.undo, "true"))
	h.SSH(t, cmp.Or(test.spoil, "true"))
	a := test.first
	user := cmp.Or(a.user, "ops")
	if code, stderr := f.attempt(t, a); code == 0 || !regexp.MustCompile(`(?m)hint: `+test.pattern()+`$`).MatchString(stderr) {
		t.Fatalf("exit code %d, want an error with the hint %q", code, test.hint)
	}
	if test.ask != "" {
		if got := h.SSHAs(t, user, test.ask); !strings.Contains(got, test.says) {
			t.Errorf("%s answers %q, want %q", test.ask, got, test.says)
		}
	}
	h.SSH(t, cmp.Or(test.follow, "true"))
	b := test.then
	if code, _ := f.attempt(t, attempt{cmp.Or(b.user, a.user), cmp.Or(b.with, a.with), cmp.Or(b.password, a.password), cmp.Or(b.runbook, a.runbook)}); code != 0 {
		t.Errorf("the hint does not help: exit code %d", code)
	}
}

// attempt applies a runbook.
func (f *froyo) attempt(t *testing.T, a attempt) (code int, stderr string) {
	t.Helper()
	h := f.hosts[0]
	f.write(t, "hosts.ini", fmt.Sprintf("%s ansible_host=%s ansible_ssh_private_key_file=%s %s\n", h.Name, h.Addr, h.KeyFile, cmp.Or(a.with, "ansible_become=yes")))
	f.write(t, "site.star", cmp.Or(a.runbook, asRoot)+"\n")
	args := []string{"apply", "-y", "-i", "hosts.ini", "-u", cmp.Or(a.user, "ops")}
	if a.password != "" {
		args = append(args, "-K")
	}
	cmd := f.command(t.Context(), args...)
	cmd.Env = append(cmd.Env, "FROYO_BECOME_PASSWORD="+a.password, "FROYO_LOCK_TIMEOUT=1s")
	code, _, stderr = f.finish(t, cmd)
	return code, stderr
}

func sudoHints() []hinted {
	const (
		ofLogin   = "-K asks for the password of the user that logs in, unless sudoers says otherwise (rootpw, targetpw)"
		wanted    = "give it by -K, or add a NOPASSWD rule to sudoers"
		needShell = "allow /bin/sh in sudoers, or give another user with -u"
		fake      = "/usr/local/bin/sudo"
	)
	file := attempt{user: "opsre", runbook: `file("/etc/lab", content = "yes\n")`}
	return []hinted{
		{
			name: "sudo in a terminal only", spoil: rules("Defaults:ops requiretty"), undo: noRules,
			hint: `add "Defaults:ops !requiretty" to sudoers`, follow: "echo 'Defaults:ops !requiretty' >>" + last,
		},
		{name: "sudo, no password", first: attempt{user: "opspw"}, hint: wanted, then: attempt{password: labtest.Password}},
		{
			name: "sudo, no rule without a password", undo: noRules, first: attempt{user: "opspw"}, hint: wanted,
			follow: rules("opspw ALL=(ALL) NOPASSWD: ALL"),
		},
		{name: "sudo, wrong password", first: attempt{user: "opspw", password: "wrong"}, hint: ofLogin, then: attempt{password: labtest.Password}},
		{
			name: "sudo, password of root", spoil: rules("Defaults:opspw rootpw") + " && echo root:ofroot | chpasswd",
			undo: noRules + "; echo root:" + labtest.Password + " | chpasswd", first: attempt{user: "opspw", password: labtest.Password},
			hint: ofLogin, then: attempt{password: "ofroot"},
		},
		{
			name: "sudo, no rule", spoil: rules("opsre ALL=(ALL) !ALL\nopsre ALL=(www-data) NOPASSWD: /usr/bin/id"), undo: noRules,
			first: attempt{user: "opsre"}, hint: "a sudoers rule must allow /bin/sh as root", follow: "echo 'opsre ALL=(root) NOPASSWD: /bin/sh' >>" + last,
		},
		{
			name: "sudo, some programs", undo: noRules + " /etc/lab", first: file, hint: needShell,
			follow: rules("opsre ALL=(ALL) NOPASSWD: /bin/sh"),
		},
		{name: "sudo, some programs, another user", undo: "rm -f /etc/lab", first: file, hint: needShell, then: attempt{user: "ops"}},
		{
			name: "no sudo", spoil: fmt.Sprintf(away, "/usr/bin/sudo"), undo: fmt.Sprintf(back, "/usr/bin/sudo"),
			hint: "install sudo, or log in as root", then: attempt{user: "root"},
		},
		{
			name: "a sudo that changes no user", undo: "rm -f " + fake,
			spoil: "cat >" + fake + ` <<'END' && chmod 755 ` + fake + `
#!/bin/sh
while :; do case $1 in -u|-p) shift 2;; -n|-H|-S) shift;; --) shift; break;; *) break;; esac; done
exec "$@"
END`,
			hint: "what stands for sudo there changed the user to another, or to none: what does sudo -u root id say on the host?",
			ask:  "sudo -u root id", says: "(ops)", follow: "rm " + fake,
		},
	}
}

func suHints() []hinted {
	const (
		pam      = "/etc/pam.d/su"
		password = "-K asks for the password of root, which is whose su wants here; passwd -S root tells whether it has one"
		noSu     = "install it, or set ansible_become_method"
	)
	first := attempt{with: bySu, password: labtest.Password}
	return []hinted{
		{name: "su, wrong password", first: attempt{with: bySu, password: "wrong"}, hint: password, then: first},
		{
			name: "su, no password to log in with", spoil: "passwd -l root", undo: "passwd -u root", first: first, hint: password,
			ask: "sudo passwd -S root", says: "root L ", follow: "passwd -u root",
		},
		{
			name: "su, wheel", undo: fmt.Sprintf(back, pam) + "; gpasswd -d ops wheel; groupdel wheel; true",
			spoil: fmt.Sprintf(copied, pam) + " && groupadd wheel && sed -i '1i auth required pam_wheel.so group=wheel' " + pam, first: first,
			hint: "a rule of PAM forbids it (/etc/pam.d/su): is ops in the group that pam_wheel wants?", ask: "id", says: "(ops)", follow: "usermod -aG wheel ops",
		},
		{
			name: "su, refused at once", spoil: fmt.Sprintf(copied, pam) + " && sed -i '1i auth requisite pam_deny.so' " + pam, undo: fmt.Sprintf(back, pam),
			first: first, hint: "a rule of PAM refuses it before a password is asked for: see /etc/pam.d/su",
			ask: "cat /etc/pam.d/su", says: "auth requisite pam_deny.so", follow: "sed -i '/requisite pam_deny/d' " + pam,
		},
		{
			name: "su to a user without a shell", spoil: "echo www-data:" + labtest.Password + " | chpasswd", undo: "usermod -p '*' www-data",
			first: attempt{with: bySu + " ansible_become_user=www-data", password: labtest.Password, runbook: `cmd("test $(id -un) = www-data", name = "www")`},
			hint:  "become root (ansible_become_user), and let units act as www-data by run_as",
			then:  attempt{with: bySu, runbook: `cmd("test $(id -un) = www-data", name = "www", run_as = "www-data")`},
		},
		{
			name: "no su", spoil: fmt.Sprintf(away, "/usr/bin/su"), undo: fmt.Sprintf(back, "/usr/bin/su"), first: first, hint: noSu,
			follow: "mv /usr/bin/su.lab /usr/bin/su",
		},
		{
			name: "no su, but sudo", spoil: fmt.Sprintf(away, "/usr/bin/su"), undo: fmt.Sprintf(back, "/usr/bin/su"), first: first, hint: noSu,
			then: attempt{with: "ansible_become=yes ansible_become_method=sudo"},
		},
	}
}

func doasHints() []hinted {
	const (
		config = "/etc/ssh/sshd_config.d/lab.conf"
		wanted = "give it by -K, or let the rule say nopass: permit nopass ops as root"
	)
	permit := func(rule string) string { return "echo '" + rule + "' >>/etc/doas.conf" }
	terminal := func(word string) string {
		return "echo PermitTTY " + word + " >" + config + " && systemctl reload ssh && sleep 1" // until it listens again
	}
	with := attempt{with: byDoas, password: labtest.Password}
	return []hinted{
		{name: "no doas", spoil: noDoas, first: with, hint: "install doas, or set ansible_become_method", follow: needDoas + "; " + permit("permit ops as root")},
		{name: "doas, no rules", spoil: needDoas, first: with, hint: "write it: permit ops as root", follow: permit("permit ops as root")},
		{
			name: "doas, another's rule", spoil: needDoas + "; " + permit("permit opspw as root"), first: with,
			hint:   "add to /etc/doas.conf: permit ops as root; rules for certain programs (cmd) are of use with sudo only",
			follow: permit("permit ops as root"),
		},
		{name: "doas, no password", spoil: needDoas + "; " + permit("permit ops"), first: attempt{with: byDoas}, hint: wanted, then: with},
		{
			name: "doas, rule with a password", spoil: needDoas + "; " + permit("permit ops"), first: attempt{with: byDoas}, hint: wanted,
			follow: permit("permit nopass ops as root"),
		},
		{
			name: "doas, wrong password", spoil: needDoas + "; " + permit("permit ops"), first: attempt{with: byDoas, password: "wrong"},
			hint: "-K asks for the password of ops, which is whose doas wants here; passwd -S ops tells whether it has one", then: with,
		},
		{
			name: "doas, no terminal", spoil: needDoas + "; " + permit("permit ops") + "; " + terminal("no"), undo: "rm -f " + config + "; systemctl reload ssh; sleep 1",
			first: with, hint: "sshd's PermitTTY must be yes", follow: terminal("yes"),
		},
	}
}

// fileHints are of files that cannot be written as they are.
func fileHints() []hinted {
	const (
		link    = "write the path without the link, or give its target to the link's owner; where links of any user have to be followed, follow = \"unsafe\" of file does it"
		mounted = "unmount it first, or manage what is beside it each on its own"
		clean   = "umount /srv/lab/m /srv/lab/d/m 2>/dev/null; chattr -i -a /srv/lab/f 2>/dev/null; rm -rf /srv/lab"
		links   = "mkdir -p /srv/lab/real && ln -s real /srv/lab/link && chown -h ops /srv/lab/link"
	)
	book := func(text string) attempt { return attempt{user: "root", runbook: text} }
	return []hinted{
		{
			name: "another's link", spoil: links, undo: clean, first: book(`file("/srv/lab/link/f", content = "a\n")`), hint: link,
			then: book(`file("/srv/lab/real/f", content = "a\n")`),
		},
		{
			name: "another's link, to its owner's", spoil: links, undo: clean, first: book(`file("/srv/lab/link/f", content = "a\n")`), hint: link,
			follow: "chown ops /srv/lab/real",
		},
		{
			name: "another's link, unsafe", spoil: links, undo: clean, first: book(`file("/srv/lab/link/f", content = "a\n")`), hint: link,
			then: book(`file("/srv/lab/link/f", content = "a\n", follow = "unsafe")`),
		},
		{
			name: "a mounted file", spoil: "mkdir /srv/lab && echo a >/srv/lab/a && touch /srv/lab/m && mount --bind /srv/lab/a /srv/lab/m", undo: clean,
			first: book(`file("/srv/lab/m", content = "b\n")`), hint: "in_place = True writes into the file that is mounted there",
			then: book(`file("/srv/lab/m", content = "b\n", in_place = True)`),
		},
		{
			name: "a fixed file", spoil: "mkdir /srv/lab && echo a >/srv/lab/f && chattr +i /srv/lab/f", undo: clean,
			first: book(`file("/srv/lab/f", content = "b\n")`), hint: "lsattr shows the flags, and chattr -i or -a takes them away",
			ask: "lsattr /srv/lab/f", says: "----i", follow: "chattr -i /srv/lab/f",
		},
		{
			name: "a directory with a mount", spoil: "mkdir -p /srv/lab/d/m && mount -t tmpfs tmpfs /srv/lab/d/m", undo: clean,
			first: book(`file("/srv/lab/d", state = "absent", recurse = True)`), hint: mounted, follow: "umount /srv/lab/d/m",
		},
		{
			name: "beside a mount", spoil: "mkdir -p /srv/lab/d/m && mount -t tmpfs tmpfs /srv/lab/d/m && touch /srv/lab/d/f", undo: clean,
			first: book(`file("/srv/lab/d", state = "absent")`), hint: mounted, then: book(`file("/srv/lab/d/f", state = "absent")`),
		},
		{
			name: "a service that ends", undo: "rm -f /etc/systemd/system/lab.service; systemctl daemon-reload",
			spoil: "printf '[Service]\\nType=oneshot\\nExecStart=/bin/true\\n' >/etc/systemd/system/lab.service && systemctl daemon-reload",
			first: book(`service("lab", state = "running")`), hint: `run it by a handler with state = "restarted", or set RemainAfterExit=yes in its file`,
			follow: "echo RemainAfterExit=yes >>/etc/systemd/system/lab.service && systemctl daemon-reload",
		},
	}
}

// lockHints are of hosts that cannot be locked, or are not what they should be.
func lockHints() []hinted {
	const (
		ofOps = `su -s /bin/sh ops -c '%s >/dev/null 2>&1 &' && sleep 0.2`
		end   = "pkill -f 'sleep [6]66'; true"

		release = "/usr/lib/os-release" // /etc/os-release is a link to it
	)
	root := attempt{user: "root"}
	return []hinted{
		{
			name: "locked by root", spoil: "mkdir -p -m 700 /run/froyo && { flock /run/froyo/lease sleep 666 >/dev/null 2>&1 & sleep 0.2; }", undo: end, first: root,
			hint: "wait until it has ended; on the host, this finds who has the lock file open: fuser /run/froyo/lease", ask: who("/run/froyo/lease"), says: "sleep 666", follow: end,
		},
		{
			name: "locked by another", spoil: fmt.Sprintf(ofOps, "flock /tmp/.froyo-$(id -u).lease sleep 666"), undo: end + "; rm -f /tmp/.froyo-*.lease", first: root,
			hint: "wait until it has ended; that user could write anything into the lock, so see on the host who that is: fuser /tmp/.froyo-PID*.lease",
			ask:  who("/tmp/.froyo-*.lease"), says: "sleep 666", follow: end,
		},
		{
			name: "a lock that others could write", spoil: "mkdir -p /run/froyo && chmod 777 /run/froyo", undo: "rm -rf /run/froyo", first: root,
			hint: "without its lock another run could change the host at the same time, so nothing was done", follow: "chmod 700 /run/froyo",
		},
		{
			name: "another's program of a run", undo: end, first: root,
			spoil: fmt.Sprintf(ofOps, "FROYO_RUN=20261125-210315-ab12cd.0.$(readlink /proc/self/ns/pid | tr -dc 0-9).1.1.1 sleep 666"),
			hint:  "wait for them, --lock-timeout says how long, or look at process PID on the host; it belongs to user PID",
			ask:   "ps -o args= -u ops", says: "sleep 666", follow: end,
		},
		{
			name: "facts that cannot be", spoil: fmt.Sprintf(copied, release) + " && printf 'ID=\"deb\\001ian\"\\n' >" + release, undo: fmt.Sprintf(back, release), first: root,
			hint: "no machine says that of itself; look at the host before you trust it", ask: "cat -v " + release, says: "deb^Aian",
			follow: "mv " + release + ".lab " + release,
		},
	}
}

// who prints the command lines of those that have a file open, as "fuser -v" would where it is installed.
func who(file string) string {
	return `for f in ` + file + `; do for p in /proc/[0-9]*; do for d in $p/fd/*; do [ "$(readlink $d)" != $f ] || { tr '\0' ' ' <$p/cmdline; echo; }; done; done; done`
}
