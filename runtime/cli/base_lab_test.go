package cli_test

import "testing"

// TestLabBase tries the types that every runbook has.
func TestLabBase(t *testing.T) {
	typeCases(t, []typeCase{
		{
			name: "file",
			units: `
file("/srv/base", state = "directory", mode = "0750", owner = "www-data", group = "www-data")
file("/srv/base/a", content = "one\n", mode = "0640", owner = "www-data", group = "adm")
file("/srv/base/link", state = "link", target = "/srv/base/a")
file("/srv/base/sub", state = "directory")
file("/srv/base/sub/own", content = "x", mode = "0600")
file("/srv/base/all", state = "directory", recurse = True, mode = "u=rwX,go=rX", owner = "www-data")
file("/srv/base/gone", state = "absent")`,
			before: "mkdir -p /srv/base/all/deep; touch /srv/base/all/deep/x",
			undo:   "rm -rf /srv/base",
			holds: []string{
				"test \"$(stat -c %a:%U:%G /srv/base)\" = 750:www-data:www-data", "test \"$(stat -c %a:%U:%G /srv/base/a)\" = 640:www-data:adm",
				"test \"$(cat /srv/base/a)\" = one", "test \"$(readlink /srv/base/link)\" = /srv/base/a",
			},
			look: "find /srv/base -printf '%p %y %m %u %g %l\\n' | sort; cat /srv/base/a",
			drifts: []drift{
				{"file.mode", "chmod 777 /srv/base"},
				{"file.owner file.group", "chown root:root /srv/base/a"},
				{"file.content", "echo two >/srv/base/a"},
				{"file.target", "ln -sfn /etc /srv/base/link"},
				{"file.recurse", "chmod 600 /srv/base/all/deep/x"},
				{"file.recurse", "chown root /srv/base/all/deep"},
				{"file.state", "touch /srv/base/gone"},
				{"file.mode", "chmod 644 /srv/base/sub/own"},
			},
			later: []drift{{"file.state", "rm -r /srv/base/a /srv/base/link"}, {"file.group", "chgrp root /srv/base"}, {"file.state", "rm -r /srv/base/sub"}},
			refused: map[string]string{
				`file("base", content = "x")`:                                   "an absolute path",
				`file("/srv/base/a", mode = "rwx")`:                             "mode",
				`file("/srv/base/a", content = "x", owner = "nobody-here")`:     "there is no user nobody-here",
				`file("/srv/none/a", content = "x")`:                            "there is no directory /srv/none",
				`file("/srv/base/a", content = "x", validate = "grep -q y %s")`: "the check of /srv/base/a",
				`file("/srv/base", content = "x")`:                              "a directory is in the way",
				"file(\"/srv/base/../base/a\", content = \"x\")":                "..",
			},
			gone: `file("/srv/base", state = "absent", recurse = True)`,
			left: "test ! -e /srv/base",
		},
		{
			name: "cmd",
			units: `
cmd("date >/srv/cmd/born", name = "born", creates = "/srv/cmd/born")
cmd(["cp", "/etc/hostname", "/srv/cmd/name"], name = "name", unless = "cmp -s /etc/hostname /srv/cmd/name")
cmd("rm /srv/cmd/junk", name = "junk", removes = "/srv/cmd/junk")
cmd("rm /srv/cmd/more", name = "more", onlyif = "test -e /srv/cmd/more")`,
			before: "mkdir -p /srv/cmd; touch /srv/cmd/junk", undo: "rm -rf /srv/cmd",
			holds:  []string{"test -s /srv/cmd/born", "cmp /etc/hostname /srv/cmd/name", "test ! -e /srv/cmd/junk", "test ! -e /srv/cmd/more"},
			drifts: []drift{{"cmd.creates", "rm /srv/cmd/born"}, {"cmd.unless", "echo x >/srv/cmd/name"}, {"cmd.removes", "touch /srv/cmd/junk"}, {"cmd.onlyif", "touch /srv/cmd/more"}},
			refused: map[string]string{
				`cmd("exit 3", name = "x")`:                     "exit code 3",
				`cmd(["/no/such/program"], name = "x")`:         "/no/such/program",
				`cmd("true", cwd = "/no/such/dir", name = "x")`: "/no/such/dir",
				`cmd("true", creates = "relative", name = "x")`: "an absolute path",
			},
		},
		{
			name: "pkg and service",
			units: `
pkg("froyo-demo", version = "1.0")
service("froyo-demo", state = "running", enabled = True)
service("apt-daily.timer", masked = True)
service("lab-plain", state = "running", daemon_reload = True)`,
			before: "printf '[Service]\\nExecStart=/bin/sleep 10000\\n' >/etc/systemd/system/lab-plain.service; systemctl daemon-reload",
			undo:   "dpkg -P froyo-demo; systemctl unmask apt-daily.timer; systemctl stop lab-plain; rm /etc/systemd/system/lab-plain.service; systemctl daemon-reload",
			holds:  []string{"dpkg-query -W -f '${Version}' froyo-demo | grep -qx 1.0", "systemctl is-active froyo-demo", "systemctl is-enabled froyo-demo"},
			look:   "dpkg-query -W -f '${Version}' froyo-demo; systemctl is-active froyo-demo; systemctl is-enabled froyo-demo apt-daily.timer; systemctl show -P NeedDaemonReload lab-plain",
			drifts: []drift{
				{"pkg.version", "apt-get install -y -qq froyo-demo"},
				{"service.state", "systemctl stop froyo-demo"},
				{"service.enabled", "systemctl disable froyo-demo"},
				{"service.masked", "systemctl unmask apt-daily.timer"},
				{"service.daemon_reload", "touch -d tomorrow /etc/systemd/system/lab-plain.service"},
			},
			later: []drift{{"pkg.state", "dpkg -P froyo-demo; systemctl daemon-reload"}},
			refused: map[string]string{
				`pkg("froyo-nosuch")`:                        "froyo-nosuch",
				`pkg("froyo-demo", version = "9")`:           "9",
				`pkg("--help")`:                              "package",
				`service("froyo-nosuch", state = "running")`: "froyo-nosuch",
				`service("../x", state = "running")`:         "the name of a unit",
			},
			gone: `service("froyo-demo", state = "stopped", enabled = False)
pkg("froyo-demo", state = "purged")`,
			left: "! dpkg -s froyo-demo",
		},
		{
			name: "probes",
			units: `
web = pkg("nginx-light")
service("nginx", state = "running", require = [web])
check(lambda: host.stat("/etc/nginx").exists, "there is no nginx")
probe_tcp("127.0.0.1", port = 22, contains = "SSH", via = host)
probe_http("http://127.0.0.1/", attempts = 10, via = host)`,
			undo:  "apt-get purge -y -qq nginx-light nginx-common >/dev/null 2>&1",
			holds: []string{"systemctl is-active nginx"},
			refused: map[string]string{
				`probe_tcp("127.0.0.1", port = 1, via = host)`:                  "127.0.0.1:1",
				`probe_http("http://127.0.0.1/none", via = host)`:               "404",
				`probe_http("ftp://127.0.0.1/", via = host)`:                    "a URL that begins with",
				`check(lambda: host.stat("/none").exists, "there is no /none")`: "there is no /none",
			},
		},
	})
}
