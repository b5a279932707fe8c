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
			look:   "/srv/app/venv/bin/pip freeze",
			drifts: []drift{{"pip.version", "/srv/app/venv/bin/pip install --no-index --find-links /srv/wheels fy-hello==2.0"}, {"pip.state", "/srv/app/venv/bin/pip uninstall -y fy-dep"}},
			later:  []drift{{"pip.venv", "rm -rf /srv/app/venv"}},
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
			drifts: []drift{{"pip_requirements.state", "/srv/app/venv2/bin/pip uninstall -y fy-dep"}},
			later:  []drift{{"pip_requirements.venv", "rm -rf /srv/app/venv2"}},
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

// gems makes a source of gems in /srv/source, with a Ruby that goes again: fy-hello 1.0 and 2.0, and fy-user, which needs it.
const gems = `
apt-get install -y -qq --no-install-recommends ruby >/dev/null 2>&1
mkdir -p /srv/source/gems /srv/source/make && cd /srv/source/make && touch x.rb
gem_of() { printf 'Gem::Specification.new { |s| s.name = "%s"; s.version = "%s"; s.summary = "x"; s.authors = ["x"]; s.files = ["x.rb"]; %s }' "$@" >x.gemspec; gem build x.gemspec; mv ./*.gem ../gems; }
{ gem_of fy-hello 1.0; gem_of fy-hello 2.0; gem_of fy-user 1.0 's.add_dependency "fy-hello"'; gem generate_index -d /srv/source; } >/dev/null 2>&1
cd / && apt-get purge -y -qq --autoremove ruby >/dev/null 2>&1`

// TestLabGem installs gems, whose Ruby the same run brings.
func TestLabGem(t *testing.T) {
	const from = ", source = \"file:///srv/source\")"
	typeCases(t, []typeCase{{
		name: "gem", before: gems + "\nuseradd -m bob; install -d -o bob /srv/bobs",
		undo: "gem uninstall -aIx fy-user fy-hello; rm -rf /srv/source /srv/gems /srv/bobs; userdel -r bob; apt-get purge -y -qq --autoremove ruby >/dev/null 2>&1",
		units: `
pkg("ruby")
gem("fy-hello", version = "1.*"` + from + `
gem("fy-user", install_dir = "/srv/gems"` + from + `
gem("fy-hello", install_dir = "/srv/gems", state = "latest"` + from + `
gem("fy-user", user_install = True, run_as = "bob"` + from,
		holds: []string{
			"find /home/bob -name fy-user-1.0.gemspec | grep -q .",
			"gem list --local --exact fy-hello | grep -q '(.*1.0.*)'",
			"test -e /srv/gems/specifications/fy-hello-2.0.gemspec", "test -e /srv/gems/specifications/fy-user-1.0.gemspec",
		},
		drifts: []drift{
			{"gem.version", "gem uninstall -a fy-hello; gem install --no-document --clear-sources --source file:///srv/source fy-hello"},
			{"gem.state", "rm /srv/gems/specifications/fy-hello-2.0.gemspec; gem install --no-document --install-dir /srv/gems --clear-sources --source file:///srv/source -v 1.0 fy-hello"},
		},
		later: []drift{{"gem.install_dir", "rm -rf /srv/gems"}, {"gem.state", "gem uninstall -a fy-hello"}, {"gem.user_install", "find /home/bob -name 'fy-user*' -exec rm -rf {} +"}},
		refused: map[string]string{
			`gem("fy-nothere"` + from:                   "Could not find a valid gem 'fy-nothere'",
			`gem("fy-nothere", state = "latest"` + from: "there is no gem fy-nothere in file:///srv/source",
			`gem("-rf")`:                                                   "the name of a gem",
			`gem("x", version = ">= 1")`:                                   "version",
			`gem("x", install_dir = "/srv/../x")`:                          "an absolute path without ..",
			`gem("x", install_dir = "/srv/bobs")`:                          "/srv/bobs belongs to bob",
			`gem("fy-hello", install_dir = "/srv/gems", state = "absent")`: "dependent gem(s)",
			`gem("x", gem = "/bin/sh")`:                                    "gem",
		},
		gone: `gem("fy-hello", state = "absent")
gem("fy-user", install_dir = "/srv/gems", state = "absent")
gem("json", state = "absent")`,
		left: "! gem list --local --exact fy-hello | grep fy && ! test -e /srv/gems/specifications/fy-user-1.0.gemspec",
	}})
}

// registry makes packages of Node.js, fy-hello 1.0.0 and 2.0.0, and the server that has them.
const registry = `
apt-get install -y -qq --no-install-recommends npm >/dev/null 2>&1
mkdir -p /srv/npm/make && cd /srv/npm/make && printf '#!/usr/bin/env node\n' >x.js
for v in 1.0.0 2.0.0; do
  echo '{"name": "fy-hello", "version": "'$v'", "bin": {"fy-hello": "x.js"}, "scripts": {"postinstall": "touch /srv/npm/ran"}}' >package.json
  npm pack --pack-destination /srv/npm --loglevel=error >/dev/null
done
cat >/srv/npm/registry.js <<'END'
const http = require("http"), fs = require("fs")
http.createServer((q, s) => {
  const file = /^\/(fy-hello-[0-9.]*tgz)$/.exec(q.url)
  if (file) return s.end(fs.readFileSync("/srv/npm/" + file[1]))
  if (q.url != "/fy-hello") { s.statusCode = 404; return s.end("{}") }
  const versions = {}
  for (const v of ["1.0.0", "2.0.0"]) versions[v] = {name: "fy-hello", version: v, hasInstallScript: true, bin: {"fy-hello": "x.js"}, dist: {tarball: "http://127.0.0.1:4873/fy-hello-" + v + ".tgz"}}
  s.setHeader("content-type", "application/json")
  s.end(JSON.stringify({name: "fy-hello", "dist-tags": {latest: "2.0.0"}, versions}))
}).listen(4873, "127.0.0.1")
END
systemd-run -q --unit=registry node /srv/npm/registry.js
cd / && apt-get purge -y -qq npm >/dev/null 2>&1`

// TestLabNpm installs packages of Node.js by npm itself, from a registry on the host.
func TestLabNpm(t *testing.T) {
	const from = ", registry = \"http://127.0.0.1:4873\")"
	typeCases(t, []typeCase{{
		name: "npm", before: registry + "\nuseradd -m bob; install -d -o bob /srv/bobs",
		undo: "systemctl stop registry; npm uninstall -g fy-hello; rm -rf /srv/npm /srv/app /srv/bobs /opt/node; userdel -r bob; apt-get purge -y -qq --autoremove npm nodejs >/dev/null 2>&1",
		units: `
pkg("npm")
npm("fy-hello", version = "1.*", ignore_scripts = True` + from + `
npm("fy-hello", prefix = "/opt/node", version = "2.0.0", ignore_scripts = True` + from + `
npm("fy-hello", path = "/srv/app", state = "latest", ignore_scripts = True` + from,
		holds: []string{
			"npm ls -g | grep fy-hello@1.0.0", "test -x /opt/node/bin/fy-hello", "grep -q '\"version\": \"2.0.0\"' /opt/node/lib/node_modules/fy-hello/package.json",
			"grep -q fy-hello /srv/app/package.json", "grep -q '\"version\": \"2.0.0\"' /srv/app/node_modules/fy-hello/package.json", "! test -e /srv/npm/ran",
		},
		drifts: []drift{
			{"npm.version", "npm install -g --ignore-scripts --registry=http://127.0.0.1:4873 fy-hello"},
			{"npm.prefix", "rm -rf /opt/node/lib"},
			{"npm.state", "npm install --prefix /srv/app --ignore-scripts --registry=http://127.0.0.1:4873 fy-hello@1.0.0"},
		},
		later: []drift{{"npm.path", "rm -rf /srv/app"}},
		refused: map[string]string{
			`npm("fy-nothere"` + from:                      "404 Not Found",
			`npm("fy-nothere", state = "latest"` + from:    "npm view --json",
			`npm("--global")`:                              "the name of a package",
			`npm("a@1")`:                                   "versions are in version",
			`npm("x", version = "latest")`:                 "version",
			`npm("x", path = "/srv/bobs")`:                 "/srv/bobs belongs to bob",
			`npm("x", path = "/srv/x", prefix = "/srv/y")`: "prefix",
		},
		gone: `npm("fy-hello", state = "absent")
npm("fy-hello", prefix = "/opt/node", state = "absent")
npm("fy-hello", path = "/srv/app", state = "absent")`,
		left: "! npm ls -g | grep fy-hello && ! test -e /opt/node/bin/fy-hello && ! grep fy-hello /srv/app/package.json",
	}})
}
