package cli_test

import (
	"os"
	"strings"
	"testing"
)

// otherManagers are systems whose packages are not apt's. The host is a Debian that says it is one of them: the
// programs, their databases and their repositories are real.
var otherManagers = []struct{ name, release, downgrade, provided string }{
	{"dnf", "ID=fedora", "dnf -q -y install fy-app-1.0-1", "name one of those: dnf repoquery --whatprovides fy-mail"},
	{"zypper", "ID=opensuse-leap", "zypper -q -n install --oldpackage fy-app=1.0-1", "name one of those: zypper search --provides --match-exact fy-mail"},
	{"pacman", "ID=arch", "pacman -R --noconfirm fy-app", "there is no package fy-mail"},
}

// TestLabManagers plans and applies packages with each manager: one transaction for several units, what comes along, what a
// removal would take, a name that is in no list, an empty second plan, and drift.
func TestLabManagers(t *testing.T) {
	f := startSome(t, 1, "")
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
			h.SSH(t, "rm -f /etc/os-release; echo "+m.release+" >/etc/os-release; rm -rf /var/lib/rpm /usr/share/fy*")
			typeCase{
				units: `
pkg(["fy-app", "fy-extra"], state = "latest", update_cache = True, install_recommends = False)
pkg("fy.dot+plus", version = "2:1.0-*")
pkg("fy-rival", state = "absent")`,
				holds:  []string{"grep -q 1.10 /usr/share/fy-app/version", "test -e /usr/share/fy-lib/version", "test -e /usr/share/fy-extra/version"},
				drifts: []string{m.downgrade},
				refused: map[string]string{
					`pkg("fy-mail")`:                     m.provided,
					`pkg("fy-nothere")`:                  "there is no package fy-nothere in the host's package lists",
					`pkg("fy-app", version = "9*")`:      "1.10-1",
					`pkg("fy-lib", state = "absent")`:    "removing fy-lib would also remove fy-app, which is not planned",
					`pkg("fy-rival", state = "present")`: "fy-app",
					`pkg("fy-needs")`:                    "fy-nothing",
				},
				gone: `pkg(["fy-app", "fy-lib", "fy-extra", "fy.dot+plus"], state = "purged")`,
				left: "! ls -d /usr/share/fy-*",
			}.lab(t, f, h)
			f.write(t, "site.star", "def types(host):\n    pkg(\"fy-app\", install_recommends = False)\n\nplay(\"types\", hosts = \"h1\", do = types)\n")
			if _, stdout, stderr := f.run(t, "plan"); !strings.Contains(stdout, "along with fy-lib") {
				t.Errorf("the plan does not tell what comes along:\n%s%s", stdout, stderr)
			}
			f.write(t, "site.star", "def types(host):\n    if host.facts.pkg.manifest.manager != \""+m.name+"\" or host.packages():\n        fail(\"%s\" % host.packages())\n\nplay(\"types\", hosts = \"h1\", do = types)\n")
			if code, stdout, stderr := f.run(t, "plan"); code != 0 {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}
