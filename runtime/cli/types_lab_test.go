package cli_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// typeCase is a runbook of units of one type, on a real host.
type typeCase struct {
	name string
	// units are the body of the play's function; before is a script that prepares the host, undo one that leaves nothing.
	units, before, undo string
	// holds are scripts that succeed where the host is as wanted.
	holds []string
	// drifts are changes by hand, which one apply corrects.
	drifts []drift
	// later are further ones, which cannot stand beside those.
	later []drift
	// look is a script that prints what each change by hand changes, and apply changes back. Default: which of holds do.
	look string
	// refused are units that the plan refuses, with what it says.
	refused map[string]string
	// gone are units that remove what units bring, and left is a script that succeeds then.
	gone, left string
}

// drift is a change by hand: the fields of which the host is then otherwise, such as "file.mode file.owner", and the script.
type drift struct{ fields, script string }

// apart stands between what scripts print that travel in one connection: most of what they cost is that.
const apart = "--- froyo lab ---\n"

// drifted is a script that makes changes by hand, each of which has to change what is looked at, and what to compare it by later.
func drifted(look string, drifts []drift) string {
	var b strings.Builder
	fmt.Fprintf(&b, "look() {\n(%s\n) 2>&1\n}\nlook\n", look)
	for _, d := range drifts {
		fmt.Fprintf(&b, "(%s\n) >/dev/null 2>&1\nprintf '%%s' '%s'\nlook\n", d.script, apart)
	}
	return b.String() + "true"
}

// byHand makes changes by hand on a host, and returns what was seen before.
func (f *froyo) byHand(t *testing.T, look string, drifts []drift) (before string) {
	t.Helper()
	seen := strings.Split(f.hosts[0].SSH(t, drifted(look, drifts)), apart)
	if len(seen) != len(drifts)+1 {
		t.Fatalf("looked %d times, expected %d: %q", len(seen), len(drifts)+1, seen)
	}
	for i, d := range drifts {
		if seen[i] == seen[i+1] {
			t.Errorf("%s changes nothing that is looked at: %s", d.script, seen[i])
		}
	}
	return seen[0]
}

// typeCases tries each case on a host of its own, all of them side by side.
func typeCases(t *testing.T, cases []typeCase) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := startOwn(t, "root")
			c.lab(t, f, f.hosts[0])
		})
	}
}

// lab tries the case on a host: what is applied holds, a second plan is empty, each drift is seen, corrected and then is none,
// what is refused changes nothing, and what is removed is gone.
func (c typeCase) lab(t *testing.T, f *froyo, h labtest.Host) {
	t.Helper()
	use := func(units string) {
		t.Helper()
		f.plays(t, units)
	}
	converge := func(what string, changes bool) {
		t.Helper()
		code, stdout, stderr := f.run(t, "apply", "-y")
		if code != 0 {
			t.Fatalf("%s: apply: exit code %d\n%s%s", what, code, stdout, stderr)
		}
		if unchanged := strings.Contains(stdout, "changed=0 "); unchanged == changes {
			t.Errorf("%s: it should change something: %v\n%s", what, changes, stdout)
		}
		if code, stdout, stderr := f.run(t, "plan", "--detailed-exitcode"); code != 0 {
			t.Errorf("%s: the second plan is not empty: exit code %d\n%s%s", what, code, stdout, stderr)
		}
	}
	t.Cleanup(func() { h.SSH(t, c.undo+"\ntrue") })
	if c.before != "" {
		h.SSH(t, c.before)
	}
	use(c.units)
	converge("pristine", true)
	c.held(t, h, "pristine")
	for _, round := range [][]drift{c.drifts, c.later} {
		if len(round) == 0 {
			continue
		}
		before := f.byHand(t, cmp.Or(c.look, c.holding()), round)
		converge(fmt.Sprintf("after %s", round), true)
		if after := c.held(t, h, fmt.Sprintf("after %s", round)); c.look != "" && after != before {
			t.Errorf("after %s: %s", round, gocmp.Diff(before, after))
		}
	}
	for _, units := range slices.Sorted(maps.Keys(c.refused)) {
		want := c.refused[units]
		use(units)
		code, stdout, stderr := f.run(t, "validate") // what is refused here needs no host
		if code == 0 || !strings.Contains(stdout+stderr, want) {
			code, stdout, stderr = f.run(t, "apply", "-y")
		}
		if said := stdout + stderr; code == 0 || !strings.Contains(said, want) {
			t.Errorf("%s: exit code %d, expected %q in\n%s", units, code, want, said)
		}
	}
	c.held(t, h, "after what was refused")
	if c.gone == "" {
		return
	}
	use(c.gone)
	converge("removed", true)
	if said := h.SSH(t, "("+c.left+") >/dev/null 2>&1 && echo gone || true"); !strings.Contains(said, "gone") {
		t.Errorf("not gone: %s", c.left)
	}
}

// holding is a script that prints which of holds do not.
func (c typeCase) holding() string {
	var b strings.Builder
	for i, script := range c.holds {
		fmt.Fprintf(&b, "(%s) >/dev/null 2>&1 || echo not %d\n", script, i)
	}
	return b.String()
}

// held tries whether the host is as wanted, and returns what is seen by looking at it.
func (c typeCase) held(t *testing.T, h labtest.Host, what string) (seen string) {
	t.Helper()
	said, seen, _ := strings.Cut(h.SSH(t, c.holding()+"printf '%s' '"+apart+"'\n("+cmp.Or(c.look, ":")+"\n) 2>&1\ntrue"), apart)
	for i, script := range c.holds {
		if strings.Contains("\n"+said+"\n", fmt.Sprintf("\nnot %d\n", i)) {
			t.Errorf("%s: does not hold: %s", what, script)
		}
	}
	return seen
}

// TestLabText edits files that packages bring.
func TestLabText(t *testing.T) {
	typeCases(t, []typeCase{
		{
			name: "line",
			units: `
line("/etc/ssh/sshd_config", regexp = "^#?PermitRootLogin", line = "PermitRootLogin prohibit-password", validate = "/usr/sbin/sshd -t -f %s")
line("/etc/ssh/sshd_config", regexp = "^#?MaxAuthTries", line = "MaxAuthTries 4")
line("/etc/hosts", line = "192.0.2.7 db", insertafter = "^127")
line("/srv/app.env", line = "A=1", create = True, backup = True)
line("/srv/words", regexp = "^(b=).*$", line = "\\1two", backrefs = True)
line("/srv/words", search_string = "level", line = "level=3", firstmatch = True)
line("/srv/words", line = "first", insertbefore = "BOF")
line("/srv/words", line = "gone", state = "absent")`,
			before: "cp -p /etc/ssh/sshd_config /etc/hosts /root/; printf 'b=one\\nlevel=1\\nlevel=9\\ngone\\n' >/srv/words",
			undo:   "mv /root/sshd_config /etc/ssh/; mv /root/hosts /etc/; rm -f /srv/app.env* /srv/words",
			holds: []string{
				"sshd -T | grep -qx 'maxauthtries 4'", "getent hosts db | grep -q 192.0.2.7", "grep -qx A=1 /srv/app.env",
				"test $(stat -c %a /etc/ssh/sshd_config) = 644", `test "$(cat /srv/words)" = "$(printf 'first\nb=two\nlevel=3\nlevel=9')"`,
			},
			look: "cat /srv/words /etc/hosts; grep MaxAuth /etc/ssh/sshd_config; grep -x A=1 /srv/app.env",
			drifts: []drift{
				{"line.line line.regexp", "sed -i s/MaxAuthTries.4/MaxAuthTries\\ 9/ /etc/ssh/sshd_config"},
				{"line.insertafter", "sed -i /db$/d /etc/hosts"},
				{"line.line", "echo B=2 >/srv/app.env"},
				{"line.backrefs", "sed -i s/^b=two/b=three/ /srv/words"},
				{"line.search_string line.firstmatch", "sed -i s/level=3/level=4/ /srv/words"},
				{"line.insertbefore", "sed -i /first/d /srv/words"},
				{"line.state", "echo gone >>/srv/words"},
			},
			later: []drift{{"line.create", "rm /srv/app.env"}},
			refused: map[string]string{
				`line("/etc/ssh/sshd_config", line = "Nonsense yes", validate = "/usr/sbin/sshd -t -f %s")`: "the check of /etc/ssh/sshd_config",
				`line("/etc/hosts", line = "a\nb")`:            "one line; block() brings several",
				`line("/etc/hosts", line = "a", regexp = "(")`: "unterminated subpattern",
				`line("/etc/nothing", line = "a")`:             "there is no file /etc/nothing",
				`line("/etc/mtab", line = "a")`:                "is a link to",
				`line("/usr/bin/env", line = "a")`:             "is not UTF-8 text",
			},
			gone: `line("/etc/hosts", state = "absent", regexp = "\\bdb$")
line("/srv/app.env", state = "absent", line = "A=1")`,
			left: "! grep db /etc/hosts && ! grep A /srv/app.env",
		},
		{
			name: "block",
			units: `block("/etc/hosts", block = "192.0.2.8 one\n192.0.2.9 two\n")
block("/etc/hosts", block = "# last", marker = "# {mark} last", insertbefore = "BOF")
block("/etc/hosts", block = "192.0.2.10 mid", marker = "# {mark} mid", insertafter = "^127")
block("/etc/hosts", marker = "# {mark} old", state = "absent")
block("/srv/new.conf", block = "x", marker = "# {mark} ours", marker_begin = "FROM", marker_end = "TO", create = True)`,
			before: "cp -p /etc/hosts /root/; printf '# BEGIN old\\nx\\n# END old\\n' >>/etc/hosts", undo: "mv /root/hosts /etc/; rm -f /srv/new.conf",
			holds: []string{"getent hosts two | grep -q 192.0.2.9", "head -1 /etc/hosts | grep -qx '# BEGIN last'"},
			look:  "cat /etc/hosts; sed -n '/FROM ours/,/TO ours/p' /srv/new.conf",
			drifts: []drift{
				{"block.block", "sed -i s/two/three/ /etc/hosts"},
				{"block.marker block.insertbefore", "sed -i /last/d /etc/hosts"},
				{"block.insertafter", "sed -i /mid/d /etc/hosts"},
				{"block.state", "printf '# BEGIN old\\nx\\n# END old\\n' >>/etc/hosts"},
				{"block.marker_begin block.marker_end", "sed -i s/ours/theirs/ /srv/new.conf"},
			},
			later: []drift{{"block.block", "sed -i '/FROYO MANAGED/d;/one/d;/two/d' /etc/hosts"}, {"block.create", "rm /srv/new.conf"}},
			refused: map[string]string{
				`block("/etc/hosts", block = "x", marker = "# ours")`:                        "one line with {mark} in it",
				`block("/srv/none.conf", block = "x")`:                                       "there is no file /srv/none.conf",
				`block("/etc/mtab", block = "x")`:                                            "is a link to",
				`block("/etc/hosts", block = "x", marker = "# {mark} x", insertafter = "(")`: "unterminated subpattern",
			},
			gone: `block("/etc/hosts", state = "absent")
block("/etc/hosts", state = "absent", marker = "# {mark} last")
block("/etc/hosts", state = "absent", marker = "# {mark} mid")
block("/srv/new.conf", state = "absent", marker = "# {mark} ours", marker_begin = "FROM", marker_end = "TO")`,
			left: "! grep -E 'MANAGED|last|mid' /etc/hosts && ! grep ours /srv/new.conf",
		},
		{
			name:   "replace",
			units:  `replace("/srv/x", regexp = "^(listen)=.*$", replace = "\\1=80", after = "\\[web\\]", before = "\\[other\\]")`,
			before: `printf '[db]\nlisten=1\n[web]\nlisten=2\n[other]\nlisten=3\n' >/srv/x; chmod 600 /srv/x; chown www-data /srv/x`, undo: "rm -f /srv/x",
			holds:   []string{`test "$(cat /srv/x)" = "$(printf '[db]\nlisten=1\n[web]\nlisten=80\n[other]\nlisten=3')"`, "test $(stat -c %U:%a /srv/x) = www-data:600"},
			drifts:  []drift{{"replace.regexp replace.replace replace.after replace.before", "sed -i s/80/8080/ /srv/x"}},
			refused: map[string]string{`replace("/srv/x", regexp = "listen", replace = "listen listen")`: "it matches in what it is replaced by"},
		},
		{
			name: "ini",
			units: `ini("/etc/systemd/journald.conf", section = "Journal", option = "SystemMaxUse", value = "100M", no_extra_spaces = True)
ini("/etc/systemd/journald.conf", section = "Journal", option = "ForwardToSyslog", value = "no", no_extra_spaces = True)
ini("/srv/my.ini", section = "a", option = "list", value = ["1", "2"])
ini("/srv/my.ini", section = "a", option = "flag", allow_no_value = True)
ini("/srv/my.ini", section = "a", option = "gone", state = "absent")`,
			before: "cp -p /etc/systemd/journald.conf /root/", undo: "mv /root/journald.conf /etc/systemd/; rm -f /srv/my.ini",
			holds: []string{"grep -qx SystemMaxUse=100M /etc/systemd/journald.conf", "! grep -q '#SystemMaxUse' /etc/systemd/journald.conf", "systemd-analyze cat-config systemd/journald.conf"},
			look:  "grep -E '^#?(SystemMaxUse|ForwardToSyslog)' /etc/systemd/journald.conf | sort; cat /srv/my.ini",
			drifts: []drift{
				{"ini.value", "sed -i s/=100M/=1G/ /etc/systemd/journald.conf"},
				{"ini.section ini.option", "sed -i /^ForwardToSyslog/d /etc/systemd/journald.conf"},
				{"ini.exclusive", "sed -i 's/^list = 2/list = 2\\nlist = 3/' /srv/my.ini"},
				{"ini.allow_no_value", "sed -i /^flag/d /srv/my.ini"},
				{"ini.state", "echo gone = 1 >>/srv/my.ini"},
			},
			later:   []drift{{"ini.modify_inactive_option", "sed -i s/^SystemMaxUse/#SystemMaxUse/ /etc/systemd/journald.conf"}, {"ini.create", "rm /srv/my.ini"}},
			refused: map[string]string{`ini("/etc/systemd/journald.conf", section = "Journal", option = "X")`: "has no value"},
			gone:    `ini("/etc/systemd/journald.conf", state = "absent", section = "Journal", option = "SystemMaxUse")`,
			left:    "! grep '^SystemMaxUse' /etc/systemd/journald.conf",
		},
	})
}

// TestLabSystem sets what a host in a container may set.
func TestLabSystem(t *testing.T) {
	typeCases(t, []typeCase{
		{
			name: "settings",
			units: `
sysctl("net.ipv4.ip_forward", value = 1)
sysctl("net.ipv4.ip_local_port_range", value = "2000 65000")
sysctl("nosuch.thing", value = 1, ignore_missing = True)
host_entry("192.0.2.7", names = ["db", "db.example"])
hostname("lab-host")
timezone("Europe/Zurich")`,
			before: "cp -p /etc/hosts /etc/hostname /etc/timezone /root/; cp -P /etc/localtime /root/; hostname >/root/name; sysctl -n net.ipv4.ip_forward >/root/forward",
			undo: `cd /root; mv hosts hostname timezone /etc/; mv -T localtime /etc/localtime; hostname $(cat name); sysctl -q net.ipv4.ip_forward=$(cat forward) net.ipv4.ip_local_port_range='32768 60999'
rm -f name forward /etc/sysctl.d/90-froyo.conf`,
			holds: []string{
				"test $(sysctl -n net.ipv4.ip_forward) = 1", "grep -qx 'net.ipv4.ip_forward = 1' /etc/sysctl.d/90-froyo.conf", "grep -q 65000 /etc/sysctl.d/90-froyo.conf", "test $(stat -c %a /etc/hostname) = 644", "sysctl net.ipv4.ip_local_port_range | grep -q 2000.65000",
				"getent hosts db.example | grep -q 192.0.2.7", "test $(hostname) = lab-host", "grep -qx lab-host /etc/hostname", "date +%Z | grep -q CE", "grep -qx Europe/Zurich /etc/timezone",
			},
			drifts: []drift{
				{"sysctl.value sysctl.live", "sysctl -q net.ipv4.ip_forward=0"},
				{"sysctl.value sysctl.file", "sed -i s/65000/60000/ /etc/sysctl.d/90-froyo.conf"},
				{"host_entry.names host_entry.file", "sed -i s/db.example/other/ /etc/hosts"},
				{"hostname.name", "hostname other"},
				{"timezone.name timezone.file", "ln -sf /usr/share/zoneinfo/UTC /etc/localtime"},
				{"timezone.name", "echo UTC >/etc/timezone"},
			},
			later: []drift{
				{"sysctl.state", "rm /etc/sysctl.d/90-froyo.conf"}, {"hostname.name hostname.file", "echo other >/etc/hostname"}, {"hostname.file", "chmod 600 /etc/hostname"}, {"host_entry.state", "sed -i /192.0.2.7/d /etc/hosts"},
			},
			refused: map[string]string{
				`sysctl("net.ipv4.nosuch", value = 1)`:                           "there is no kernel parameter net.ipv4.nosuch",
				`sysctl("net.ipv4.ip_forward", value = "yes")`:                   "/proc/sys/net/ipv4/ip_forward",
				`sysctl("net..ipv4", value = 1)`:                                 "the name of a parameter",
				`sysctl("a/../../b", value = 1)`:                                 "the name of a parameter",
				`hostname("-x")`:                                                 "a host name of at most 64 characters",
				`timezone("../../etc/passwd")`:                                   `a zone such as`,
				`timezone("Mars/Base")`:                                          "there is no time zone Mars/Base",
				`host_entry("192.0.2.7", names = ["a b"])`:                       "names",
				`sysctl("net.ipv4.ip_forward", value = 1, file = "/etc/passwd")`: "a file in /etc/sysctl.d",
				`kernel_module("a b")`:                                           "the name of a module",
				`alternatives("editor", path = "/nothing")`:                      "there is no choice /nothing of editor",
			},
			gone: `sysctl("net.ipv4.ip_forward", state = "absent")
host_entry("192.0.2.7", state = "absent")`,
			left: "! grep ip_forward /etc/sysctl.d/90-froyo.conf && ! grep 192.0.2.7 /etc/hosts",
		},
		{
			// A container loads no modules: a script does what can be seen of that.
			name:  "kernel_module",
			units: `kernel_module("labmod", params = {"time": "1"})`,
			before: `[ -d /sys/module ] || { mount -o remount,rw /sys && mkdir /sys/module; }
mount -t tmpfs tmpfs /sys/module; mkdir -p /etc/modprobe.d
printf '#!/bin/sh -e\ncase $1 in -r) rmdir /sys/module/$2;; labmod) mkdir /sys/module/$1;; *) echo "Module $1 not found" >&2; exit 1;; esac\n' >/usr/sbin/modprobe; chmod 755 /usr/sbin/modprobe`,
			undo:  "umount /sys/module; rm -f /usr/sbin/modprobe /etc/modules-load.d/labmod.conf /etc/modprobe.d/labmod.conf",
			holds: []string{"test -d /sys/module/labmod", "grep -qx labmod /etc/modules-load.d/labmod.conf", "grep -qx 'options labmod time=1' /etc/modprobe.d/labmod.conf"},
			drifts: []drift{
				{"kernel_module.persistent", "rm /etc/modules-load.d/labmod.conf"}, {"kernel_module.params", "sed -i s/time=1/time=0/ /etc/modprobe.d/labmod.conf"}, {"kernel_module.state", "rmdir /sys/module/labmod"},
			},
			refused: map[string]string{
				`kernel_module("froyo_nosuch", persistent = False)`:  "Module froyo_nosuch not found",
				`kernel_module("labmod", params = {"time": "1\nx"})`: "params",
			},
			gone: `kernel_module("labmod", state = "absent")`,
			left: "test ! -e /sys/module/labmod && test ! -e /etc/modules-load.d/labmod.conf && test ! -e /etc/modprobe.d/labmod.conf",
		},
		{
			name:   "locale",
			units:  `locale("de_CH.UTF-8", charset = "UTF-8")`,
			undo:   "sed -i 's/^de_CH/# de_CH/' /etc/locale.gen; localedef --delete-from-archive de_CH.utf8",
			holds:  []string{"locale -a | grep -qx de_CH.utf8", "grep -qx 'de_CH.UTF-8 UTF-8' /etc/locale.gen"},
			drifts: []drift{{"locale.charset locale.file", "sed -i 's/^de_CH.UTF-8 UTF-8/# de_CH.UTF-8 ISO-8859-1/' /etc/locale.gen"}, {"locale.state", "localedef --delete-from-archive de_CH.utf8"}},
			refused: map[string]string{
				`locale("xx_YY.UTF-8")`: "the host has no source of a locale xx_YY.UTF-8",
				`locale("../x")`:        "a locale such as",
			},
			gone: `locale("de_CH.UTF-8", state = "absent")`,
			left: "! grep -q '^de_CH' /etc/locale.gen && ! locale -a | grep -q de_CH",
		},
		{
			name:   "alternatives",
			units:  `alternatives("labpager", path = "/bin/true", link = "/usr/local/bin/labpager", priority = 70)`,
			before: "update-alternatives --install /usr/local/bin/labpager labpager /bin/false 90",
			undo:   "update-alternatives --remove-all labpager",
			holds:  []string{"test $(readlink -f /usr/local/bin/labpager) = $(readlink -f /bin/true)", "update-alternatives --query labpager | grep -q 'Status: manual'"},
			look:   "update-alternatives --query labpager; readlink -f /usr/local/bin/labpager",
			drifts: []drift{
				{"alternatives.path", "update-alternatives --set labpager /bin/false"}, {"alternatives.state", "update-alternatives --auto labpager"}, {"alternatives.priority", "update-alternatives --remove labpager /bin/true"},
			},
			later: []drift{{"alternatives.link", "rm /usr/local/bin/labpager"}},
			refused: map[string]string{
				`alternatives("labpager", path = "/bin/cat")`: "there is no choice /bin/cat of labpager",
				`alternatives("../x", path = "/bin/cat")`:     "the name of a choice",
			},
			gone: `alternatives("labpager", state = "auto")`,
			left: "update-alternatives --query labpager | grep -q 'Status: auto'",
		},
	})
}

// TestLabPkgRepo brings a repository that is a directory of the host, and a package of it.
func TestLabPkgRepo(t *testing.T) {
	f := startOwn(t, "root")
	full := func(edit string) string { return "sed -i '" + edit + "' /etc/apt/sources.list.d/labfull.sources" }
	typeCase{
		units: `
pkg_repo("labfull", uris = ["https://a.example.com/debian", "https://b.example.com/debian"], suites = ["stable", "testing"], components = ["main", "extra"], types = ["deb", "deb-src"],
    architectures = ["amd64", "arm64"], key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n", options = {"Languages": "none"}, enabled = False)
pkg_repo("labsigned", uris = "https://a.example.com/debian", suites = "stable", components = "main", signed_by = "/etc/apt/keyrings/labfull.asc", enabled = False)
pkg_repo("labrepo", uris = "file:/srv/labrepo", suites = "./", options = {"Trusted": "yes"}, priority = 700)
pkg_repo("labtoo", uris = "file:/srv/labrepo", suites = "./", options = {"Trusted": "yes"})
pkg("froyo-lab-extra")`,
		before: `set -e
rm -rf /srv/labrepo; mkdir -p /srv/labrepo/pkg/DEBIAN; cd /srv/labrepo
printf 'Package: froyo-lab-extra\nVersion: 1.0\nArchitecture: all\nMaintainer: lab <lab@example.com>\nDescription: x\n' >pkg/DEBIAN/control
dpkg-deb --build pkg x.deb >/dev/null
{ cat pkg/DEBIAN/control; echo "Filename: ./x.deb"; echo "Size: $(stat -c %s x.deb)"; echo "SHA256: $(sha256sum x.deb | cut -d' ' -f1)"; } >Packages`,
		undo:  "dpkg -P froyo-lab-extra; rm -rf /srv/labrepo /etc/apt/sources.list.d/lab*.sources /etc/apt/preferences.d/labrepo.pref /etc/apt/keyrings/lab*; apt-get -q update",
		holds: []string{"dpkg -s froyo-lab-extra", "apt-cache policy froyo-lab-extra | grep -q 700", "test $(stat -c %a /etc/apt/sources.list.d/labrepo.sources) = 644"},
		look:  "cd /etc/apt; cat sources.list.d/lab*.sources preferences.d/labrepo.pref keyrings/labfull.asc; stat -c '%a %U %n' sources.list.d/lab*.sources keyrings/lab*",
		drifts: []drift{
			{"pkg_repo.priority", "rm /etc/apt/preferences.d/labrepo.pref"},
			{"", "chmod 600 /etc/apt/sources.list.d/labrepo.sources"},
			{"pkg_repo.uris", full("s/b.example/c.example/")},
			{"pkg_repo.suites", full("s/testing/unstable/")},
			{"pkg_repo.components", full("s/extra/non-free/")},
			{"pkg_repo.types", full("s/deb-src//")},
			{"pkg_repo.architectures", full("s/arm64/i386/")},
			{"pkg_repo.enabled", full("s/^Enabled.*/Enabled: yes/")},
			{"pkg_repo.options", full("/^Languages/d")},
			{"pkg_repo.key", "echo y >/etc/apt/keyrings/labfull.asc"},
			{"pkg_repo.key", "chmod 600 /etc/apt/keyrings/labfull.asc"},
			{"pkg_repo.signed_by", "sed -i s/labfull/other/ /etc/apt/sources.list.d/labsigned.sources"},
		},
		later: []drift{
			{"pkg_repo.options", "sed -i s/yes/no/ /etc/apt/sources.list.d/labrepo.sources"},
			{"pkg_repo.state", "rm /etc/apt/sources.list.d/labsigned.sources"},
			{"pkg_repo.priority", "sed -i s/700/10/ /etc/apt/preferences.d/labrepo.pref"},
			{"pkg_repo.key", "rm /etc/apt/keyrings/labfull.asc"},
			// Each is corrected while the other cannot be fetched yet.
			{"pkg_repo.uris", "sed -i s,/srv/labrepo,/nothing/here, /etc/apt/sources.list.d/labrepo.sources"},
			{"pkg_repo.uris", "sed -i s,/srv/labrepo,/nothing/there, /etc/apt/sources.list.d/labtoo.sources; apt-get update"},
		},
		refused: map[string]string{
			`pkg_repo("../x", uris = "file:/srv/labrepo", suites = "./")`:                                      "a name of letters",
			`pkg_repo("x", uris = "nonsense", suites = "./")`:                                                  "a URI such as",
			`pkg_repo("x", uris = "file:/srv/labrepo", suites = "stable")`:                                     "has components, and none is named",
			`pkg_repo("broken", uris = "file:/nothing/here", suites = "./", options = {"Trusted": "yes"})`:     "fetching the package lists failed",
			`pkg_repo("brokentoo", uris = "file:/nothing/there", suites = "./", options = {"Trusted": "yes"})`: "fetching the package lists failed",
		},
		gone: `pkg("froyo-lab-extra", state = "purged")
pkg_repo("broken", state = "absent")
pkg_repo("brokentoo", state = "absent")
pkg_repo("labtoo", state = "absent")
pkg_repo("labrepo", state = "absent")
pkg_repo("labsigned", state = "absent")
pkg_repo("labfull", state = "absent")`,
		left: "! ls /etc/apt/sources.list.d/broken*.sources && ! ls /etc/apt/sources.list.d/lab*.sources && ! ls /etc/apt/keyrings/lab* && ! apt-cache show froyo-lab-extra",
	}.lab(t, f, f.hosts[0])
}

// TestLabStructured edits documents in which other programs read.
func TestLabStructured(t *testing.T) {
	typeCases(t, []typeCase{
		{
			name: "json_file",
			units: `
json_file("/srv/daemon.json", set = {"log-driver": "journald", "log-opts": {"tag": "x"}}, remove = ["debug", ["log-opts", "max-size"]], backup = True)
json_file("/srv/new.json", set = {"hosts": ["a", "b"]}, create = True, validate = "python3 -m json.tool %s")`,
			before: `apt-get install -y -qq python3-minimal >/dev/null; printf '{\n\t"debug": true, // no more\n\t"log-opts": {"max-size": "1m", "tag": "y"},\n\t"x": 1\n}\n' >/srv/daemon.json; chmod 640 /srv/daemon.json`,
			undo:   "rm -f /srv/daemon.json* /srv/new.json",
			holds: []string{
				`test "$(cat /srv/daemon.json)" = "$(printf '{\n\t"log-opts": {"tag": "x"},\n\t"x": 1,\n\t"log-driver": "journald"\n}')"`, "test $(stat -c %a /srv/daemon.json) = 640",
				`python3 -c 'import json; assert json.load(open("/srv/new.json")) == {"hosts": ["a", "b"]}'`,
			},
			drifts: []drift{{"json_file.set", "sed -i s/journald/syslog/ /srv/daemon.json"}, {"json_file.remove", `sed -i 's/"tag"/"max-size": "2m", "tag"/' /srv/daemon.json`}, {"json_file.create", "rm /srv/new.json"}},
			look:   "cat /srv/daemon.json /srv/new.json",
			later:  []drift{{"json_file.set", "sed -i s/x.}/y\\\"}/ /srv/daemon.json"}, {"json_file.set", `sed -i 's/"a"/"c"/' /srv/new.json`}},
			refused: map[string]string{
				`json_file("/srv/none.json", set = {"a": 1})`:                                            "there is no file /srv/none.json",
				`json_file("/etc/hosts", set = {"a": 1})`:                                                "/etc/hosts:1: ",
				`json_file("/srv/daemon.json")`:                                                          "it is not said what to edit",
				`json_file("/srv/daemon.json", set = {"a": 1}, validate = "false %s")`:                   "the check of /srv/daemon.json",
				`json_file("/srv/daemon.json", set = {"a": 1}); file("/srv/daemon.json", content = "x")`: "/srv/daemon.json",
				`json_file("daemon.json", set = {"a": 1})`:                                               "an absolute path",
			},
			gone: `json_file("/srv/daemon.json", remove = ["log-driver", "log-opts", "x"])
json_file("/srv/new.json", remove = ["hosts"])`,
			left: "test $(tr -d ' \\n' </srv/new.json) = {} && ! grep -q log /srv/daemon.json",
		},
		{
			name: "yaml_file and toml_file",
			units: `
yaml_file("/srv/app.yml", set = {"server": {"port": 8080, "tls": True}}, remove = [["server", "host"]])
yaml_file("/srv/app.yml", name = "level", set = {"level": "warn"})
toml_file("/srv/app.toml", set = {"server": {"port": 8080, "names": ["a"]}, "log": {"level": "warn"}}, remove = [["server", "host"]])
yaml_file("/srv/new.yml", set = {"a": 1}, create = True)
toml_file("/srv/new.toml", set = {"a": 1}, create = True)`,
			before: `printf '# The app.\nserver:\n  host: x  # gone\n  port: 80  # ours\nlevel: info\n' >/srv/app.yml; printf '# The app.\n[server]\nport = 80 # ours\n' >/srv/app.toml; chown www-data /srv/app.*`,
			undo:   "rm -f /srv/app.* /srv/new.*",
			holds: []string{
				`test "$(cat /srv/app.yml)" = "$(printf '# The app.\nserver:\n  port: 8080  # ours\n  tls: true\nlevel: warn')"`, "test $(stat -c %U /srv/app.yml) = www-data",
				`test "$(cat /srv/app.toml)" = "$(printf '# The app.\n[server]\nport = 8080 # ours\nnames = ["a"]\n\n[log]\nlevel = "warn"')"`,
			},
			look: "cat /srv/app.yml /srv/app.toml /srv/new.yml /srv/new.toml",
			drifts: []drift{
				{"yaml_file.set toml_file.set", "sed -i s/8080/80/ /srv/app.yml /srv/app.toml"},
				{"yaml_file.set toml_file.set", "sed -i s/warn/info/ /srv/app.yml /srv/app.toml"},
				{"yaml_file.remove", "sed -i 's/^server:/server:\\n  host: x/' /srv/app.yml"},
				{"toml_file.remove", "sed -i '/^port/ahost = 1' /srv/app.toml"},
				{"yaml_file.create", "rm /srv/new.yml"},
				{"toml_file.create", "rm /srv/new.toml"},
			},
			refused: map[string]string{
				`toml_file("/srv/app.toml", set = {"a": None})`:     "TOML has no null",
				`toml_file("/srv/app.toml", set = {"server": "x"})`: "cannot be edited alone",
				`yaml_file("/srv/app.yml", remove = [[]])`:          "remove",
			},
			gone: `yaml_file("/srv/app.yml", remove = ["server"])
toml_file("/srv/app.toml", remove = ["server"])`,
			left: "! grep port /srv/app.yml /srv/app.toml",
		},
	})
}
