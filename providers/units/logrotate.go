package units

import (
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Logrotate is the rotation of log files. Its fields are described in logrotate.cue.
type Logrotate struct {
	LogSwitches
	LogScripts
	Name       string   `json:"name"`
	Paths      any      `json:"paths"` // a text or a list of texts
	Content    string   `json:"content"`
	Frequency  string   `json:"frequency"`
	Rotate     *int     `json:"rotate"`
	Size       any      `json:"size"` // a number or a text, as the two below
	MinSize    any      `json:"minsize"`
	MaxSize    any      `json:"maxsize"`
	MaxAge     *int     `json:"maxage"`
	Create     any      `json:"create"` // a bool or a text
	Su         string   `json:"su"`
	DateFormat string   `json:"dateformat"`
	OldDir     string   `json:"olddir"`
	Options    []string `json:"options"`
	State      string   `json:"state"`
}

// LogSwitches are the directives that are on or off.
type LogSwitches struct {
	Compress      *bool `json:"compress"`
	DelayCompress *bool `json:"delaycompress"`
	CopyTruncate  *bool `json:"copytruncate"`
	MissingOK     *bool `json:"missingok"`
	NotIfEmpty    *bool `json:"notifempty"`
	DateExt       *bool `json:"dateext"`
	SharedScripts *bool `json:"sharedscripts"`
}

// LogScripts are the shell commands that stand in the file.
type LogScripts struct {
	PreRotate   string `json:"prerotate"`
	PostRotate  string `json:"postrotate"`
	FirstAction string `json:"firstaction"`
	LastAction  string `json:"lastaction"`
}

// LogrotateState is the file, and what it needs and the host does not have.
type LogrotateState struct {
	textfile.WholeState
	Lacks *op.NeedResult `json:"lacks,omitempty"`
}

// logrotateCheck has logrotate read the file, where it is there. That it misses logs is no error of the file.
const logrotateCheck = `! command -v logrotate >/dev/null || ! logrotate -d %s 2>&1 | grep -F 'error: '%s:`

func (l Logrotate) file() file {
	f := in("/etc/logrotate.d", l.Name)
	f.absent, f.program, f.later = l.State == absent, "logrotate", []string{"content"}
	f.Validate = logrotateCheck
	return f
}

// Read implements sdk.Resource.
func (l Logrotate) Read(t *sdk.T) LogrotateState {
	f := l.file()
	var names names
	if !f.absent {
		words := strings.Fields(l.Su)
		if text, is := l.Create.(string); is {
			words = append(words, strings.Fields(text)[1:]...)
		}
		for i, word := range words { // each text names a user and may name a group
			if i%2 == 0 {
				names.user(word)
			} else {
				names.group(word)
			}
		}
	}
	results := t.All(names.ask(f.Ops())...)
	return LogrotateState{f.State(t, results), names.lacks(t, results)}
}

// Plan implements sdk.Resource.
func (l Logrotate) Plan(t *sdk.T, now LogrotateState) {
	if l.State != absent {
		l.check(t)
		announce(t, now.Lacks)
	}
	l.file().converge(t, now.WholeState, l.text)
}

// Potential implements sdk.HasPotential.
func (l Logrotate) Potential(t *sdk.T) { l.file().potential(t) }

// check refuses what logrotate would read as something else.
func (l Logrotate) check(t *sdk.T) {
	switch has := l.directives() != ""; {
	case l.Content != "" || t.Unknown("content"):
		if has {
			t.Fail(op.Permanent, "content is the whole file, so that nothing else can be given", "", "leave content out, or write all of it there")
		}
		return
	case l.Paths == nil:
		t.Fail(op.Permanent, "it is not said which logs are rotated", "", `give paths = "/var/log/app/*.log"; or content, the whole file`)
	}
	for _, s := range l.scripts() {
		for line := range strings.Lines(s.text) {
			if strings.TrimSpace(line) == "endscript" {
				t.Fail(op.Permanent, s.name+" has a line endscript, at which logrotate takes it to end", "", "leave that line out: froyo writes it")
			}
		}
		if strings.ContainsAny(s.text, "\r\x00") {
			t.Fail(op.Permanent, s.name+" has characters that are no text of a shell", "", `lines end with \n alone`)
		}
	}
	for _, o := range l.Options {
		word, _, _ := strings.Cut(o, " ")
		switch word {
		case "prerotate", "postrotate", "firstaction", "lastaction", "preremove", "endscript", "include", "tabooext", "taboopat":
			t.Fail(op.Permanent, "options: "+quote(o)+" is no directive that stands in a line of its own for these logs", "", "scripts are arguments: postrotate = \"...\"; for what else there is: content, the whole file")
		}
	}
}

// text is what the file says.
func (l Logrotate) text() string {
	if l.Content != "" {
		return l.Content
	}
	paths := texts(l.Paths)
	for i := range paths {
		paths[i] = path(paths[i])
	}
	return "# Managed by froyo: changes made by hand are undone.\n" + strings.Join(paths, "\n") + " {\n" + l.directives() + "}\n"
}

// path is a path as logrotate reads it.
func path(text string) string {
	if strings.ContainsAny(text, " \t") {
		return `"` + text + `"`
	}
	return text
}

// directives are the lines between the braces.
func (l Logrotate) directives() string {
	var b strings.Builder
	line := func(words ...string) { b.WriteString("    " + strings.Join(words, " ") + "\n") }
	given := func(word, value string) {
		if value != "" {
			line(word, value)
		}
	}
	if l.Frequency != "" {
		line(l.Frequency)
	}
	given("rotate", number(l.Rotate))
	given("size", size(l.Size))
	given("minsize", size(l.MinSize))
	given("maxsize", size(l.MaxSize))
	given("maxage", number(l.MaxAge))
	for _, word := range l.words() {
		line(word)
	}
	switch v := l.Create.(type) {
	case string:
		line("create", v)
	case bool:
		line(map[bool]string{true: "create", false: "nocreate"}[v])
	}
	given("su", l.Su)
	given("dateformat", l.DateFormat)
	given("olddir", l.OldDir)
	for _, o := range l.Options {
		line(o)
	}
	for _, s := range l.scripts() {
		line(s.name)
		b.WriteString(strings.TrimRight(s.text, "\n") + "\n")
		line("endscript")
	}
	return b.String()
}

// words are the directives of those that are given.
func (l LogSwitches) words() (words []string) {
	for _, f := range []struct {
		value   *bool
		yes, no string
	}{
		{l.Compress, "compress", "nocompress"},
		{l.DelayCompress, "delaycompress", "nodelaycompress"},
		{l.CopyTruncate, "copytruncate", "nocopytruncate"},
		{l.MissingOK, "missingok", "nomissingok"},
		{l.NotIfEmpty, "notifempty", "ifempty"},
		{l.DateExt, "dateext", "nodateext"},
		{l.SharedScripts, "sharedscripts", "nosharedscripts"},
	} {
		switch {
		case f.value == nil:
		case *f.value:
			words = append(words, f.yes)
		default:
			words = append(words, f.no)
		}
	}
	return words
}

// script is one of them, with its directive.
type script struct{ name, text string }

// scripts are those that are given.
func (l LogScripts) scripts() []script {
	all := []script{{"firstaction", l.FirstAction}, {"prerotate", l.PreRotate}, {"postrotate", l.PostRotate}, {"lastaction", l.LastAction}}
	return slices.DeleteFunc(all, func(s script) bool { return s.text == "" })
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// size is a number of bytes, or a text with its unit.
func size(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}
