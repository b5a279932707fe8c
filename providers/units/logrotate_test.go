package units_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
)

// logrotateCheck is the check of a new file, which the manifest grants.
const logrotateCheck = `! command -v logrotate >/dev/null || ! logrotate -d %s 2>&1 | grep -F 'error: '%s:`

func TestLogrotate(t *testing.T) {
	const path = "/etc/logrotate.d/x"
	write, remove := []string{"file.write " + path}, []string{"file.remove " + path}
	converge(t, path, []fixture{
		{"new", "logrotate", given{"paths": "/var/log/x/*.log", "frequency": "weekly", "rotate": 4}, "", mark + "/var/log/x/*.log {\n    weekly\n    rotate 4\n}\n", write},
		{"as it should be", "logrotate", given{"paths": "/l"}, mark + "/l {\n}\n", mark + "/l {\n}\n", nil},
		{"another count", "logrotate", given{"paths": "/l", "rotate": 0}, mark + "/l {\n    rotate 4\n}\n", mark + "/l {\n    rotate 0\n}\n", write},
		{"several", "logrotate", given{"paths": []string{"/a b", "/c"}}, "", mark + "\"/a b\"\n/c {\n}\n", write},
		{
			"all", "logrotate", given{
				"paths": "/l", "size": "10M", "minsize": 1000, "maxsize": "1G", "maxage": 7, "compress": true, "delaycompress": false, "copytruncate": false,
				"missingok": true, "notifempty": false, "dateext": true, "sharedscripts": true, "create": "0640 app root", "su": "app root",
				"dateformat": "-%s", "olddir": "/old", "options": []string{"shred", "compresscmd /usr/bin/zstd"},
				"firstaction": "a", "prerotate": "b\nc\n", "postrotate": "systemctl reload x", "lastaction": "d",
			}, "", mark + `/l {
    size 10M
    minsize 1000
    maxsize 1G
    maxage 7
    compress
    nodelaycompress
    nocopytruncate
    missingok
    ifempty
    dateext
    sharedscripts
    create 0640 app root
    su app root
    dateformat -%s
    olddir /old
    shred
    compresscmd /usr/bin/zstd
    firstaction
a
    endscript
    prerotate
b
c
    endscript
    postrotate
systemctl reload x
    endscript
    lastaction
d
    endscript
}
`, write,
		},
		{"make none", "logrotate", given{"paths": "/l", "create": false}, "", mark + "/l {\n    nocreate\n}\n", write},
		{"as the old one", "logrotate", given{"paths": "/l", "create": true}, "", mark + "/l {\n    create\n}\n", write},
		{"the whole file", "logrotate", given{"content": "/l { daily }\n"}, "", "/l { daily }\n", write},
		{"removed", "logrotate", given{"state": "absent"}, "old\n", "", remove},
		{"removed already", "logrotate", given{"state": "absent"}, "", "", nil},
	})
}

func TestLogrotateRefused(t *testing.T) {
	const directive = `scripts are arguments: postrotate = "..."; for what else there is: content, the whole file`
	refused(t, []refusal{
		{"no logs", "logrotate", given{}, "it is not said which logs", `give paths = "/var/log/app/*.log"; or content, the whole file`, given{"paths": "/var/log/app/*.log"}},
		{"content and more", "logrotate", given{"content": "x", "rotate": 1}, "nothing else can be given", "leave content out, or write all of it there", given{"paths": "/l", "rotate": 1}},
		{"the end of a script", "logrotate", given{"paths": "/l", "postrotate": "a\n endscript\n}\n/etc/shadow {"}, "has a line endscript", "leave that line out: froyo writes it", given{"paths": "/l", "postrotate": "a"}},
		{"ends of another system", "logrotate", given{"paths": "/l", "prerotate": "a\r\nb"}, "no text of a shell", `lines end with \n alone`, given{"paths": "/l", "prerotate": "a\nb"}},
		{"a script as a directive", "logrotate", given{"paths": "/l", "options": []string{"postrotate"}}, `"postrotate" is no directive`, directive, given{"content": "/l {\npostrotate\na\nendscript\n}\n"}},
		{"other files", "logrotate", given{"paths": "/l", "options": []string{"include /tmp/x"}}, "is no directive", directive, nil},
	})
}

// TestLogrotateNames: logrotate skips a file that names users or groups who are not there.
func TestLogrotateNames(t *testing.T) {
	kit := providertest.New(t, providertest.Native(units.Types()), host("", ""))
	change, err := kit.Plan(unit(t, "logrotate", given{"paths": "/l", "create": "0640 ghost ghosts", "su": "app 7"}))
	if err != nil || len(change.Needs) != 2 || change.Needs[0].Name != "ghost" || change.Needs[1].Name != "ghosts" ||
		change.Needs[1].Hint != "is the name right? what brings it has to be declared before" {
		t.Errorf("planned %+v, %v", change, err)
	}
	if change, err = kit.Plan(unit(t, "logrotate", given{"paths": "/l", "create": "0640 app app"})); err != nil || len(change.Needs) != 0 {
		t.Errorf("planned %+v, %v", change, err)
	}
}

// TestLogrotateCheck: a file that logrotate does not understand does not replace the one that is there.
func TestLogrotateCheck(t *testing.T) {
	m := host("/etc/logrotate.d/x", "old")
	m.Programs[logrotateCheck] = providertest.Exits(1, "error: x:2 unknown option 'wekly'")
	if _, err := providertest.New(t, providertest.Native(units.Types()), m).Apply(unit(t, "logrotate", given{"content": "/l {\nwekly\n}\n"})); err == nil {
		t.Error("it was written")
	}
	if got := holds(t, m, "/etc/logrotate.d/x"); got != "old" {
		t.Errorf("it says %q", got)
	}
}
