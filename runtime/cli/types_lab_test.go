package cli_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// typeCase is a runbook of units of one type, on a real host.
type typeCase struct {
	name string
	// units are the body of the play's function; before is a script that prepares the host, undo one that leaves nothing.
	units, before, undo string
	// holds are scripts that succeed where the host is as wanted.
	holds []string
	// drifts are scripts that break things by hand, each what another hold tells: one apply corrects them all.
	drifts []string
	// later are further drifts, which cannot stand beside those.
	later []string
	// refused are units that the plan refuses, with what it says.
	refused map[string]string
	// gone are units that remove what units bring, and left is a script that succeeds then.
	gone, left string
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
	// All in one connection: most of what they cost is that.
	var holds strings.Builder
	for i, script := range c.holds {
		fmt.Fprintf(&holds, "(%s) >/dev/null 2>&1 || echo not %d\n", script, i)
	}
	hold := func(what string) {
		t.Helper()
		said := h.SSH(t, holds.String()+"true")
		for i, script := range c.holds {
			if strings.Contains("\n"+said+"\n", fmt.Sprintf("\nnot %d\n", i)) {
				t.Errorf("%s: does not hold: %s", what, script)
			}
		}
	}
	hold("pristine")
	for _, round := range [][]string{c.drifts, c.later} {
		if drift := strings.Join(round, "\n"); drift != "" {
			h.SSH(t, drift)
			converge("after "+drift, true)
			hold("after " + drift)
		}
	}
	for units, want := range c.refused {
		use(units)
		code, stdout, stderr := f.run(t, "validate") // what is refused here needs no host
		if code == 0 || !strings.Contains(stdout+stderr, want) {
			code, stdout, stderr = f.run(t, "apply", "-y")
		}
		if said := stdout + stderr; code == 0 || !strings.Contains(said, want) {
			t.Errorf("%s: exit code %d, expected %q in\n%s", units, code, want, said)
		}
	}
	hold("after what was refused")
	if c.gone == "" {
		return
	}
	use(c.gone)
	converge("removed", true)
	if said := h.SSH(t, "("+c.left+") >/dev/null 2>&1 && echo gone || true"); !strings.Contains(said, "gone") {
		t.Errorf("not gone: %s", c.left)
	}
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
line("/srv/app.env", line = "A=1", create = True, backup = True)`,
			before: "cp -p /etc/ssh/sshd_config /etc/hosts /root/", undo: "mv /root/sshd_config /etc/ssh/; mv /root/hosts /etc/; rm -f /srv/app.env*",
			holds: []string{
				"sshd -T | grep -qx 'maxauthtries 4'", "getent hosts db | grep -q 192.0.2.7", "grep -qx A=1 /srv/app.env",
				"test $(stat -c %a /etc/ssh/sshd_config) = 644",
			},
			drifts: []string{"sed -i s/MaxAuthTries.4/MaxAuthTries\\ 9/ /etc/ssh/sshd_config", "sed -i /db$/d /etc/hosts", "echo B=2 >/srv/app.env"},
			later:  []string{"rm /srv/app.env"},
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
block("/etc/hosts", block = "# last", marker = "# {mark} last", insertbefore = "BOF")`,
			before: "cp -p /etc/hosts /root/", undo: "mv /root/hosts /etc/",
			holds:  []string{"getent hosts two | grep -q 192.0.2.9", "head -1 /etc/hosts | grep -qx '# BEGIN last'"},
			drifts: []string{"sed -i s/two/three/ /etc/hosts", "sed -i '1i first' /etc/hosts; sed -i /last/d /etc/hosts"},
			later:  []string{"sed -i '/FROYO MANAGED/d;/one/d;/two/d' /etc/hosts"},
			gone: `block("/etc/hosts", state = "absent")
block("/etc/hosts", state = "absent", marker = "# {mark} last")`,
			left: "! grep -q 'MANAGED' /etc/hosts",
		},
		{
			name:   "replace",
			units:  `replace("/srv/x", regexp = "^(listen)=.*$", replace = "\\1=80", after = "\\[web\\]")`,
			before: `printf '[db]\nlisten=1\n[web]\nlisten=2\n' >/srv/x; chmod 600 /srv/x; chown www-data /srv/x`, undo: "rm -f /srv/x",
			holds:   []string{`test "$(cat /srv/x)" = "$(printf '[db]\nlisten=1\n[web]\nlisten=80')"`, "test $(stat -c %U:%a /srv/x) = www-data:600"},
			drifts:  []string{"sed -i s/80/8080/ /srv/x"},
			refused: map[string]string{`replace("/srv/x", regexp = "listen", replace = "listen listen")`: "it matches in what it is replaced by"},
		},
		{
			name: "ini",
			units: `ini("/etc/systemd/journald.conf", section = "Journal", option = "SystemMaxUse", value = "100M", no_extra_spaces = True)
ini("/etc/systemd/journald.conf", section = "Journal", option = "ForwardToSyslog", value = "no", no_extra_spaces = True)`,
			before: "cp -p /etc/systemd/journald.conf /root/", undo: "mv /root/journald.conf /etc/systemd/",
			holds:   []string{"grep -qx SystemMaxUse=100M /etc/systemd/journald.conf", "! grep -q '#SystemMaxUse' /etc/systemd/journald.conf", "systemd-analyze cat-config systemd/journald.conf"},
			drifts:  []string{"sed -i s/=100M/=1G/ /etc/systemd/journald.conf", "sed -i /^ForwardToSyslog/d /etc/systemd/journald.conf"},
			refused: map[string]string{`ini("/etc/systemd/journald.conf", section = "Journal", option = "X")`: "has no value"},
			gone:    `ini("/etc/systemd/journald.conf", state = "absent", section = "Journal", option = "SystemMaxUse")`,
			left:    "! grep '^SystemMaxUse' /etc/systemd/journald.conf",
		},
	})
}

// TestLabSystem sets what a host in a container may set; modules are tried with fixtures, since a container loads none.
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
				"test $(sysctl -n net.ipv4.ip_forward) = 1", "grep -qx 'net.ipv4.ip_forward = 1' /etc/sysctl.d/90-froyo.conf", "sysctl net.ipv4.ip_local_port_range | grep -q 2000.65000",
				"getent hosts db.example | grep -q 192.0.2.7", "test $(hostname) = lab-host", "grep -qx lab-host /etc/hostname", "date +%Z | grep -q CE", "grep -qx Europe/Zurich /etc/timezone",
			},
			drifts: []string{
				"sysctl -q net.ipv4.ip_forward=0", "sed -i s/65000/60000/ /etc/sysctl.d/90-froyo.conf", "sed -i s/db.example/other/ /etc/hosts",
				"hostname other", "ln -sf /usr/share/zoneinfo/UTC /etc/localtime", "echo UTC >/etc/timezone",
			},
			later: []string{"rm /etc/sysctl.d/90-froyo.conf", "echo other >/etc/hostname", "chmod 600 /etc/hostname", "sed -i /192.0.2.7/d /etc/hosts"},
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
			name:   "locale",
			units:  `locale("de_CH.UTF-8")`,
			undo:   "sed -i 's/^de_CH/# de_CH/' /etc/locale.gen; localedef --delete-from-archive de_CH.utf8",
			holds:  []string{"locale -a | grep -qx de_CH.utf8", "grep -qx 'de_CH.UTF-8 UTF-8' /etc/locale.gen"},
			drifts: []string{"sed -i 's/^de_CH.UTF-8/# de_CH.UTF-8/' /etc/locale.gen", "localedef --delete-from-archive de_CH.utf8"},
			refused: map[string]string{
				`locale("xx_YY.UTF-8")`: "the host has no source of a locale xx_YY.UTF-8",
				`locale("../x")`:        "a locale such as",
			},
			gone: `locale("de_CH.UTF-8", state = "absent")`,
			left: "! grep -q '^de_CH' /etc/locale.gen && ! locale -a | grep -q de_CH",
		},
		{
			name:   "alternatives",
			units:  `alternatives("labpager", path = "/bin/true", link = "/usr/local/bin/labpager")`,
			undo:   "update-alternatives --remove-all labpager",
			holds:  []string{"test $(readlink -f /usr/local/bin/labpager) = $(readlink -f /bin/true)", "update-alternatives --query labpager | grep -q 'Status: manual'"},
			drifts: []string{"update-alternatives --auto labpager"},
			gone:   `alternatives("labpager", state = "auto")`,
			left:   "update-alternatives --query labpager | grep -q 'Status: auto'",
		},
	})
}

// TestLabPkgRepo brings a repository that is a directory of the host, and a package of it.
func TestLabPkgRepo(t *testing.T) {
	f := startOwn(t, "root")
	typeCase{
		units: `
pkg_repo("labrepo", uris = "file:/srv/labrepo", suites = "./", options = {"Trusted": "yes"}, priority = 700)
pkg("froyo-lab-extra")`,
		before: `set -e
rm -rf /srv/labrepo; mkdir -p /srv/labrepo/pkg/DEBIAN; cd /srv/labrepo
printf 'Package: froyo-lab-extra\nVersion: 1.0\nArchitecture: all\nMaintainer: lab <lab@example.com>\nDescription: x\n' >pkg/DEBIAN/control
dpkg-deb --build pkg x.deb >/dev/null
{ cat pkg/DEBIAN/control; echo "Filename: ./x.deb"; echo "Size: $(stat -c %s x.deb)"; echo "SHA256: $(sha256sum x.deb | cut -d' ' -f1)"; } >Packages`,
		undo:   "dpkg -P froyo-lab-extra; rm -rf /srv/labrepo /etc/apt/sources.list.d/labrepo.sources /etc/apt/preferences.d/labrepo.pref; apt-get -q update",
		holds:  []string{"dpkg -s froyo-lab-extra", "apt-cache policy froyo-lab-extra | grep -q 700", "test $(stat -c %a /etc/apt/sources.list.d/labrepo.sources) = 644"},
		drifts: []string{"sed -i s/yes/no/ /etc/apt/sources.list.d/labrepo.sources", "rm /etc/apt/preferences.d/labrepo.pref", "chmod 600 /etc/apt/sources.list.d/labrepo.sources"},
		refused: map[string]string{
			`pkg_repo("../x", uris = "file:/srv/labrepo", suites = "./")`:                                  "a name of letters",
			`pkg_repo("x", uris = "nonsense", suites = "./")`:                                              "a URI such as",
			`pkg_repo("x", uris = "file:/srv/labrepo", suites = "stable")`:                                 "has components, and none is named",
			`pkg_repo("broken", uris = "file:/nothing/here", suites = "./", options = {"Trusted": "yes"})`: "fetching the package lists failed",
		},
		gone: `pkg("froyo-lab-extra", state = "purged")
pkg_repo("broken", state = "absent")
pkg_repo("labrepo", state = "absent")`,
		left: "! ls /etc/apt/sources.list.d/labrepo.sources && ! apt-cache show froyo-lab-extra",
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
			drifts: []string{"sed -i s/journald/syslog/ /srv/daemon.json", `sed -i 's/"tag"/"max-size": "2m", "tag"/' /srv/daemon.json`, "rm /srv/new.json"},
			later:  []string{"sed -i s/x.}/y\\\"}/ /srv/daemon.json", `echo '{"hosts": ["b", "a"]}' >/srv/new.json`},
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
			left: "grep -qx {} /srv/new.json && ! grep -q log /srv/daemon.json",
		},
		{
			name: "yaml_file and toml_file",
			units: `
yaml_file("/srv/app.yml", set = {"server": {"port": 8080, "tls": True}}, remove = [["server", "host"]])
yaml_file("/srv/app.yml", name = "level", set = {"level": "warn"})
toml_file("/srv/app.toml", set = {"server": {"port": 8080, "names": ["a"]}, "log": {"level": "warn"}})`,
			before: `printf '# The app.\nserver:\n  host: x  # gone\n  port: 80  # ours\nlevel: info\n' >/srv/app.yml; printf '# The app.\n[server]\nport = 80 # ours\n' >/srv/app.toml; chown www-data /srv/app.*`,
			undo:   "rm -f /srv/app.*",
			holds: []string{
				`test "$(cat /srv/app.yml)" = "$(printf '# The app.\nserver:\n  port: 8080  # ours\n  tls: true\nlevel: warn')"`, "test $(stat -c %U /srv/app.yml) = www-data",
				`test "$(cat /srv/app.toml)" = "$(printf '# The app.\n[server]\nport = 8080 # ours\nnames = ["a"]\n\n[log]\nlevel = "warn"')"`,
			},
			drifts: []string{"sed -i s/8080/80/ /srv/app.yml /srv/app.toml", "sed -i s/warn/info/ /srv/app.yml /srv/app.toml"},
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
