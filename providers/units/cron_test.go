package units_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
	"github.com/openfroyo/froyo/runner/op"
)

func TestCron(t *testing.T) {
	const path = "/etc/cron.d/x"
	write, remove := []string{"file.write " + path}, []string{"file.remove " + path}
	converge(t, path, []fixture{
		{"new", "cron", given{"job": "/bin/true", "minute": 0, "hour": "3"}, "", mark + "0 3 * * * root /bin/true\n", write},
		{"as it should be", "cron", given{"job": "a", "minute": "*"}, mark + "* * * * * root a\n", mark + "* * * * * root a\n", nil},
		{"another time", "cron", given{"job": "a", "minute": 5}, mark + "* * * * * root a\n", mark + "5 * * * * root a\n", write},
		{"all fields", "cron", given{"job": "a", "minute": "0,30-40/5", "hour": "*/2", "day": 31, "month": "JAN-mar", "weekday": "sun,5-7", "user": "app"}, "", mark + "0,30-40/5 */2 31 JAN-mar sun,5-7 app a\n", write},
		{"a time with a name", "cron", given{"job": "a", "special_time": "reboot"}, "", mark + "@reboot root a\n", write},
		{"disabled", "cron", given{"job": "a", "special_time": "daily", "disabled": true}, "", mark + "#@daily root a\n", write},
		{"variables", "cron", given{"job": "a", "special_time": "daily", "env": given{"PATH": "/bin:/usr/bin", "MAILTO": "", "A": " b ", "Q": `"q`}}, "", mark + "A=\" b \"\nMAILTO=\"\"\nPATH=/bin:/usr/bin\nQ='\"q'\n@daily root a\n", write},
		{"per cent", "cron", given{"job": `date +%F; echo \% '\\%' %%`, "special_time": "daily"}, "", mark + `@daily root date +\%F; echo \% '\\\%' \%\%` + "\n", write},
		{"removed", "cron", given{"state": "absent"}, "old\n", "", remove},
		{"removed already", "cron", given{"state": "absent"}, "", "", nil},
	})
}

func TestCronRefused(t *testing.T) {
	job := func(a given) given { a["job"] = "a"; return a }
	times := `cron knows numbers, names, lists "1,2", ranges "1-5" and steps "*/2"`
	refused(t, []refusal{
		{"no time", "cron", job(given{}), "it is not said when the job runs", `give special_time = "daily", or times: minute = 0, hour = 3; each minute is minute = "*"`, job(given{"minute": 0, "hour": 3})},
		{"each minute of an hour", "cron", job(given{"hour": 3}), "the job would run in each minute", `give minute = 0; or minute = "*", if each is meant`, job(given{"hour": 3, "minute": "*"})},
		{"each hour of a day", "cron", job(given{"minute": 0, "weekday": "mon"}), "the job would run in each hour", `give hour = 3; or hour = "*", if each is meant`, job(given{"minute": 0, "weekday": "mon", "hour": 3})},
		{"minute too large", "cron", job(given{"minute": "60"}), `minute = "60": "60" is none of 0 to 59`, times, job(given{"minute": "1,2"})},
		{"no field", "cron", job(given{"minute": "0 * * * root x\n"}), `is none of 0 to 59`, times, job(given{"minute": "1-5"})},
		{"a newline", "cron", job(given{"minute": "0\n"}), `is none of 0 to 59`, times, job(given{"minute": "*/2"})},
		{"no day", "cron", job(given{"minute": 0, "hour": 0, "day": "0"}), `"0" is none of 1 to 31`, times, nil},
		{"no name", "cron", job(given{"minute": 0, "hour": 0, "month": "mon"}), `"mon" is none of 1 to 12`, times, nil},
		{"backwards", "cron", job(given{"minute": "9-5"}), `the range "9-5" is backwards`, times, nil},
		{"a range without an end", "cron", job(given{"minute": "9-"}), `"" is none of`, times, nil},
		{"nothing in a list", "cron", job(given{"minute": "1,,2"}), `"" is none of`, times, nil},
		{"no step", "cron", job(given{"minute": "*/0"}), `the step "0"`, times, nil},
		{"an empty step", "cron", job(given{"minute": "*/"}), `the step ""`, times, nil},
		{"a signed step", "cron", job(given{"minute": "*/+5"}), `the step "+5"`, times, nil},
		{"a step of a number", "cron", job(given{"minute": "5/10"}), `a step is for a range: "5-59/10"`, times, job(given{"minute": "5-59/10"})},
		{"a long job", "cron", given{"job": strings.Repeat("a", 999), "minute": 0}, "the job has 999 bytes", "bring a script by file(), and run that", given{"job": "/srv/script", "minute": 0}},
		{"no variable", "cron", job(given{"minute": 0, "env": given{"A B": "1"}}), "is no variable with a value in one line", "names are of letters, digits and _; what takes more lines is for a file that the job reads", job(given{"minute": 0, "env": given{"A_B": "1"}})},
		{"a value of lines", "cron", job(given{"minute": 0, "env": given{"A": "1\n* * * * * root evil"}}), "is no variable with a value in one line", "what takes more lines is for a file", nil},
		{"quotes of both kinds", "cron", job(given{"minute": 0, "env": given{"A": `"'`}}), "cron cannot give A a value", `set it in the job: job = "NAME=... command"`, given{"minute": 0, "job": `A="\"'" command`}},
	})
}

// TestCronUser: cron skips a file with an unknown user, so that the user has to be there.
func TestCronUser(t *testing.T) {
	kit := providertest.New(t, providertest.Native(units.Types()), host("", ""))
	change, err := kit.Plan(unit(t, "cron", given{"job": "a", "minute": 0, "user": "ghost"}))
	if err != nil || len(change.Needs) != 1 || change.Needs[0].Name != "ghost" {
		t.Errorf("planned %+v, %v", change, err)
	}
}

// TestCronKnownLater: a job that is known only at apply is written then.
func TestCronKnownLater(t *testing.T) {
	m := host("", "")
	kit := providertest.New(t, providertest.Native(units.Types()), m)
	planned := unit(t, "cron", given{"minute": 0})
	planned.Unknown = []string{"job"}
	if _, err := kit.Learn(planned, unit(t, "cron", given{"minute": 0, "job": "now"}).Args); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, m, "/etc/cron.d/x"); got != mark+"0 * * * * root now\n" {
		t.Errorf("it says %q", got)
	}
}

// TestCronAttributes: cron skips files that others than root may write.
func TestCronAttributes(t *testing.T) {
	m := host("/etc/cron.d/x", mark+"0 * * * * root a\n")
	m.Files["/etc/cron.d/x"].Mode, m.Files["/etc/cron.d/x"].Owner = 0o666, "app"
	providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "cron", given{"minute": 0, "job": "a"}))
	if n := m.Files["/etc/cron.d/x"]; n.Mode != 0o644 || n.Owner != "root" || len(m.Done) != 1 || m.Done[0].Kind() != op.KindAttr {
		t.Errorf("it is %+v after %v", n, m.Done)
	}
}
