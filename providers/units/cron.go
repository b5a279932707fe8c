package units

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Cron is a job of cron's. Its fields are described in cron.cue.
type Cron struct {
	Name        string            `json:"name"`
	Job         string            `json:"job"`
	User        string            `json:"user"`
	Minute      any               `json:"minute"` // a number or a text, as the four below
	Hour        any               `json:"hour"`
	Day         any               `json:"day"`
	Month       any               `json:"month"`
	Weekday     any               `json:"weekday"`
	SpecialTime string            `json:"special_time"`
	Env         map[string]string `json:"env"`
	Disabled    bool              `json:"disabled"`
	State       string            `json:"state"`
}

// CronState is the file of a job, and what the job needs and the host does not have.
type CronState struct {
	textfile.WholeState
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

// longestJob is how many bytes of a command cron keeps: the rest it drops, and says nothing.
const longestJob = 998

func (c Cron) file() file {
	f := in("/etc/cron.d", c.Name)
	f.absent, f.program, f.later = c.State == absent, "cron", []string{"job"}
	return f
}

// Read implements sdk.Resource.
func (c Cron) Read(t *sdk.T) CronState {
	f := c.file()
	var names names
	if !f.absent {
		names.user(c.User)
	}
	results := t.All(names.ask(f.Ops())...)
	return CronState{f.State(t, results), names.lacks(t, results)}
}

// Plan implements sdk.Resource.
func (c Cron) Plan(t *sdk.T, now CronState) {
	if c.State != absent {
		c.check(t)
		announce(t, now.Lacks)
	}
	c.file().converge(t, now.WholeState, func() string { return c.content(t) })
}

// Potential implements sdk.HasPotential.
func (c Cron) Potential(t *sdk.T) { c.file().potential(t) }

// check refuses times that cron does not understand, for which it skips a file and says so only in its log, and those
// that are hardly meant.
func (c Cron) check(t *sdk.T) {
	if len(c.Job) > longestJob {
		t.Fail(op.Permanent, "the job has "+strconv.Itoa(len(c.Job))+" bytes, and cron drops what is behind "+strconv.Itoa(longestJob), "", "bring a script by file(), and run that")
	}
	for name, value := range c.Env {
		if !isVariable(name) || strings.ContainsAny(value, "\n\r\x00") {
			t.Fail(op.Permanent, "env: "+quote(name)+" = "+quote(value)+" is no variable with a value in one line", "", "names are of letters, digits and _; what takes more lines is for a file that the job reads")
		}
	}
	if c.SpecialTime == "" {
		c.checkTimes(t)
	}
}

func (c Cron) checkTimes(t *sdk.T) {
	for _, f := range c.times() {
		if why := f.fault(); why != "" {
			t.Fail(op.Permanent, f.name+" = "+quote(f.text())+": "+why, "", "cron knows numbers, names, lists \"1,2\", ranges \"1-5\" and steps \"*/2\"")
		}
	}
	switch coarser := c.Day != nil || c.Month != nil || c.Weekday != nil; {
	case c.Minute == nil && c.Hour == nil && !coarser:
		t.Fail(op.Permanent, "it is not said when the job runs", "", `give special_time = "daily", or times: minute = 0, hour = 3; each minute is minute = "*"`)
	case c.Minute == nil:
		t.Fail(op.Permanent, "minute is not given, so the job would run in each minute of the time", "", `give minute = 0; or minute = "*", if each is meant`)
	case c.Hour == nil && coarser:
		t.Fail(op.Permanent, "hour is not given, so the job would run in each hour of the day", "", `give hour = 3; or hour = "*", if each is meant`)
	}
}

func (c Cron) times() []cronField {
	months := []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}
	days := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	return []cronField{
		{"minute", c.Minute, 0, 59, nil},
		{"hour", c.Hour, 0, 23, nil},
		{"day", c.Day, 1, 31, nil},
		{"month", c.Month, 1, 12, months},
		{"weekday", c.Weekday, 0, 7, days},
	}
}

// content is what the file says.
func (c Cron) content(t *sdk.T) string {
	var text strings.Builder
	text.WriteString("# Managed by froyo: changes made by hand are undone.\n")
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		text.WriteString(name + "=" + cronValue(t, name, c.Env[name]) + "\n")
	}
	if c.Disabled {
		text.WriteString("#")
	}
	when := "@" + c.SpecialTime
	if c.SpecialTime == "" {
		fields := make([]string, 0, 5)
		for _, f := range c.times() {
			fields = append(fields, f.text())
		}
		when = strings.Join(fields, " ")
	}
	return text.String() + when + " " + c.User + " " + escapePercent(c.Job) + "\n"
}

// isVariable reports whether a text is a name of the environment.
func isVariable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// escapePercent has cron pass on each % as it is. One behind a backslash, as crontabs have it, is escaped already.
func escapePercent(job string) string {
	var b strings.Builder
	escaped := false
	for i := range len(job) {
		if job[i] == '%' && !escaped {
			b.WriteByte('\\')
		}
		escaped = job[i] == '\\' && !escaped
		b.WriteByte(job[i])
	}
	return b.String()
}

// cronValue is a value as cron reads it: quotes around it go, and so do blanks without quotes.
func cronValue(t *sdk.T, name, value string) string {
	if value != "" && value == strings.TrimSpace(value) && value[0] != '"' && value[0] != '\'' {
		return value
	}
	for _, quote := range []string{`"`, `'`} {
		if !strings.Contains(value, quote) {
			return quote + value + quote
		}
	}
	t.Fail(op.Permanent, "env: cron cannot give "+name+" a value that begins or ends with a quote or a blank and has both kinds of quotes", "", "set it in the job: job = \"NAME=... command\"")
	return ""
}

// cronField is one of the five fields that say when.
type cronField struct {
	name     string
	value    any
	low, top int
	names    []string // of the values from low on
}

// text is the field as it stands in the file.
func (f cronField) text() string {
	switch v := f.value.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return "*"
}

// fault says what cron would not understand, or "".
func (f cronField) fault() string {
	for part := range strings.SplitSeq(f.text(), ",") {
		span, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > f.top || step[0] == '+') {
			return "the step " + quote(step) + " is none of 1 to " + strconv.Itoa(f.top)
		}
		if span == "*" {
			continue
		}
		from, to, ranged := strings.Cut(span, "-")
		low, ok := f.number(from)
		if !ok {
			return quote(from) + " is none of " + strconv.Itoa(f.low) + " to " + strconv.Itoa(f.top)
		}
		top, ok := f.number(to)
		switch {
		case !ranged && stepped:
			return "a step is for a range: " + quote(from+"-"+strconv.Itoa(f.top)+"/"+step)
		case !ranged:
		case !ok:
			return quote(to) + " is none of " + strconv.Itoa(f.low) + " to " + strconv.Itoa(f.top)
		case top < low:
			return "the range " + quote(span) + " is backwards"
		}
	}
	return ""
}

func (f cronField) number(text string) (int, bool) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.low + i, true
	}
	if text == "" || strings.Trim(text, "0123456789") != "" || len(text) > 2 {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.low && n <= f.top
}
