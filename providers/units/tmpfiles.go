package units

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Tmpfiles is a file of rules for systemd-tmpfiles. Its fields are described in tmpfiles.cue.
type Tmpfiles struct {
	Name    string `json:"name"`
	Rules   any    `json:"rules"` // a text or a list of texts
	Content string `json:"content"`
	State   string `json:"state"`
}

// TmpfilesState is the file, what it needs and the host does not have, and which of its paths are not as the rules say.
type TmpfilesState struct {
	textfile.WholeState
	Lacks  *op.NeedResult `json:"lacks,omitempty"`
	Strays []Stray        `json:"strays,omitempty"`
}

// Stray is a path that is not as a rule says.
type Stray struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"` // its mode and owner; "" where it is not there
	After  string `json:"after"`
}

// The types of rules, and those of them that make what is not there.
const (
	ruleTypes      = "fFwdDevqQpLcbCxXrRzZtThHaA"
	makingTypes    = "fFdDvqQpL"
	ownedTypes     = "fFdDvqQ" // which have their mode and owner set if they are there already
	adjustingTypes = "zZ"      // which set those of what other rules make
)

func (f Tmpfiles) file() file {
	file := in("/etc/tmpfiles.d", f.Name+".conf")
	file.absent, file.program, file.later = f.State == absent, "systemd", []string{"content"}
	file.Validate = "systemd-tmpfiles --create %s" // so that a file whose rules cannot be carried out does not count
	return file
}

// text is what the file says.
func (f Tmpfiles) text() string {
	if f.Content != "" {
		return f.Content
	}
	return "# Managed by froyo: changes made by hand are undone.\n" + strings.Join(texts(f.Rules), "\n") + "\n"
}

// Read implements sdk.Resource.
func (f Tmpfiles) Read(t *sdk.T) TmpfilesState {
	file := f.file()
	if file.absent {
		return TmpfilesState{WholeState: file.Read(t)}
	}
	ops := file.Ops()
	rules := f.rules()
	var names names
	for _, r := range rules {
		names.user(r.user)
		names.group(r.group)
		ops = append(ops, op.Op{Stat: &op.Stat{Path: r.path}})
	}
	results := t.All(names.ask(ops)...)
	s := TmpfilesState{WholeState: file.State(t, results), Lacks: names.lacks(t, results)}
	for i, r := range rules {
		stat := t.Must(results[len(file.Ops())+i]).Stat
		if before, after := r.compare(stat); before != after {
			s.Strays = append(s.Strays, Stray{r.path, before, after})
		}
	}
	return s
}

// Plan implements sdk.Resource.
func (f Tmpfiles) Plan(t *sdk.T, now TmpfilesState) {
	file := f.file()
	if !file.absent {
		f.check(t)
		announce(t, now.Lacks)
	}
	file.converge(t, now.WholeState, f.text)
	if file.absent || t.Unknown("content") || !now.Exists || now.Type != op.TypeFile || now.Text != f.text() {
		return // a file that is written is carried out before it counts
	}
	for _, s := range now.Strays {
		var before any
		if s.Before != "" {
			before = s.Before
		}
		t.Differ(s.Path, before, s.After)
	}
	if len(now.Strays) > 0 {
		run(t, "systemd-tmpfiles", "--create", file.Path)
		t.Output(Output{Changed: t.Acted()})
	}
}

// Potential implements sdk.HasPotential.
func (f Tmpfiles) Potential(t *sdk.T) {
	file := f.file()
	file.potential(t)
	if !file.absent {
		run(t, "systemd-tmpfiles", "--create", file.Path)
	}
}

// check refuses rules that systemd-tmpfiles leaves out, and says so in its log alone.
func (f Tmpfiles) check(t *sdk.T) {
	if f.Content == "" && f.Rules == nil && !t.Unknown("content") {
		t.Fail(op.Permanent, "it has no rules", "", `give rules = ["d /run/app 0755 app app -"]; or content, the whole file`)
	}
	for line := range strings.Lines(f.text()) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
		rest = strings.TrimLeft(rest, ` "'`)
		switch {
		case !strings.Contains(ruleTypes, kind[:1]) || strings.Trim(kind[1:], "+!-=~^$?") != "":
			t.Fail(op.Permanent, "rule "+quote(line)+": there is no type "+quote(kind), "", `a rule is type, path, mode, user, group, age, argument: "d /run/app 0755 app app -"; see tmpfiles.d(5)`)
		case rest == "" || rest[0] != '/' && rest[0] != '%':
			t.Fail(op.Permanent, "rule "+quote(line)+": it has no absolute path", "", `a rule is type, path, mode, user, group, age, argument: "d /run/app 0755 app app -"; see tmpfiles.d(5)`)
		}
	}
}

// rule is a rule that makes something at a path.
type rule struct {
	kind        byte
	path        string
	mode        string // in octal, "" where it is not told
	user, group string // names, "" where they are not told
}

// rules are those whose paths can be looked at: others have specifiers or quotes, or are for the boot alone. Modes and
// owners do not count where further rules of the file set them.
func (f Tmpfiles) rules() (all []rule) {
	if f.Content == "" && f.Rules == nil {
		return nil
	}
	adjusted := false
	for line := range strings.Lines(f.text()) {
		words := strings.Fields(line)
		if len(words) > 0 && strings.Contains(adjustingTypes, words[0][:1]) {
			adjusted = true
		}
		if len(words) < 2 || !strings.Contains(makingTypes, words[0][:1]) || strings.ContainsAny(words[0], "!-") ||
			words[1][0] != '/' || strings.ContainsAny(words[1], "%\"'\\*?[") || strings.Contains(words[1]+"/", "/../") {
			continue
		}
		words = append(words, "-", "-", "-")
		r := rule{kind: words[0][0], path: words[1]}
		if mode, err := strconv.ParseUint(words[2], 8, 32); err == nil {
			r.mode = octal(uint32(mode))
		}
		r.user, r.group = told(words[3]), told(words[4])
		all = append(all, r)
	}
	if adjusted {
		for i := range all {
			all[i].mode, all[i].user, all[i].group = "", "", ""
		}
	}
	return all
}

// told is a name in a rule, "" where it is not told, is a number, a specifier, or counts only for what is new.
func told(word string) string {
	if word == "-" || strings.ContainsAny(word, ":%\"'") || strings.Trim(word, "0123456789") == "" {
		return ""
	}
	return word
}

// compare says how what is at the path is, and how it should be.
func (r rule) compare(stat *op.StatResult) (before, after string) {
	var was, is []string
	if strings.IndexByte(ownedTypes, r.kind) >= 0 {
		for _, f := range []struct{ now, want string }{{octal(stat.Mode), r.mode}, {stat.Owner, r.user}, {stat.Group, r.group}} {
			if f.want != "" {
				was, is = append(was, f.now), append(is, f.want)
			}
		}
	}
	after = strings.Join(is, " ")
	if after == "" {
		after = "present"
	}
	switch {
	case !stat.Exists:
		return "", after
	case len(was) == 0:
		return after, after
	}
	return strings.Join(was, " "), after
}
