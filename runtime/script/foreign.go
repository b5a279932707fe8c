package script

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema"
)

// foreign is words of other tools that froyo has no resource type for: what they manage, "" where froyo has a word of
// another kind for it, and how that is written.
type foreign struct{ words, about, write string }

// foreigners are the words that operators bring from Ansible, Puppet, Chef and Salt. What types of froyo are called
// there is in their definitions, as @called.
var foreigners = []foreign{
	{"augeas concat", "parts of files", `file("/etc/app.conf", content = template(text = "port={{ port }}\n", port = 80))`},
	{"apk homebrew", "packages of Alpine and macOS", `cmd("apk add nginx", unless = "apk info -e nginx")`},
	{"mount mountpoint", "mounts", `cmd("mount /srv", unless = "mountpoint -q /srv")`},
	{"selinux seboolean", "SELinux", `cmd("setsebool -P httpd_can_network_connect on", unless = "getsebool httpd_can_network_connect | grep -q on$")`},
	{"docker docker_container docker_image docker_compose", "containers", `cmd("docker run -d --name app nginx", unless = "docker inspect app")`},
	{"mysql_db mysql_user postgresql_db postgresql_user", "databases", `cmd("createdb app", unless = "psql -lqt | cut -d '|' -f 1 | grep -qw app")`},

	{"debug notice message msg", "", `print("hello")`},
	{"set_fact register", "", `version = "1.2"`},
	{"include include_tasks import_tasks include_role import_role import_playbook include_vars role roles require", "", `load("//lib/web.star", "web")`},
	{"local_action", "", `delegate("localhost").cmd("make")`},
	{"stat", "", `host.stat("/etc/motd")`},
	{"slurp", "", `host.read("/etc/motd")`},
	{"find", "", `host.find("/etc/apt")`},
	{"getent", "", `host.getent("passwd", "root")`},
	{"setup gather_facts ansible_facts grains facts", "", `host.facts.os.basic.id`},
	{"hostvars group_vars host_vars pillar hiera lookup", "", `host.vars.get("port", 80)`},
	{"inventory_hostname", "", `host.name`},
	{"groups_of group_names", "", `host.groups`},
	{"notify_handlers", "", `flush_handlers()`},
}

// foreignWord says how what another tool calls by a name is written here, or that froyo has no type for it; "" is that
// the name is none of those.
func foreignWord(name string, types []*schema.Type) string {
	for _, t := range types {
		if write := t.Words[name]; write != "" {
			return fmt.Sprintf("here that is %s: %s", t.Name, write)
		}
	}
	for _, f := range foreigners {
		switch {
		case !strings.Contains(" "+f.words+" ", " "+name+" "):
		case f.about == "":
			return "write " + f.write
		default:
			return fmt.Sprintf("froyo has no type for %s yet; write %s", f.about, f.write)
		}
	}
	return ""
}

// rephraseSyntax says in the words of runbooks what the parser says in those of its library.
func rephraseSyntax(d *diag.Error, text []byte) *diag.Error {
	line := lineOf(text, d.Pos.Line)
	at := min(max(d.Pos.Col-1, 0), len(line))
	got, want, unexpected := strings.Cut(strings.TrimPrefix(d.Summary, "got "), ", want ")
	switch {
	case strings.HasPrefix(d.Summary, "obsolete form of octal literal"):
		from := at // the parser stands behind the number
		for from > 0 && line[from-1] >= '0' && line[from-1] <= '9' {
			from--
		}
		digits := string(line[from:at])
		d.Summary, d.Pos.Col = "a number does not begin with 0: "+digits, from+1
		d.Hint = fmt.Sprintf("a mode is text: write %q; a number in octal is 0o%s", digits, strings.TrimLeft(digits, "0"))
	case !unexpected:
	case strings.HasPrefix(strings.TrimSpace(string(line[:at])), "assert "), strings.TrimSpace(string(line[:at])) == "assert": // a word that is free
		d.Summary, d.Hint = "there is no assert", statements["assert"]
	case got == "import" || got == "from":
		d.Summary, d.Hint = "there is no "+got, `names of another file are loaded: load("//lib/web.star", "web"); froyo docs std lists what comes with froyo`
	case got == "string literal" && formatted.MatchString(string(line[:at])):
		d.Summary, d.Hint = `there are no f"..." texts`, `write "port %d" % port, or "port {}".format(port)`
	case statements[got] != "":
		d.Summary, d.Hint = "there is no "+got, statements[got]
	default:
		from := at // the parser stands behind the word
		for from > 0 && isWord(line[from-1]) {
			from--
		}
		if from < at {
			got, d.Pos.Col = string(line[from:at]), from+1
		}
		want = strings.Replace(want, "primary expression", "a value", 1)
		d.Summary = fmt.Sprintf("expected %s, found %s", want, got)
		d.Hint = "is a comma, a bracket, a quote or a colon missing before it?"
	}
	return d
}

// formatted is a text of Python that is formatted where it stands.
var formatted = regexp.MustCompile(`(^|\W)[fF]["']`)

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// rephraseName says in plain words what the resolver refuses beside names that are not known.
func rephraseName(d *diag.Error) {
	switch {
	case strings.HasSuffix(d.Summary, "does not support while loops"):
		d.Summary, d.Hint = "there are no while loops", "a loop has an end: for i in range(10): ..."
	case strings.HasPrefix(d.Summary, "cannot reassign global "):
		name, _, _ := strings.Cut(strings.TrimPrefix(d.Summary, "cannot reassign global "), " ")
		d.Summary, d.Hint = name+" has a value already, and keeps it", "give the second one another name; inside a function names may change their value"
	}
}

// statements are words of Python that the language reserves and does not have, and what is written in their place.
var statements = map[string]string{
	"class":  "a dict or a struct of values does: conf = {\"port\": 80}",
	"try":    "ask first: host.stat, host.read and host.find say whether something is there",
	"raise":  `fail("no such release") ends the evaluation`,
	"assert": `check(host.facts.hw.cpu.cores > 1, "needs two CPUs")`,
	"with":   "units are made by calls: file(...), cmd(...)",
	"del":    `units that remove have a state: file("/srv/old", state = "absent")`,
	"global": "a function returns what its caller needs",
	"yield":  "a function returns a list",
	"async":  "units on many hosts run at once as they are; background = True lets a command run on",
}

// lineOf is a line of a text, counted from 1.
func lineOf(text []byte, n int) []rune {
	lines := strings.Split(string(text), "\n")
	if n < 1 || n > len(lines) {
		return nil
	}
	return []rune(lines[n-1])
}
