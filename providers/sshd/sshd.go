// Package sshd holds the resource type of what the SSH daemon of a host lets in: sshd. It is a pure description of what to read
// and what to change; the change itself is one program of the host, so that it is whole also where the connection breaks.
//
// It imports providers/sdk, providers/textfile and what lies below, and like every guest neither fmt nor encoding/json.
package sshd

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Types returns the package's types.
func Types() *sdk.Set {
	set := sdk.NewSet()
	sdk.Add[Sshd, State](set, "sshd")
	return set
}

// Output is what the units offer to later ones.
type Output struct {
	Changed bool   `json:"changed"`
	File    string `json:"file"`
}

const (
	absent    = "absent"
	mainFile  = "/etc/ssh/sshd_config"
	directory = "/etc/ssh/sshd_config.d"
	program   = "sshd"

	silent = "it does not say why"

	most = 1000 // files in the directory
)

// State is how sshd is configured.
type State struct {
	Main op.TextResult `json:"main"`
	Own  op.TextResult `json:"own"`
	// Before are the files in the directory that are read before the unit's and may set the same.
	Before    []string `json:"before,omitempty"`
	Directory bool     `json:"directory"`
	// Shown are the lines of sshd -T for the unit's settings, and Wanted those that it shows where they count.
	Shown  map[string][]string `json:"shown,omitempty"`
	Wanted map[string][]string `json:"wanted,omitempty"`
	// Places are the lines that set one of the unit's settings, in the order in which sshd reads them.
	Places []Place `json:"places,omitempty"`
	// Options are the settings with which sshd was started.
	Options []string `json:"options,omitempty"`
	// Tried is how sshd takes what is to be made, 0 where it does, and Said what it says of that.
	Tried int    `json:"tried,omitempty"`
	Said  string `json:"said,omitempty"`
	// Refused is what sshd says of the settings, and Broken what it says of the configuration that is there.
	Refused string         `json:"refused,omitempty"`
	Broken  string         `json:"broken,omitempty"`
	Lacks   *op.NeedResult `json:"lacks,omitempty"`
}

// file is the unit's own file.
func (s Sshd) file() string { return directory + "/00-" + s.Name + ".conf" }

// Read implements sdk.Resource.
func (s Sshd) Read(t *sdk.T) State {
	settings := s.settings(t)
	ask := []op.Op{
		{Text: &op.Text{Path: mainFile, Limit: op.MaxText}},
		{Text: &op.Text{Path: s.file(), Limit: op.MaxText}},
		{List: &op.List{Path: directory, Limit: most}},
		{Need: &op.Need{Program: program}},
	}
	if s.State != absent {
		own := settings.text()
		ask = append(ask, op.Op{Exec: &op.Exec{Shell: look, Stdin: &op.Blob{Text: &own}, ReadOnly: true, Limit: op.MaxOutput}})
	}
	got := t.All(ask...)
	now := State{Main: *t.Must(got[0]).Text, Own: *t.Must(got[1]).Text}
	found := t.Must(got[2]).List
	now.Directory = found.Exists && !found.More // of one with more than that the top of the main file is safer
	if lacks := t.Must(got[3]).Need; lacks.Lacking() > 0 {
		now.Lacks = lacks
		return now
	}
	if s.State != absent {
		s.looked(&now, settings, t.Must(got[4]).Exec)
	}
	s.tries(t, &now, settings)
	return now
}

// looked takes over what sshd shows, and where the configuration sets what.
func (s Sshd) looked(now *State, settings lines, r *op.ExecResult) {
	var own []string
	for line := range strings.Lines(clean(r.Stderr)) {
		if text, is := strings.CutPrefix(strings.TrimSpace(line), "unit: "); is && !strings.HasPrefix(text, "terminating, ") {
			own = append(own, text)
		}
	}
	switch r.RC {
	case 0:
		shown, rest, _ := strings.Cut(r.Stdout, "\n==\n")
		wanted, rest, _ := strings.Cut(rest, "\n==\n")
		told, command, _ := strings.Cut(rest, "\n==\n")
		now.Shown, now.Wanted = settings.of(shown), settings.of(wanted)
		now.Places, now.Options = s.places(told, settings), options(command)
		for _, p := range now.Places {
			if p.Before != "" && !slices.Contains(now.Before, p.Before) {
				now.Before = append(now.Before, p.Before)
			}
		}
		for _, text := range own { // it goes on without these
			if (strings.Contains(text, "nsupported option") || strings.Contains(text, "eprecated option")) && !strings.Contains(text, "ChallengeResponse") {
				now.Refused = text
			}
		}
	case rcRefused:
		now.Refused = cmp.Or(strings.Join(own, "\n"), silent)
	default:
		now.Broken = cmp.Or(clean(r.Stderr), silent)
	}
}

// tries has sshd try what is to be made, exactly as the change does.
func (s Sshd) tries(t *sdk.T, now *State, settings lines) {
	if now.Refused != "" || now.Broken != "" || !editable(now.Main) || !editable(now.Own) || !now.Main.Exists || cut(now.Main.Text, s).open {
		return
	}
	main, own := s.files(t, *now)
	if main == now.Main.Text && own == now.Own.Text && !slices.ContainsFunc(settings, func(l line) bool { return differs(*now, l.key()) }) {
		return
	}
	in := input(*now, main, own, s, settings)
	r := t.Must(t.All(op.Op{Exec: &op.Exec{Shell: try, Stdin: &op.Blob{Text: &in}, ReadOnly: true, Limit: op.MaxOutput}})[0]).Exec
	if r.RC == rcRefused || r.RC == rcOtherwise {
		now.Tried, now.Said = r.RC, clean(r.Stdout+r.Stderr)
	}
}

// editable reports whether a file is a text, or not there.
func editable(f op.TextResult) bool {
	return !f.Exists || f.Type == op.TypeFile && !f.Binary && f.Long == 0
}

// Plan implements sdk.Resource.
func (s Sshd) Plan(t *sdk.T, now State) {
	s.check(t, now)
	if now.Lacks != nil && s.State != absent {
		s.unseen(t)
		return
	}
	settings := s.settings(t)
	s.announce(t, now, settings)
	if why := s.refusal(now, settings); why != nil {
		s.refuse(t, now, why)
		return
	}
	main, own := s.files(t, now)
	changed := s.differ(t, now, main, own)
	for _, l := range settings {
		if k := l.key(); differs(now, k) {
			changed = t.Differ(l.keyword, strings.Join(now.Shown[k], ", "), strings.Join(now.Wanted[k], ", ")) || changed
		}
	}
	switch {
	case !changed:
	case s.State == absent:
		t.Action(abi.Delete)
	case !now.Own.Exists && !cut(now.Main.Text, s).is:
		t.Action(abi.Create)
	}
	if changed {
		s.change(t, now, input(now, main, own, s, settings))
	}
	out := Output{Changed: t.Acted(), File: s.file()}
	if own == "" {
		out.File = mainFile
	}
	t.Output(out)
}

// announce says what the unit decides, and what its reader has to know.
func (s Sshd) announce(t *sdk.T, now State, settings lines) {
	for _, l := range settings {
		if canonical(l.keyword) == l.key() {
			t.Decides(l.keyword + " of sshd")
		}
	}
	if main, own := s.files(t, now); own != "" {
		t.Edits(s.file())
	} else if main != s.without(main) {
		t.Edits(mainFile)
	}
	for _, text := range now.notes(s, settings) {
		t.Note(text)
	}
}

// unseen is a host whose sshd is yet to come: what is to be written is known when it is there.
func (s Sshd) unseen(t *sdk.T) {
	if t.Acting() {
		t.Fail(op.Conflict, "there is no sshd on the host", "", `declare the package that brings it before: pkg("openssh-server")`)
	}
	t.Action(abi.Create)
	t.DifferUnknown("lines", nil)
	s.Potential(t)
	t.Output(Output{})
}

// differ shows where the unit's lines are and which, and reports whether that is to change.
func (s Sshd) differ(t *sdk.T, now State, main, own string) bool {
	after := s.block(main)
	changed := t.Differ("file", s.place(now.Main.Text, now.Own.Exists), s.place(main, own != ""))
	if own != "" {
		after = own
	}
	before := s.block(now.Main.Text)
	if now.Own.Exists {
		before = now.Own.Text
	}
	changed = t.Differ("lines", split(before), split(after)) || changed
	if !changed && (main != now.Main.Text || own != now.Own.Text) { // both files have lines of the unit
		changed = t.Differ("copies", 2, 1)
	}
	return changed
}

// split are the lines of a text, nil where there are none.
func split(text string) any {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// differs reports whether sshd does not show a setting as it is wanted.
func differs(now State, key string) bool {
	a, b := now.Shown[key], now.Wanted[key]
	return strings.Join(a, "\n") != strings.Join(b, "\n")
}

// check refuses a host on which nothing can be done.
func (s Sshd) check(t *sdk.T, now State) {
	for _, f := range []struct {
		path string
		text op.TextResult
	}{{mainFile, now.Main}, {s.file(), now.Own}} {
		if !editable(f.text) {
			how := "see what it is: ls -l " + f.path
			if f.text.Type == op.TypeLink {
				how = "have what it leads to there itself, as root: cp --remove-destination \"$(readlink -f " + f.path + ")\" " + f.path
			}
			t.Fail(op.Conflict, f.path+" is no text file that can be edited", "", how)
		}
	}
	if cut(now.Main.Text, s).open {
		t.Fail(op.Conflict, mainFile+" has the line that begins the unit's settings, and not the one that ends them; nothing was changed", "",
			"put this line behind the last of them: "+strings.TrimSuffix(s.end(), "\n"))
	}
	switch {
	case now.Lacks != nil:
		t.Needs(abi.Need{
			What: "program " + program, Kind: "program", Name: program, Near: now.Lacks.NearProgram(),
			Paths: []string{"/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", mainFile},
			Hint:  `declare the package that brings it before: pkg("openssh-server")`,
		})
	case now.Refused != "":
		t.Fail(op.Permanent, "sshd of the host does not take the settings; nothing was changed", now.Refused, "see which values its version takes: man sshd_config")
	case !now.Main.Exists && s.State != absent:
		t.Fail(op.Conflict, mainFile+" is not there", "", `declare the package that brings it before: pkg("openssh-server")`)
	}
}

// Potential implements sdk.HasPotential.
func (s Sshd) Potential(t *sdk.T) { t.Effect(op.Op{Exec: &op.Exec{Shell: apply}}, "stdin") }

// change has the host change its configuration, all of it or nothing.
func (s Sshd) change(t *sdk.T, now State, in string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Shell: apply, Stdin: &op.Blob{Text: &in}}})
	if !t.Acting() {
		return
	}
	said := clean(r.Exec.Stdout + r.Exec.Stderr)
	if why := s.verdict(now, r.Exec.RC, said); why != nil {
		s.refuse(t, now, why)
	}
	switch r.Exec.RC {
	case 0:
	case rcRestored:
		t.Fail(op.Permanent, "sshd did not take over the settings; what was there before was put back", said, "see what it says: journalctl -u ssh -u sshd")
	default:
		t.Fail(op.Permanent, "the configuration of sshd could not be changed: the program ended with "+strconv.Itoa(r.Exec.RC), said, "see whether sshd takes what is there, as root: sshd -t")
	}
}
