package cli_test

import "testing"

// wheels makes packages of Python in /srv/wheels, with a python that goes again: fy-hello 1.0 and 2.0, of which 2.0 needs fy-dep.
const wheels = `
apt-get install -y -qq --no-install-recommends python3 >/dev/null 2>&1
mkdir -p /srv/wheels && cd /srv/wheels && python3 - <<'END'
import zipfile
def wheel(name, version, *needs):
    info = "%s-%s.dist-info" % (name, version)
    with zipfile.ZipFile("%s-%s-py3-none-any.whl" % (name, version), "w") as z:
        z.writestr(name + ".py", "version = %r\n" % version)
        z.writestr(info + "/METADATA", "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name.replace("_", "-"), version) + "".join("Requires-Dist: %s\n" % n for n in needs))
        z.writestr(info + "/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "/RECORD", "")
wheel("fy_hello", "1.0")
wheel("fy_hello", "2.0", "fy-dep>=1")
wheel("fy_dep", "1.0")
END
cd / && apt-get purge -y -qq --autoremove python3 python3-minimal >/dev/null 2>&1`

// TestLabPip installs packages of Python, whose environment and system packages one run brings as well.
func TestLabPip(t *testing.T) {
	const (
		there  = ", venv = \"/srv/app/venv\", find_links = \"/srv/wheels\", no_index = True)"
		python = "/srv/app/venv/bin/python -c "
		undo   = "rm -rf /srv/app /srv/wheels /srv/other; userdel -r bob; apt-get purge -y -qq python3-venv python3-pip python3-minimal >/dev/null 2>&1; apt-get autoremove -y -qq --purge >/dev/null 2>&1"
	)
	cases := []typeCase{
		{
			name: "pip", before: wheels,
			units: `
pkg("python3-venv")
file("/srv/app", state = "directory")
pip("Fy.Hello", version = "1.*"` + there + `
pip("fy-dep", state = "latest"` + there,
			holds:  []string{python + "'import fy_hello; assert fy_hello.version == \"1.0\"'", python + "'import fy_dep'"},
			drifts: []string{"/srv/app/venv/bin/pip install --no-index --find-links /srv/wheels fy-hello==2.0"},
			later:  []string{"/srv/app/venv/bin/pip uninstall -y fy-hello fy-dep", "rm -rf /srv/app/venv"},
			refused: map[string]string{
				`pip("fy-nothere"` + there:                           "No matching distribution found for fy-nothere",
				`pip("-rf", venv = "/srv/app/venv")`:                 "the name of a package",
				`pip("a==1", venv = "/srv/app/venv")`:                "versions are in version",
				`pip("fy-dep", venv = "/srv/app/../venv")`:           "an absolute path without ..",
				`pip("fy-dep", find_links = "/srv/wheels")`:          "there is no pip of python3",
				`pip("fy-dep", venv = "/srv/x", python = "python2")`: "python",
			},
			gone: `pip(["fy-hello", "fy-dep"], state = "absent", venv = "/srv/app/venv")`,
			left: "! " + python + "'import fy_hello' && ! " + python + "'import fy_dep'",
		},
		{
			name: "pip_requirements", before: wheels,
			units: `
pkg("python3-venv")
file("/srv/app", state = "directory")
file("/srv/app/requirements.txt", content = "fy-hello >= 2\n")
pip_requirements("/srv/app/requirements.txt", venv = "/srv/app/venv2", find_links = "/srv/wheels", no_index = True)`,
			holds:  []string{"/srv/app/venv2/bin/python -c 'import fy_hello, fy_dep; assert fy_hello.version == \"2.0\"'"},
			drifts: []string{"/srv/app/venv2/bin/pip uninstall -y fy-dep"},
			later:  []string{"rm -rf /srv/app/venv2"},
			refused: map[string]string{
				`pip_requirements("/srv/nothere.txt", venv = "/srv/app/venv2")`: "there is no file /srv/nothere.txt",
			},
		},
		{
			name: "another user's directory", before: wheels + "\nuseradd -m bob; install -d -o bob /srv/other",
			units: `
pkg("python3-venv")
pip("fy-dep", venv = "/srv/other/venv", find_links = "/srv/wheels", no_index = True, run_as = "bob")`,
			holds: []string{"test $(stat -c %U /srv/other/venv/bin/pip) = bob", "/srv/other/venv/bin/python -c 'import fy_dep'"},
			refused: map[string]string{
				`pip("fy-dep", venv = "/srv/other/venv")`: "/srv/other belongs to bob, who could put other programs there",
			},
		},
		{
			name: "among the system's packages", before: wheels,
			units: "pkg(\"python3-pip\")\npip(\"fy-dep\", find_links = \"/srv/wheels\", no_index = True, break_system_packages = True)",
			holds: []string{"python3 -c 'import fy_dep'"},
			refused: map[string]string{
				`pip("fy-hello", find_links = "/srv/wheels", no_index = True)`: "externally-managed-environment",
			},
			gone: `pip("fy-dep", state = "absent", break_system_packages = True)`, left: "! python3 -c 'import fy_dep'",
		},
	}
	for i := range cases {
		cases[i].undo = undo
	}
	typeCases(t, cases)
}
