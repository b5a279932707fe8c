package cli_test

import (
	"strings"
	"testing"
)

// logrotate installs the program and its directory, or at least that.
const logrotate = "apt-get install -y -qq logrotate >/dev/null 2>&1 || mkdir -p /etc/logrotate.d"

// TestLabUnits brings what a host does at set times and at boot.
func TestLabUnits(t *testing.T) {
	t.Parallel()
	edited := func(name, edit string) string { return "sed -i '" + edit + "' /etc/systemd/system/" + name }
	rotated := func(edit string) string { return "sed -i '" + edit + "' /etc/logrotate.d/app.example.com" }
	all := func(edit string) string { return "sed -i '" + edit + "' /etc/logrotate.d/all" }
	for _, c := range []typeCase{
		{
			name: "cron",
			units: `
cron("backup", job = "date +%F >>/srv/backups", hour = 3, minute = "*/15", weekday = "mon-fri", user = "www-data", env = {"MAILTO": ""})
cron("old", job = "/bin/true", special_time = "daily", disabled = True)
cron("rare", job = "/bin/true", minute = 0, hour = 0, day = 1, month = "jan,jul")`,
			undo: "rm -f /etc/cron.d/backup /etc/cron.d/old /etc/cron.d/rare",
			holds: []string{
				`grep -qx '\*/15 3 \* \* mon-fri www-data date +\\%F >>/srv/backups' /etc/cron.d/backup`, `grep -qx 'MAILTO=""' /etc/cron.d/backup`,
				"grep -qx '#@daily root /bin/true' /etc/cron.d/old", "test $(stat -c %U:%G:%a /etc/cron.d/backup) = root:root:644",
			},
			look: "cd /etc/cron.d; cat backup old rare; stat -c '%n %U:%G %a' backup old rare",
			drifts: []drift{
				{"cron.weekday", "sed -i s/mon-fri/sun/ /etc/cron.d/backup"},
				{"cron.minute", "sed -i s/^.*15/7/ /etc/cron.d/backup"},
				{"cron.hour", "sed -i s/^7.3/7\\ 5/ /etc/cron.d/backup"},
				{"cron.user", "sed -i s/www-data/root/ /etc/cron.d/backup"},
				{"cron.job", "sed -i s/srv.backups/srv.others/ /etc/cron.d/backup"},
				{"cron.env", "sed -i s/MAILTO=.*/MAILTO=x/ /etc/cron.d/backup"},
				{"", "chmod 666 /etc/cron.d/backup; chown www-data:www-data /etc/cron.d/backup"},
				{"cron.special_time", "sed -i s/daily/hourly/ /etc/cron.d/old"},
				{"cron.disabled", "sed -i s/^#@/@/ /etc/cron.d/old"},
				{"", "chgrp www-data /etc/cron.d/old"},
				{"cron.day", "sed -i 's/^0 0 1/0 0 2/' /etc/cron.d/rare"},
				{"cron.month", "sed -i s/jul/aug/ /etc/cron.d/rare"},
			},
			later: []drift{{"cron.state", "rm /etc/cron.d/old"}},
			refused: map[string]string{
				`cron("a.b", job = "x", minute = 0)`:              "cron reads no other file",
				`cron("../x", job = "x", minute = 0)`:             "cron reads no other file",
				`cron("-x", job = "x", minute = 0)`:               "cron reads no other file",
				`cron("a\nb", job = "x", minute = 0)`:             "cron reads no other file",
				`cron("a", job = "x\n* * * * * root y")`:          "want a command in one line",
				`cron("a", job = "x", minute = "0\n* * * * * *")`: "is none of 0 to 59",
				`cron("a", job = "x", minute = 0, user = "lost")`: "there is no user lost",
				`cron("a", job = "x", hour = 3)`:                  "would run in each minute",
			},
			gone: `cron("backup", state = "absent")
cron("old", state = "absent")`,
			left: "test ! -e /etc/cron.d/backup && test ! -e /etc/cron.d/old",
		},
		{
			name: "logrotate",
			units: `
logrotate("app.example.com", paths = ["/var/log/my app/*.log", "/var/log/app.log"], frequency = "weekly", rotate = 4, compress = True, create = "0640 www-data adm",
    missingok = True, postrotate = "echo 'rotated {}' >>/srv/rotated\n")
logrotate("all", paths = "/var/log/all.log", size = "10M", minsize = "1M", maxsize = "20M", maxage = 30, delaycompress = True, copytruncate = True, notifempty = True, su = "root adm", dateext = True,
    dateformat = "-%Y%m%d", olddir = "/var/log/old", sharedscripts = True, prerotate = "echo before", firstaction = "echo first", lastaction = "echo last", options = ["shred"])
logrotate("whole", content = "/var/log/none.log {\n  daily\n}\n")`,
			before: logrotate + "; mkdir -p /var/log/old", undo: "rm -rf /etc/logrotate.d/app.example.com /etc/logrotate.d/all /etc/logrotate.d/whole /srv/rotated '/var/log/my app' /var/log/old",
			holds: []string{
				"grep -qx '    create 0640 www-data adm' /etc/logrotate.d/app.example.com", `head -2 /etc/logrotate.d/app.example.com | tail -1 | grep -qx '"/var/log/my app/\*.log"'`,
				"test \"$(cat /etc/logrotate.d/whole)\" = \"$(printf '/var/log/none.log {\\n  daily\\n}')\"", "test $(stat -c %U:%G:%a /etc/logrotate.d/whole) = root:root:644",
			},
			look: "cd /etc/logrotate.d; cat app.example.com all whole; stat -c '%n %U:%G %a' app.example.com all whole",
			drifts: []drift{
				{"logrotate.frequency", rotated("s/weekly/daily/")},
				{"logrotate.paths", rotated("s/app.log/lib.log/")},
				{"logrotate.rotate", rotated("s/rotate 4/rotate 5/")},
				{"logrotate.compress", rotated("/compress/d")},
				{"logrotate.create", rotated("s/0640/0666/")},
				{"logrotate.missingok", rotated("/missingok/d")},
				{"logrotate.postrotate", rotated("s/rotated {}/x/")},
				{"logrotate.size", all("s/ size 10M/ size 11M/")},
				{"logrotate.minsize", all("s/1M$/2M/")},
				{"logrotate.maxsize", all("s/20M/21M/")},
				{"logrotate.maxage", all("s/30/31/")},
				{"logrotate.delaycompress", all("/delaycompress/d")},
				{"logrotate.copytruncate", all("/copytruncate/d")},
				{"logrotate.notifempty", all("s/notifempty/ifempty/")},
				{"logrotate.su", all("s/su root adm/su root root/")},
				{"logrotate.dateext", all("/dateext/d")},
				{"logrotate.dateformat", all("s/%Y%m%d/%s/")},
				{"logrotate.olddir", all("s/log.old/log/")},
				{"logrotate.sharedscripts", all("/sharedscripts/d")},
				{"logrotate.prerotate", all("s/before/x/")},
				{"logrotate.firstaction", all("s/first$/x/")},
				{"logrotate.lastaction", all("s/last$/x/")},
				{"logrotate.options", all("/shred/d")},
				{"", "chmod 666 /etc/logrotate.d/whole; chown www-data:www-data /etc/logrotate.d/whole"},
				{"logrotate.content", "sed -i s/daily/weekly/ /etc/logrotate.d/whole"},
			},
			later: []drift{{"logrotate.state", "rm /etc/logrotate.d/whole"}},
			refused: map[string]string{
				`logrotate("a.bak", paths = "/x")`:                               "without an ending by which logrotate skips it",
				`logrotate("../x", paths = "/x")`:                                "want a name of letters",
				`logrotate("-x", paths = "/x")`:                                  "want a name of letters",
				`logrotate("a\nb", paths = "/x")`:                                "want a name of letters",
				`logrotate("a", paths = "/x {\n} /etc/shadow")`:                  "want absolute paths without quotes, braces",
				`logrotate("a", paths = "/x", postrotate = "a\nendscript\n}\n")`: "has a line endscript",
				`logrotate("a", paths = "/x", create = "0640 lost adm")`:         "there is no user lost",
			},
			gone: `logrotate("app.example.com", state = "absent")
logrotate("all", state = "absent")
logrotate("whole", state = "absent")`,
			left: "test ! -e /etc/logrotate.d/all && test ! -e /etc/logrotate.d/app.example.com && test ! -e /etc/logrotate.d/whole",
		},
		{
			name: "tmpfiles",
			units: `
tmpfiles("app", rules = ["d /run/app 0750 www-data www-data 10d", "L /run/app/link - - - - /etc/passwd", "d! /run/boot"])
tmpfiles("whole", content = "d /run/whole\nz /run/whole 0700\n")`,
			undo: "rm -rf /etc/tmpfiles.d/app.conf /etc/tmpfiles.d/whole.conf /run/app /run/whole",
			holds: []string{
				"test $(stat -c %U:%G:%a /run/app) = www-data:www-data:750", "test $(readlink /run/app/link) = /etc/passwd", "test ! -e /run/boot",
				"test $(stat -c %a /run/whole) = 700", "grep -qx 'd! /run/boot' /etc/tmpfiles.d/app.conf", "test $(stat -c %U:%G:%a /etc/tmpfiles.d/app.conf) = root:root:644",
			},
			look: "cd /etc/tmpfiles.d; cat app.conf whole.conf; stat -c '%n %U:%G %a' app.conf whole.conf /run/app /run/whole; readlink /run/app/link",
			drifts: []drift{
				{"tmpfiles.rules", "rm /run/app/link; chmod 700 /run/app; chgrp root /run/app"},
				{"tmpfiles.rules", "sed -i s/10d/20d/ /etc/tmpfiles.d/app.conf"},
				{"tmpfiles.content", "echo 'd /run/x' >/etc/tmpfiles.d/whole.conf; rmdir /run/whole"},
			},
			later: []drift{{"tmpfiles.state", "rm -r /run/app /etc/tmpfiles.d/app.conf"}, {"", "chmod 600 /etc/tmpfiles.d/whole.conf"}},
			refused: map[string]string{
				`tmpfiles("a.conf", rules = "d /run/a")`:      "without .conf",
				`tmpfiles("../x", rules = "d /run/a")`:        "want a name of letters",
				`tmpfiles("-x", rules = "d /run/a")`:          "want a name of letters",
				`tmpfiles("a\nb", rules = "d /run/a")`:        "want a name of letters",
				`tmpfiles("a", rules = "d /run/a\nd /run/b")`: "want rules in one line each",
				`tmpfiles("a", rules = "d /run/a 9999")`:      "Invalid mode",
				`tmpfiles("a", rules = "d /run/a 0755 lost")`: "there is no user lost",
			},
			gone: `tmpfiles("app", state = "absent")
tmpfiles("whole", state = "absent")`,
			left: "test ! -e /etc/tmpfiles.d/app.conf && test ! -e /etc/tmpfiles.d/whole.conf && test -d /run/app",
		},
		{
			name: "systemd_unit",
			units: `
systemd_unit("app.service", state = "running", enabled = True, sections = {
    "Unit": {"After": ["network.target", "nss-lookup.target"]},
    "Service": {"ExecStart": "/bin/sleep 1000", "PrivateTmp": False},
    "Install": {"WantedBy": "multi-user.target"},
})
systemd_unit("app.service", dropin = "limits", sections = {"Service": {"LimitNOFILE": 1234}})
systemd_unit("worker@.service", content = "[Service]\nExecStart=/bin/sleep 1000\n")
service("worker@7.service", state = "running")
systemd_unit("off.service", state = "stopped", enabled = False, content = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n")`,
			undo: "systemctl stop app worker@7 off; systemctl disable app off; rm -rf /etc/systemd/system/app.service* /etc/systemd/system/worker@.service /etc/systemd/system/off.service; systemctl daemon-reload",
			holds: []string{
				"systemctl is-active app worker@7", "systemctl is-enabled app", "test $(systemctl show -P LimitNOFILE app) = 1234", "test $(systemctl show -P NeedDaemonReload app) = no",
				"test $(grep -c ^After= /etc/systemd/system/app.service) = 2", "! systemctl is-active off", "! systemctl is-enabled off", "! grep -q Nice /etc/systemd/system/off.service",
				"test $(stat -c %U:%G:%a /etc/systemd/system/worker@.service) = root:root:644",
			},
			look: "cd /etc/systemd/system; cat app.service app.service.d/limits.conf worker@.service off.service; stat -c '%n %U:%G %a' worker@.service; systemctl is-active app off worker@7; systemctl is-enabled app off; systemctl show -P NeedDaemonReload worker@7",
			drifts: []drift{
				{"systemd_unit.state", "systemctl stop app"},
				{"systemd_unit.enabled", "systemctl disable app"},
				{"systemd_unit.dropin", "sed -i s/1234/99/ /etc/systemd/system/app.service.d/limits.conf"},
				{"", "chmod 600 /etc/systemd/system/worker@.service"},
				{"systemd_unit.content", "sed -i s/1000/2000/ /etc/systemd/system/worker@.service"},
				{"systemd_unit.sections", "sed -i '/nss-lookup/d' /etc/systemd/system/app.service"},
				{"systemd_unit.state", "systemctl start off"},
				{"systemd_unit.enabled", "systemctl enable off"},
				{"systemd_unit.content", "sed -i '/Service/aNice=5' /etc/systemd/system/off.service"},
			},
			later: []drift{{"systemd_unit.dropin", "rm -r /etc/systemd/system/app.service.d"}, {"", "touch -d tomorrow /etc/systemd/system/worker@.service"}},
			refused: map[string]string{
				`systemd_unit("app", content = "x")`:                                                      "want the name of a unit with its suffix",
				`systemd_unit("../x.service", content = "x")`:                                             "want the name of a unit with its suffix",
				`systemd_unit("-x.service", content = "x")`:                                               "want the name of a unit with its suffix",
				`systemd_unit("a\nb.service", content = "x")`:                                             "want the name of a unit with its suffix",
				`systemd_unit("x.service", dropin = "../x", content = "x")`:                               "dropin: want a name",
				`systemd_unit("x.service", content = "[Service]\nExecStrat=/bin/true\n")`:                 "x.service ended with 1: line 2: Unknown key",
				`systemd_unit("x.service", sections = {"Service": {"ExecStart": "/x\nUser=root"}})`:       "is no text in one line",
				`systemd_unit("lost.service", dropin = "x", content = "[Service]\nNice=1\n")`:             "there is no unit lost.service",
				`systemd_unit("x.service", content = "[Service]\nExecStart=/bin/true\n", enabled = True)`: "has no [Install] section",
			},
			gone: `systemd_unit("app.service", dropin = "limits", state = "absent")
systemd_unit("app.service", state = "absent")
systemd_unit("off.service", state = "absent")
service("worker@7.service", state = "stopped")
systemd_unit("worker@.service", state = "absent")`,
			left: "test $(systemctl show -P LoadState app) = not-found && test ! -e /etc/systemd/system/multi-user.target.wants/app.service && ! systemctl is-active app off worker@7",
		},
		{
			name: "timer",
			units: `
timer("backup", command = "echo \"$A\" '100%' >/srv/timer.out; id -un >>/srv/timer.out", on_calendar = ["Mon..Fri 03:00", "*-*-01 04:30 UTC"], persistent = True,
    env = {"A": "x \"y\" 50% $B"}, user = "www-data", group = "adm", cwd = "/tmp", settings = {"Nice": 10},
    description = "The backup", randomized_delay = "1min")
timer("often", command = ["/bin/echo", "a b;c", "$0"], on_boot = "1min", on_unit_active = 3600, accuracy = "1s")
timer("off", command = "true", on_calendar = "daily", enabled = False)`,
			before: "install -o www-data /dev/null /srv/timer.out",
			undo:   "systemctl disable --now backup.timer often.timer; rm -f /srv/timer.out /etc/systemd/system/{backup,often,off}.{service,timer}; systemctl daemon-reload",
			holds: []string{
				"systemctl is-active backup.timer often.timer", "systemctl is-enabled backup.timer", "systemctl is-enabled often.timer", "! systemctl is-active off.timer", "! systemctl is-enabled off.timer",
				"systemctl show -P TimersCalendar backup.timer | grep -q 'Mon..Fri .*03:00'", "test $(systemctl show -P NeedDaemonReload backup.timer) = no", "test $(systemctl show -P Nice backup) = 10",
				`systemctl start backup && test "$(cat /srv/timer.out)" = "$(printf 'x "y" 50%% $B 100%%\nwww-data')"`, "test $(stat -c %a /etc/systemd/system/off.timer) = 644",
				`systemctl start often && journalctl -u often --no-pager | grep -Fq 'a b;c $0'`,
			},
			look: "cd /etc/systemd/system; cat {backup,often,off}.{service,timer}; stat -c '%n %a' off.timer; systemctl is-active {backup,often,off}.timer; systemctl is-enabled {backup,often,off}.timer; systemctl show -P NeedDaemonReload backup.timer backup.service",
			drifts: []drift{
				{"timer.on_calendar", edited("backup.timer", "s/03:00/05:00/")},
				{"timer.persistent", edited("backup.timer", "/^Persistent/d")},
				{"timer.randomized_delay", edited("backup.timer", "s/^RandomizedDelaySec=.*/RandomizedDelaySec=9/")},
				{"timer.settings", edited("backup.service", "s/Nice=10/Nice=5/")},
				{"timer.command", edited("backup.service", "s/timer.out/other.out/")},
				{"timer.env", edited("backup.service", "/^Environment/d")},
				{"timer.user", edited("backup.service", "s/^User=.*/User=root/")},
				{"timer.group", edited("backup.service", "s/^Group=.*/Group=root/")},
				{"timer.cwd", edited("backup.service", "s/^WorkingDirectory=.*/WorkingDirectory=\\//")},
				{"timer.description", edited("backup.service", "s/The backup/x/")},
				{"timer.on_boot", edited("often.timer", "s/^OnBootSec=.*/OnBootSec=9/")},
				{"timer.on_unit_active", edited("often.timer", "s/^OnUnitActiveSec=.*/OnUnitActiveSec=9/")},
				{"timer.accuracy", edited("often.timer", "s/^AccuracySec=.*/AccuracySec=9/")},
				{"timer.enabled", "systemctl disable --now often.timer"},
				{"timer.enabled", "systemctl enable --now off.timer"},
			},
			later: []drift{{"timer.state", "rm /etc/systemd/system/backup.service"}, {"", "chmod 600 /etc/systemd/system/off.timer"}, {"timer.state", "systemctl stop often.timer"}},
			refused: map[string]string{
				`timer("a.timer", command = "x", on_boot = 60)`:                   "without .timer or .service",
				`timer("../x", command = "x", on_boot = 60)`:                      "want a name of letters",
				`timer("-x", command = "x", on_boot = 60)`:                        "want a name of letters",
				`timer("a\nb", command = "x", on_boot = 60)`:                      "want a name of letters",
				`timer("a", command = ["-x"], on_boot = 60)`:                      "want a command",
				`timer("a", command = "x", on_calendar = "dayly")`:                "is no time that systemd knows",
				`timer("a", command = "x", on_calendar = "--help")`:               "want times such as",
				`timer("a", command = "x", on_boot = "1min\nUnit=b.service")`:     "want a time such as",
				`timer("a", command = "x", on_boot = "1 fortnight")`:              "timer ended with 1: line ",
				`timer("a", command = "x", on_boot = 60, user = "lost")`:          "there is no user lost",
				`timer("a", command = "x", on_boot = 60, settings = {"Nise": 1})`: "service ended with 1: line ",
			},
			gone: `timer("backup", state = "absent")
timer("often", state = "absent")
timer("off", state = "absent")`,
			left: "test $(systemctl show -P LoadState backup.timer) = not-found && ! ls /etc/systemd/system/*/backup.timer /etc/systemd/system/{backup,often,off}.*",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := startOwn(t, "root")
			h := f.hosts[0]
			if c.name == "logrotate" && strings.Contains(h.SSH(t, logrotate+"; command -v logrotate || true"), "logrotate") { // which tells a file that is wrong
				c.refused[`logrotate("a", content = "/x {\n  wekly\n}\n")`] = "unknown option 'wekly'"
				c.holds = append(c.holds, "mkdir -p '/var/log/my app' && echo hi >'/var/log/my app/a.log' && logrotate -f /etc/logrotate.d/app.example.com && grep -qx 'rotated {}' /srv/rotated")
			}
			c.lab(t, f, h)
		})
	}
}
