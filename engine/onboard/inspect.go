package onboard

import (
	"cmp"
	"context"
	_ "embed" // the script that reads files
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/onboard/sshdconf"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sudo"
)

//go:embed read.sh
var readScript string

// RuleFile is that of the user's sudo rule, NameFile says whom a host was onboarded with.
const (
	RuleFile = "/etc/sudoers.d/froyo-onboard"
	NameFile = Directory + "/before/name"
)

// blockMark is in the marks of the block in sshd_config, and ofBlock how the script that restores the host names it.
var (
	blockMark = strings.Join([]string{"froyo", "onboard"}, " ") // a name, and no command that there would have to be
	ofBlock   = ` of the block "` + blockMark + `" go`
)

// found is what is on a host of what onboarding leaves there.
type found struct {
	user    string   // whom it was onboarded with, "" where that is not seen
	rules   []string // the lines of the sudo rule, nil where they are not seen
	block   []string // what its block in sshd_config sets
	blocked bool     // the block, or that there is none, is seen
	sshd    *sshdconf.Config
}

// inspect looks as root at a host that is to be changed, and refuses it where something else was closed than is to be closed, or where
// something would stay open: before anything is changed.
func (p *Prover) inspect(ctx context.Context, e *Entry) error {
	t, err := p.talk(ctx, e.Before(), "root")
	if err != nil {
		return err
	}
	defer t.close(ctx)
	f, err := t.find(ctx)
	if err != nil {
		return err
	}
	if f.user != "" && f.user != e.User {
		return (&diag.Error{Summary: "it was onboarded before, with the user " + f.user, Host: e.Name}).
			WithHint("keep that user: --create-user %s; or restore the host first: froyo onboard rollback --host %s --user %s", f.user, e.Place(), e.Login)
	}
	if f.user == e.User {
		p.begun(e)
		if err := e.otherKey(ctx, t); err != nil {
			return err
		}
	}
	if err := e.unread(f); err != nil {
		return err
	}
	return e.closes(f)
}

// unread refuses a host where root cannot read all that sshd reads: what would stay open there is not known.
func (e *Entry) unread(f *found) error {
	if len(e.LockDown) == 0 || len(f.sshd.Unread) == 0 {
		return nil
	}
	return (&diag.Error{Summary: fmt.Sprintf("--lock-down %s might not close everything: %s cannot be read, or has more than 256 KiB", strings.Join(e.LockDown, ","), escape.Text(strings.Join(f.sshd.Unread, ", "))), Host: e.Name}).
		WithHint("make it a file that root can read, below that size, or take out the Include that names it; or leave out --lock-down")
}

// keysScript prints the keys of the user $1, as that user: in a home its owner says what is where.
const keysScript = `runuser -u "$1" -- cat "$(getent passwd "$1" | cut -d: -f6)/.ssh/authorized_keys"`

// otherKey refuses a host that lets the user in by another key of onboarding, which would stay beside the one that is wanted.
func (e *Entry) otherKey(ctx context.Context, t *talk) error {
	r, err := t.run(ctx, &op.Exec{Argv: []string{"/bin/sh", "-c", keysScript, "sh", e.User}, ReadOnly: true})
	if err != nil {
		return err
	}
	other := false
	for line := range strings.Lines(r.Stdout) {
		if strings.Contains(line, e.Key.Line) {
			return nil
		}
		other = other || strings.HasSuffix(strings.TrimSpace(line), " "+Mark)
	}
	if !other {
		return nil
	}
	return (&diag.Error{Summary: e.User + " is let in there by another key, which this does not take away", Host: e.Name}).
		WithHint("give that one by --key, and then: froyo onboard rekey --host %s --key %s; or restore the host first: froyo onboard rollback --host %s --user %s", e.Name, e.Key, e.Place(), e.Login)
}

// find reads the files.
func (t *talk) find(ctx context.Context) (*found, error) {
	f := &found{}
	fetch := func(pattern string) ([]sshdconf.File, error) {
		files, err := t.files(ctx, pattern)
		if err == nil && pattern == sshdconf.Path && !slices.ContainsFunc(files, func(f sshdconf.File) bool { return f.Unread }) {
			f.blocked = true
			for _, file := range files {
				f.block = blockOf(file.Text)
			}
		}
		return files, err
	}
	var err error
	if f.sshd, err = sshdconf.Read(fetch); err != nil {
		return nil, err
	}
	for _, name := range []string{NameFile, RuleFile} {
		files, err := t.files(ctx, name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			switch {
			case file.Unread:
			case name == NameFile:
				if f.user = strings.TrimSpace(file.Text); f.user != "" && !userName.MatchString(f.user) {
					return nil, &diag.Error{Summary: NameFile + " on the host names no user, so that it is not known whom it was onboarded with"}
				}
			default:
				f.rules = strings.Split(strings.TrimSuffix(file.Text, "\n"), "\n")
			}
		}
	}
	return f, nil
}

// files are those that match a pattern. What a host says is checked.
func (t *talk) files(ctx context.Context, pattern string) (all []sshdconf.File, err error) {
	r, err := t.run(ctx, &op.Exec{Argv: []string{"/bin/sh", "-c", readScript, "sh", pattern}, ReadOnly: true, Limit: op.MaxOutput})
	if err != nil {
		return nil, err
	}
	if r.RC != 0 || r.StdoutCut {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s cannot be read: %s", pattern, strings.TrimSpace(r.Stderr))}
	}
	if all, err = filesOf(r.Stdout); err != nil {
		return nil, &diag.Error{Summary: fmt.Sprintf("%s cannot be read: %s", pattern, err)}
	}
	return all, nil
}

// filesOf reads what the script prints.
func filesOf(printed string) (all []sshdconf.File, err error) {
	for line := range strings.Lines(printed) {
		name, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		plain, err := base64.StdEncoding.DecodeString(name)
		file := sshdconf.File{Name: string(plain), Unread: text == "-"}
		if ok && err == nil && text != "-" && text != "=" {
			plain, err = base64.StdEncoding.DecodeString(text)
			file.Text = string(plain)
		}
		if !ok || err != nil {
			return nil, errors.New("the host answers nonsense")
		}
		all = append(all, file)
	}
	return all, nil
}

// blockOf are the lines between the marks of onboarding's block.
func blockOf(text string) (lines []string) {
	within := false
	for line := range strings.Lines(text) {
		switch line = strings.TrimRight(line, "\r\n"); {
		case line == "# BEGIN "+blockMark:
			within = true
		case line == "# END "+blockMark:
			within = false
		case within:
			lines = append(lines, line)
		}
	}
	return lines
}

// learn adds what the script that restores the host shows of it, which may see what its user cannot.
func (f *found) learn(shown string) {
	for line := range strings.Lines(shown) {
		line = strings.TrimSuffix(line, "\n")
		if place, rule, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(place, RuleFile+" ") {
			f.rules = append(f.rules, rule)
		}
		if _, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(rest, ofBlock) {
			set, _, _ := strings.Cut(rest, ofBlock)
			f.block, f.blocked = strings.Split(set, ", "), true
		}
	}
}

// wanted is what sshd has to have, by its words in small letters.
func (r *Request) wanted() map[string]string {
	all := map[string]string{}
	for _, line := range r.settings() {
		key, value, _ := strings.Cut(line, " ")
		all[strings.ToLower(key)] = value
	}
	return all
}

// closes refuses what a run would not bring to what is wanted: a Match that keeps something open for some connections, a value before the
// block that is there, and what was closed before and is not to be.
func (e *Entry) closes(f *found) error {
	for _, l := range Locks() {
		if slices.Contains(e.LockDown, l.Name) || !slices.Contains(f.block, l.Settings[0]) {
			continue
		}
		also := slices.Sorted(slices.Values(append(slices.Clone(e.LockDown), l.Name)))
		return (&diag.Error{Summary: fmt.Sprintf("%s was done there before, which this does not undo", l.Name), Host: e.Name}).
			WithHint("name it, too: --lock-down %s; or restore the host first: froyo onboard rollback --host %s --user %s", strings.Join(also, ","), e.Place(), e.Login)
	}
	var places []string
	for _, s := range append(f.before(e), f.sshd.Others(e.wanted())...) {
		if len(places) == 4 {
			places = append(places, "...")
			break
		}
		places = append(places, s.String())
	}
	if len(places) == 0 {
		return nil
	}
	return (&diag.Error{Summary: fmt.Sprintf("--lock-down %s would not close everything: %s", strings.Join(e.LockDown, ","), strings.Join(places, "; ")), Host: e.Name}).
		WithHint("take these lines out of the file, or give them the value %q; then again", "no")
}

// before are settings that sshd reads before those of onboarding's block.
func (f *found) before(e *Entry) (all []sshdconf.Setting) {
	for _, line := range e.settings() {
		key, value, _ := strings.Cut(line, " ")
		s, ok := f.sshd.First(strings.ToLower(key))
		if ok && slices.Contains(f.block, line) && len(f.sshd.Unread) == 0 && !strings.EqualFold(s.Value, value) {
			all = append(all, s)
		}
	}
	return all
}

// blanks are those that mean nothing in a sudo rule.
var blanks = regexp.MustCompile(`\s*([,:=])\s*|\s+`)

// differs says what on a host is other than it is wanted, and can be changed by who was let in before, or is nil.
func (e *Entry) differs(f *found, rules sudo.Rules) error {
	other := func(format string, args ...any) error {
		return &diag.Error{Summary: fmt.Sprintf(format, args...), Host: e.Name, Cause: errRule}
	}
	var want []string
	for _, line := range e.rules() {
		want = append(want, line.(string))
	}
	if f.rules == nil {
		if more := e.beyond(rules, want); len(more) > 0 {
			return other("sudo allows %s more than the rule says: %s", e.User, sudo.List(more))
		}
	} else if more, less := without(f.rules, want), without(want, f.rules); more+less != "" {
		return other("%s has: %s; wanted: %s", RuleFile, cmp.Or(more, "nothing else"), cmp.Or(less, "nothing else"))
	}
	for _, line := range e.settings() {
		if f.blocked && !slices.Contains(f.block, line) {
			return other("sshd_config has no %q of onboarding", line)
		}
	}
	return nil
}

// without are the lines that are not among others, whatever their blanks.
func without(lines, others []string) string {
	plain := func(line string) string { return blanks.ReplaceAllString(strings.TrimSpace(line), "$1 ") }
	var left []string
	for _, line := range lines {
		if !slices.ContainsFunc(others, func(other string) bool { return plain(other) == plain(line) }) {
			left = append(left, escape.Text(line))
		}
	}
	return strings.Join(left, "; ")
}

// beyond are the commands that sudo allows, and the rule does not name.
func (e *Entry) beyond(got sudo.Rules, want []string) []string {
	var named []string
	for _, line := range want {
		named = append(named, ruled(line).Free("root")...)
	}
	return slices.DeleteFunc(got.Free("root"), func(command string) bool { return slices.Contains(named, command) })
}

// ruled reads a line of sudoers.
func ruled(line string) sudo.Rules {
	_, rule, _ := strings.Cut(line, "=")
	rule = strings.TrimSpace(rule)
	if !strings.HasPrefix(rule, "(") {
		rule = "(root) " + rule
	}
	rules, _ := sudo.Parse("may run the following commands\n" + rule)
	return rules
}
