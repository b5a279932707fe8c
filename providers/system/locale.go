package system

import (
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Locale is a locale that programs can use. Its fields are described in locale.cue.
type Locale struct {
	Name    string `json:"name"`
	State   string `json:"state"`
	Charset string `json:"charset"`
	File    string `json:"file"`
}

// LocaleState is where locales are listed, and what the host has of this one.
type LocaleState struct {
	List    op.TextResult `json:"list"`
	Built   bool          `json:"built"`
	Unknown bool          `json:"unknown"` // the host has no source to build it from, of which locale-gen says nothing
}

// supported list the locales that can be built, those of the system and of the administrator.
var supported = []string{"/usr/share/i18n/SUPPORTED", "/usr/local/share/i18n/SUPPORTED"}

// Read implements sdk.Resource.
func (l Locale) Read(t *sdk.T) LocaleState {
	results := t.All(
		op.Op{Text: &op.Text{Path: l.File, Limit: op.MaxText}},
		op.Op{Exec: &op.Exec{Argv: []string{"locale", "-a"}, ReadOnly: true, Limit: op.MaxOutput}},
		op.Op{Text: &op.Text{Path: supported[0], Limit: op.MaxText}},
		op.Op{Text: &op.Text{Path: supported[1], Limit: op.MaxText}},
	)
	s := LocaleState{List: *t.Must(results[0]).Text}
	for name := range strings.Lines(t.Must(results[1]).Exec.Stdout) {
		s.Built = s.Built || spelled(strings.TrimSpace(name)) == spelled(l.Name)
	}
	system, own := t.Must(results[2]).Text, t.Must(results[3]).Text
	s.Unknown = system.Exists && !l.in(system.Text) && !l.in(own.Text)
	return s
}

// spelled is a name as locale -a spells it: de_CH.utf8.
func spelled(name string) string {
	base, rest, has := strings.Cut(name, ".")
	if !has {
		return name
	}
	charset, modifier, modified := strings.Cut(rest, "@")
	charset = strings.ToLower(strings.ReplaceAll(charset, "-", ""))
	if modified {
		return base + "." + charset + "@" + modifier
	}
	return base + "." + charset
}

// Plan implements sdk.Resource.
func (l Locale) Plan(t *sdk.T, now LocaleState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	switch {
	case !now.List.Exists && l.State == absent:
		return
	case !now.List.Exists:
		t.Needs(abi.Need{
			What: "file " + l.File, Kind: "file", Name: l.File, Paths: []string{l.File},
			Hint: `declare it before: pkg("locales")`,
		})
		t.DifferUnknown("content", nil)
		l.write(t, nil, "content")
		run(t, "locale-gen")
		return
	case now.List.Type != op.TypeFile || now.List.Binary || now.List.Long > 0:
		t.Fail(op.Conflict, l.File+" is no text file that can be edited", "", "move it away")
	}
	if now.Unknown && !now.Built && l.State != absent {
		t.Fail(op.Permanent, "the host has no source of a locale "+l.entry(), "", supported[0]+" lists those that it has; where the charset is another one, give charset")
	}
	after := l.edit(now.List.Text)
	listed := after == now.List.Text
	if !listed {
		t.DifferText("content", now.List.Text, after, false)
		l.write(t, &op.Blob{Text: &after})
	}
	built := now.Built == (l.State != absent)
	if !built {
		t.Differ("built", now.Built, !now.Built)
	}
	if !listed || !built {
		run(t, "locale-gen")
	}
}

// Potential implements sdk.HasPotential.
func (l Locale) Potential(t *sdk.T) {
	l.write(t, nil, "content")
	run(t, "locale-gen")
}

func (l Locale) write(t *sdk.T, content *op.Blob, unknown ...string) {
	t.Effect(op.Op{Write: &op.Write{Path: l.File, Content: content}}, unknown...)
}

// entry is the locale with its charset, as files list it.
func (l Locale) entry() string {
	charset := l.Charset
	if charset == "" {
		if _, charset, _ = strings.Cut(l.Name, "."); charset == "" {
			charset = "ISO-8859-1"
		}
		charset, _, _ = strings.Cut(charset, "@")
	}
	return l.Name + " " + charset
}

// in reports whether a list has the locale.
func (l Locale) in(list string) bool {
	for line := range strings.Lines(list) {
		if strings.Join(strings.Fields(line), " ") == l.entry() {
			return true
		}
	}
	return false
}

// edit is the list with the locale, or without it.
func (l Locale) edit(text string) string {
	wanted := l.entry()
	var out []string
	done := l.State == absent
	for _, line := range textfile.Lines(text) {
		entry := strings.Join(strings.Fields(strings.TrimLeft(textfile.Bare(line), "# ")), " ")
		active := !strings.HasPrefix(strings.TrimSpace(line), "#")
		switch {
		case entry != wanted:
		case l.State == absent && active:
			line = "# " + wanted + "\n"
		case l.State != absent && done:
			continue
		case l.State != absent:
			if done = true; !active {
				line = wanted + "\n"
			}
		}
		out = append(out, line)
	}
	if !done {
		if n := len(out); n > 0 && !strings.HasSuffix(out[n-1], "\n") {
			out[n-1] += "\n"
		}
		out = append(out, wanted+"\n")
	}
	return strings.Join(out, "")
}
