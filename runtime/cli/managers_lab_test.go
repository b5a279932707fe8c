package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// otherManagers are systems whose packages are not apt's. The host is a Debian that says it is one of them: the
// programs, their databases and their repositories are real.
var otherManagers = []struct{ name, release, downgrade, provided, repositories, file, older string }{
	{"dnf", "ID=fedora", "dnf -q -y install fy-app-1.0-1", "name one of those: dnf repoquery --whatprovides fy-mail", "/etc/yum.repos.d", rpmFile, "dnf -q -y install fy-app-1.0-1 fy-mail1; dnf -q mark remove fy-mail1"},
	{"zypper", "ID=opensuse-leap", "zypper -q -n install --oldpackage fy-app=1.0-1", "name one of those: zypper search --provides --match-exact fy-mail", "/etc/zypp/repos.d", rpmFile, "zypper -q -n install --oldpackage fy-app=1.0-1 fy-mail1; echo fy-mail1 >>/var/lib/zypp/AutoInstalled"},
	{"pacman", "ID=arch", "pacman -R --noconfirm fy-app", "there is no package fy-mail", "", "/srv/fy/arch/" + longName + "-1.0-1-any.pkg.tar.zst", `pacman -S --noconfirm fy-app fy-mail1; pacman -D --asdeps fy-mail1
cd /var/lib/pacman/local && mv fy-app-1.10-1 fy-app-1.0-1 && sed -i s/^1.10-1/1.0-1/ fy-app-1.0-1/desc; echo 1.0 >/usr/share/fy-app/version`},
}

// A package that is installed from its file.
const (
	longName = "fy-a-name-that-is-much-longer-than-a-column-of-any-table"
	rpmFile  = "/srv/fy/rpm/noarch/" + longName + "-1.0-1.noarch.rpm"
)

// TestLabManagers plans and applies packages with each manager: one transaction for several units, what comes along, what a
// removal would take, a name that is in no list, an empty second plan, and drift.
func TestLabManagers(t *testing.T) {
	f := startOwn(t, "root")
	h := f.hosts[0]
	const testdata = "../../runner/packages/testdata/"
	scripts := map[string]string{}
	for _, name := range []string{"repositories.sh", "undo.sh"} {
		text, err := os.ReadFile(testdata + name)
		if err != nil {
			t.Fatal(err)
		}
		scripts[name] = string(text)
	}
	h.Undo(t, scripts["undo.sh"])
	h.SSH(t, scripts["repositories.sh"])
	for _, m := range otherManagers {
		t.Run(m.name, func(t *testing.T) {
			h.SSH(t, "rm -f /etc/os-release; echo "+m.release+" >/etc/os-release; rm -rf /var/lib/rpm /usr/share/fy*; rpm --initdb")
			typeCase{
				units: `
pkg(["fy-app", "fy-extra"], state = "latest", update_cache = True, install_recommends = False)
pkg("fy.dot+plus", version = "2:1.0-*")
pkg("fy-rival", state = "absent")
pkg("` + longName + `", file = "` + m.file + `")`,
				holds:  []string{"grep -q 1.10 /usr/share/fy-app/version", "test -e /usr/share/fy-lib/version", "test -e /usr/share/fy-extra/version"},
				look:   "(rpm -qa; pacman -Q) 2>/dev/null | sort",
				drifts: []drift{{"pkg.state", m.downgrade}},
				later:  []drift{{"pkg.file", "rpm -e " + longName + " || pacman -R --noconfirm " + longName}},
				refused: map[string]string{
					`pkg("fy-mail")`:                         m.provided,
					`pkg("fy-nothere")`:                      "there is no package fy-nothere in the host's package lists",
					`pkg("fy-app", version = "9*")`:          "1.10-1",
					`pkg("fy-lib", state = "absent")`:        "removing fy-lib would also remove ",
					`pkg("fy-rival", state = "present")`:     "fy-app",
					`pkg("fy-app", file = "` + m.file + `")`: "holds the package " + longName + ", and not fy-app",
					`pkg("fy-needs")`:                        "fy-nothing",
				},
				gone: `pkg(["fy-app", "fy-lib", "fy-extra", "fy.dot+plus", "` + longName + `"], state = "purged")`,
				left: "! ls -d /usr/share/fy-*",
			}.lab(t, f, h)
			typeCase{
				before: m.older, drifts: []drift{{"pkg_upgrade.extent pkg_autoremove.state", m.older}},
				units: "pkg_upgrade(\"full\", update_cache = True)\npkg_autoremove(\"absent\")",
				holds: []string{"grep -q 1.10 /usr/share/fy-app/version", "test -e /usr/share/fy-lib/version", "! test -e /usr/share/fy-mail1"},
				gone:  `pkg(["fy-app", "fy-lib", "fy-extra"], state = "purged")`,
				left:  "! ls -d /usr/share/fy-*",
			}.lab(t, f, h)
			f.write(t, "site.star", "def types(host):\n    pkg(\"fy-app\", install_recommends = False)\n\nplay(\"types\", hosts = \"all\", do = types)\n")
			if _, stdout, stderr := f.run(t, "plan"); !strings.Contains(stdout, "along with fy-lib") {
				t.Errorf("the plan does not tell what comes along:\n%s%s", stdout, stderr)
			}
			if m.repositories != "" {
				yumRepo(m.repositories).lab(t, f, h)
				h.SSH(t, fyRepo(m.repositories))
			}
			if held, is := holds[m.name]; is {
				held.lab(t, f, h)
				h.SSH(t, "rpm -e fy-lib")
			}
			f.write(t, "site.star", "def types(host):\n    if host.facts.pkg.manifest.manager != \""+m.name+"\" or host.packages():\n        fail(\"%s\" % host.packages())\n\nplay(\"types\", hosts = \"all\", do = types)\n")
			if code, stdout, stderr := f.run(t, "plan"); code != 0 {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

// holds keep a package at its version. Of dnf's plugins only the one that locks works without the rest of what Debian has them need.
var holds = map[string]typeCase{
	"dnf": {
		before: `cd /tmp && dpkg -x /srv/repo/dnf-plugins-core_*.deb core && cd core && cp -r --parents etc/dnf/plugins/versionlock.* usr/lib/python3/dist-packages/dnfpluginscore usr/lib/python3/dist-packages/dnf-plugins/versionlock.py /`,
		undo:   "rm -rf /tmp/core /etc/dnf/plugins/versionlock.* /usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
		units:  "pkg(\"fy-lib\", update_cache = True)\npkg_hold(\"fy-lib\")", holds: []string{"grep -q '^fy-lib-0:1.0-1' /etc/dnf/plugins/versionlock.list"}, drifts: []drift{{"pkg_hold.state", "dnf -q -y -C versionlock clear"}},
		refused: map[string]string{`pkg("fy-lib", state = "absent")`: "is held at"},
		gone:    `pkg_hold("fy-lib", state = "free")`, left: "! grep '^fy-lib' /etc/dnf/plugins/versionlock.list",
	},
	"zypper": {
		undo:  "rm -f /etc/zypp/locks",
		units: "pkg(\"fy-lib\", update_cache = True)\npkg_hold(\"fy-lib\")", holds: []string{"zypper -q locks | grep fy-lib"}, drifts: []drift{{"pkg_hold.state", "zypper -n removelock fy-lib"}},
		refused: map[string]string{`pkg("fy-lib", state = "absent")`: "is held at"},
		gone:    `pkg_hold("fy-lib", state = "free")`, left: "! zypper -q locks | grep fy-lib",
	},
}

// TestLabPkgFile installs a package from a file that a unit before brings, with what it needs from the repository.
func TestLabPkgFile(t *testing.T) {
	f := startOwn(t, "root")
	typeCase{
		before: `set -e
deb() { rm -rf /srv/build/p; mkdir -p /srv/build/p/DEBIAN; printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\nDepends: %s\n' "$2" "$3" "$4" >/srv/build/p/DEBIAN/control; dpkg-deb --build /srv/build/p "/srv/build/$1.deb" >/dev/null; }
mkdir -p /srv/build /srv/pkgs
deb fy-file fy-file 1.0 tree; deb newer fy-file 2.0 tree; deb needs fy-needs 1.0 fy-nothing
install -d -o ops /srv/ops; cp /srv/build/fy-file.deb /srv/ops/; cp /srv/build/fy-file.deb /srv/pkgs/ops.deb; chown ops /srv/pkgs/ops.deb; ln -s /srv/ops/fy-file.deb /srv/pkgs/link.deb
echo x >/srv/pkgs/bad.deb`,
		undo: "dpkg -P fy-file tree; rm -rf /srv/build /srv/pkgs /srv/ops",
		units: `
cmd("cp /srv/build/fy-file.deb /srv/pkgs/fy-file.deb", creates = "/srv/pkgs/fy-file.deb")
pkg("fy-file", file = "/srv/pkgs/fy-file.deb")`,
		holds:  []string{"dpkg-query -W -f '${Status} ${Version}' fy-file | grep -qx 'install ok installed 1.0'", "dpkg -s tree"},
		look:   "dpkg-query -W fy-file tree; ls /srv/pkgs",
		drifts: []drift{{"pkg.state", "dpkg -P fy-file"}, {"", "rm /srv/pkgs/fy-file.deb"}},
		later:  []drift{{"pkg.file", "dpkg -i /srv/build/newer.deb"}},
		refused: map[string]string{
			`pkg("fy-other", file = "/srv/pkgs/fy-file.deb")`:                 `name the unit so: pkg("fy-file", file = "/srv/pkgs/fy-file.deb")`,
			`pkg("fy-file", file = "/srv/ops/fy-file.deb")`:                   "/srv/ops belongs to another user than root",
			`pkg("fy-file", file = "/srv/pkgs/link.deb")`:                     "/srv/pkgs/link.deb is a symbolic link",
			`pkg("fy-file", file = "/srv/pkgs/ops.deb")`:                      "/srv/pkgs/ops.deb belongs to another user than root",
			`pkg("fy-file", file = "/srv/pkgs/bad.deb")`:                      "/srv/pkgs/bad.deb holds no package",
			`pkg("fy-file", file = "/srv/pkgs/none.deb")`:                     "there is no file /srv/pkgs/none.deb",
			`pkg("fy-file", file = "fy-file.deb")`:                            "an absolute path",
			`pkg("fy-file", file = "/srv/pkgs/a b.deb")`:                      "an absolute path",
			`pkg("fy-file", file = "/srv/pkgs/fy-file.deb", version = "1.0")`: "version",
			`pkg("fy-needs", file = "/srv/build/needs.deb")`:                  "fy-nothing",
		},
		gone: `pkg("fy-file", state = "absent")`, left: "! dpkg -s fy-file",
	}.lab(t, f, f.hosts[0])
}

// TestLabUpgrade upgrades all packages of a host with apt, of which the lists are old, and removes what nothing needs.
func TestLabUpgrade(t *testing.T) {
	f := startOwn(t, "root")
	const older = `apt-get install -y -qq --allow-downgrades --no-install-recommends froyo-demo=1.0 tree jq; apt-mark auto tree; apt-mark hold jq
find /var/lib/apt -maxdepth 3 -exec touch -d yesterday {} +`
	typeCase{
		before: older, undo: "apt-mark unhold jq froyo-demo; apt-get purge -y -qq --autoremove froyo-demo tree jq",
		units: `
pkg_upgrade("safe", update_cache = True, cache_valid = "1h")
pkg_autoremove("purged")`,
		holds:  []string{"dpkg-query -W -f '${Version}' froyo-demo | grep -qx 1.1", "! dpkg -s tree", "dpkg -s jq", "test -n \"$(find /var/lib/apt/lists -maxdepth 0 -mmin -60)\""},
		drifts: []drift{{"pkg_upgrade.extent pkg_upgrade.update_cache pkg_upgrade.cache_valid pkg_autoremove.state", older}},
		later:  []drift{{"pkg_upgrade.extent", "apt-get install -y -qq --allow-downgrades froyo-demo=1.0"}},
		refused: map[string]string{
			`pkg_upgrade("everything")`:                                "safe",
			`pkg_upgrade("safe", cache_valid = "1h")`:                  "update_cache",
			`pkg_autoremove("present")`:                                "absent",
			`pkg("froyo-demo", state = "absent"); pkg_upgrade("most")`: "safe",
		},
	}.lab(t, f, f.hosts[0])
}

// TestLabDebconf answers what a package asks before it is installed, and sets proxies of apt; a password is in no plan.
func TestLabDebconf(t *testing.T) {
	f := startOwn(t, "root")
	f.env = append(f.env, "FROYO_VAR_pw=s3 cr3t'$(x)")
	h := f.hosts[0]
	typeCase{
		before: `set -e
mkdir -p /srv/build/p/DEBIAN; cd /srv/build/p/DEBIAN
printf 'Package: fy-asks\nVersion: 1.0\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\nDepends: debconf\n' >control
printf 'Template: fy-asks/place\nType: select\nChoices: Bern, Basel\nDefault: Bern\nDescription: where\n\nTemplate: fy-asks/key\nType: password\nDescription: key\n' >templates
printf '#!/bin/sh -e\n. /usr/share/debconf/confmodule\ndb_input high fy-asks/place || true\ndb_input high fy-asks/key || true\ndb_go\n' >config
printf '#!/bin/sh -e\n. /usr/share/debconf/confmodule\ndb_get fy-asks/place; echo "$RET" >/srv/place\ndb_get fy-asks/key; echo "$RET" >/srv/key\n' >postinst
chmod 755 config postinst; dpkg-deb --build /srv/build/p /srv/build/fy-asks.deb >/dev/null`,
		undo: "dpkg -P fy-asks; rm -rf /srv/build /srv/place /srv/key /etc/apt/apt.conf.d/95*; echo PURGE | debconf-communicate fy-asks",
		units: `
debconf("fy-asks", question = "fy-asks/place", type = "select", value = "Basel")
debconf("fy-asks", question = "fy-asks/key", type = "password", value = sensitive(vars.pw))
apt_conf("95proxy", settings = {"Acquire::http::Proxy": "http://proxy.example.com:3128", "Acquire::Retries": 3, "APT::Never-MarkAuto-Sections": ["metapackages", "tasks"]})
apt_conf("95private.conf", private = True, settings = {"Acquire::https::Proxy": "http://u:" + vars.pw[3:7] + "@proxy.example.com:3128"})
pkg("fy-asks", file = "/srv/build/fy-asks.deb")`,
		holds: []string{
			"grep -qx Basel /srv/place", `grep -qxF "s3 cr3t'\$(x)" /srv/key`, "echo GET fy-asks/place | debconf-communicate | grep -qx '0 Basel'",
			"apt-config dump | grep -qxF 'Acquire::http::Proxy \"http://proxy.example.com:3128\";'", "apt-config dump | grep -qx 'Acquire::Retries \"3\";'",
			"apt-config dump | grep -qx 'APT::Never-MarkAuto-Sections:: \"tasks\";'", "test $(stat -c %a /etc/apt/apt.conf.d/95private.conf) = 600", "apt-get update",
		},
		look: "cat /etc/apt/apt.conf.d/95*; stat -c %a /etc/apt/apt.conf.d/95*; echo GET fy-asks/place | debconf-communicate; echo GET fy-asks/key | debconf-communicate",
		drifts: []drift{
			{"debconf.value", "echo fy-asks fy-asks/place select Bern | debconf-set-selections"},
			{"debconf.value", "echo fy-asks fy-asks/key password other | debconf-set-selections"},
			{"apt_conf.settings", "sed -i s/3128/80/ /etc/apt/apt.conf.d/95proxy"},
			{"apt_conf.private", "chmod 644 /etc/apt/apt.conf.d/95private.conf"},
		},
		later: []drift{{"apt_conf.state", "rm /etc/apt/apt.conf.d/95proxy"}},
		refused: map[string]string{
			`debconf("fy-asks", question = "fy-asks/place", type = "string", value = "a\nb")`: "one line",
			`debconf("fy-asks", question = "a b", type = "string", value = "x")`:              "the name of a question",
			`debconf("-x", question = "a", type = "string", value = "x")`:                     "the name of a package",
			`debconf("fy-asks", question = "a", type = "number", value = "1")`:                "multiselect",
			`apt_conf("a.b", settings = {"A::B": "x"})`:                                       "others apt skips",
			`apt_conf("../a", settings = {"A::B": "x"})`:                                      "others apt skips",
			`apt_conf("a", settings = {"A::B": "x\";\nB \"y"})`:                               "conflicting values",
			`apt_conf("a", settings = {"A B": "x"})`:                                          "settings",
			`apt_conf("a")`:                                                                   "settings",
		},
		gone: "apt_conf(\"95proxy\", state = \"absent\")\napt_conf(\"95private.conf\", state = \"absent\")", left: "! ls /etc/apt/apt.conf.d/95*",
	}.lab(t, f, h)
	f.write(t, "site.star", "def types(host):\n    debconf(\"fy-asks\", question = \"fy-asks/key\", type = \"password\", value = sensitive(vars.pw))\n\nplay(\"types\", hosts = \"all\", do = types)\n")
	f.env = append(f.env, "FROYO_VAR_pw=w0nderful")
	code, stdout, stderr := f.run(t, "plan", "--out", "saved.json")
	saved, err := os.ReadFile(f.dir + "/saved.json")
	if code != 0 || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	for _, secret := range []string{"w0nderful", "s3 cr3t"} {
		if strings.Contains(stdout+stderr, secret) || bytes.Contains(saved, []byte(secret)) {
			t.Errorf("%s is in what is said or saved:\n%s%s", secret, stdout, stderr)
		}
	}
}

// hold keeps a package at its version.
func hold(name, release, holds string) typeCase {
	return typeCase{
		units: "pkg(\"" + name + "\", update_cache = True)\npkg_hold(\"" + name + "\")", holds: []string{holds}, drifts: []drift{{"pkg_hold.state", release}},
		refused: map[string]string{
			`pkg_hold("fy-nothere")`:                        "there is no package fy-nothere on the host",
			`pkg("` + name + `", state = "absent")`:         "is held at",
			`pkg_hold("` + name + `", state = "forgotten")`: "held",
		},
		gone: "pkg_hold(\"" + name + "\", state = \"free\")", left: "! " + strings.TrimPrefix(holds, "! "),
	}
}

// TestLabHold keeps a package of apt at its version.
func TestLabHold(t *testing.T) {
	f := startOwn(t, "root")
	hold("froyo-demo", "apt-mark unhold froyo-demo", "test -n \"$(apt-mark showhold froyo-demo)\"").lab(t, f, f.hosts[0])
}

// fyRepo writes the file of the repository that yumRepo takes away.
func fyRepo(directory string) string {
	return "printf '%s\\n' '[fy]' name=fy baseurl=file:///srv/fy/rpm enabled=1 gpgcheck=0 autorefresh=0 type=rpm-md >" + directory + "/fy.repo"
}

// yumRepo brings a repository and a package of it in one run.
func yumRepo(directory string) typeCase {
	full := func(edit string) string { return "sed -i '" + edit + "' " + directory + "/full.repo" }
	return typeCase{
		before: "rm -f " + directory + "/fy.repo; rm -rf /var/cache/dnf /var/cache/zypp; ! rpm -q fy-lib",
		undo:   "rm -f " + directory + "/ours.repo " + directory + "/full.repo " + directory + "/linked.repo",
		units: `
yum_repo("full", directory = "` + directory + `", description = "Full", baseurl = ["https://a.example.com/el9", "https://b.example.com/el9"], mirrorlist = "https://mirrors.example.com/el9", repo_gpgcheck = True,
    gpgkey = "file:///etc/pki/one.asc", enabled = False, proxy = "_none_", options = {"sslverify": "0"})
yum_repo("linked", directory = "` + directory + `", metalink = "https://meta.example.com/el9", enabled = False)
yum_repo("ours", directory = "` + directory + `", description = "Our packages", baseurl = "file:///srv/fy/rpm", gpgcheck = False, priority = 20)
pkg("fy-lib")`,
		holds: []string{"rpm -q fy-lib", "grep -qx priority=20 " + directory + "/ours.repo"},
		look:  "cat " + directory + "/*.repo; ls -d /var/cache/dnf/ours-* /var/cache/zypp/raw/ours",
		drifts: []drift{
			{"yum_repo.priority", "sed -i s/^priority.*/priority=99/ " + directory + "/ours.repo"},
			{"yum_repo.baseurl", full("s/b.example/c.example/")},
			{"yum_repo.description", full("s/Full/Empty/")},
			{"yum_repo.mirrorlist", full("s/mirrors/others/")},
			{"yum_repo.gpgcheck", full("/^gpgcheck/d")},
			{"yum_repo.repo_gpgcheck", full("/^repo_gpgcheck/d")},
			{"yum_repo.gpgkey", full("s/one.asc/two.asc/")},
			{"yum_repo.enabled", full("s/^enabled.*/enabled=1/")},
			{"yum_repo.proxy", full("s/_none_//")},
			{"yum_repo.options", full("/^sslverify/d")},
			{"yum_repo.metalink", "sed -i s/meta/other/ " + directory + "/linked.repo"},
		},
		later: []drift{{"", "rm -rf /var/cache/dnf /var/cache/zypp"}, {"yum_repo.state yum_repo.directory", "rm " + directory + "/linked.repo"}},
		refused: map[string]string{
			`yum_repo("ours", directory = "` + directory + `")`:                             "nothing says where the repository is",
			`yum_repo("ours", baseurl = "https://a\n[b]", directory = "` + directory + `")`: "a URL such as",
			`yum_repo("../ours", baseurl = "https://a", directory = "` + directory + `")`:   "a name of letters",
		},
		gone: "pkg(\"fy-lib\", state = \"absent\")\nyum_repo(\"ours\", state = \"absent\", directory = \"" + directory + "\")\nyum_repo(\"full\", state = \"absent\", directory = \"" + directory + "\")",
		left: "! rpm -q fy-lib && ! ls " + directory + "/ours.repo && ! ls " + directory + "/full.repo",
	}
}
