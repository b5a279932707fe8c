package cli_test

import "testing"

// TestLabUnits brings what a host does at set times and at boot.
func TestLabUnits(t *testing.T) {
	f := startSome(t, 1, "")
	h := f.hosts[0]
	for _, c := range []typeCase{
		{
			name: "cron",
			units: `
cron("backup", job = "date +%F >>/srv/backups", hour = 3, minute = "*/15", weekday = "mon-fri", user = "www-data", env = {"MAILTO": ""})
cron("old", job = "/bin/true", special_time = "daily", disabled = True)`,
			undo: "rm -f /etc/cron.d/backup /etc/cron.d/old",
			holds: []string{
				`grep -qx '\*/15 3 \* \* mon-fri www-data date +\\%F >>/srv/backups' /etc/cron.d/backup`, `grep -qx 'MAILTO=""' /etc/cron.d/backup`,
				"grep -qx '#@daily root /bin/true' /etc/cron.d/old", "test $(stat -c %U:%G:%a /etc/cron.d/backup) = root:root:644",
			},
			drifts: []string{"sed -i s/mon-fri/sun/ /etc/cron.d/backup", "chmod 666 /etc/cron.d/backup; chown www-data:www-data /etc/cron.d/backup", "rm /etc/cron.d/old"},
			later:  []string{"sed -i s/MAILTO=.*/MAILTO=x/ /etc/cron.d/backup", "sed -i s/^#@/@/ /etc/cron.d/old", "chgrp www-data /etc/cron.d/old"},
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
	} {
		t.Run(c.name, func(t *testing.T) { c.lab(t, f, h) })
	}
}
