// Package sudo understands what sudo says in English: its list of rules, and
// its refusals. Both ends of a connection ask it, so it is small.
//
// It is a leaf: it imports the standard library only, never fmt or regexp,
// since the runner's size is speed.
package sudo

import (
	"path"
	"slices"
	"strings"
)

// Bounds of what is kept of a list of rules.
const (
	maxRules   = 1000
	maxCommand = 256
)

// all is what sudo calls every user and every command.
const all = "ALL"

// Rules are what sudo lets a user do on a host, in sudo's order: of those that
// fit, the last one counts.
type Rules []Rule

// Rule allows or forbids one command.
type Rule struct {
	Users   []string // whom it may be run as: names, "ALL", or what only the host can tell, such as "%group"
	Free    bool     // no password is asked for
	Forbids bool
	Command string // a path with its arguments, or "ALL"
}

// Parse reads what "sudo -l" prints. ok is false where that is no list of
// rules but a refusal to give one.
func Parse(text string) (rules Rules, ok bool) {
	defaults, list, ok := strings.Cut(text, "may run the following commands")
	if !ok {
		return nil, false
	}
	_, list, _ = strings.Cut(list, "\n")
	free := strings.Contains(defaults, "!authenticate")
	for _, line := range unwrap(list) {
		users, commands, ok := strings.Cut(line[1:], ")")
		if !ok {
			continue
		}
		users, _, _ = strings.Cut(users, ":")
		rules = appendRules(rules, names(users), commands, free)
	}
	return rules, true
}

// unwrap returns the lines that begin with a parenthesis, each with those that
// sudo broke off from it.
func unwrap(list string) []string {
	var lines []string
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "("):
			lines = append(lines, line)
		case line != "" && len(lines) > 0:
			lines[len(lines)-1] += " " + line
		}
	}
	return lines
}

func names(list string) []string {
	var users []string
	for name := range strings.SplitSeq(list, ",") {
		users = append(users, strings.TrimSpace(name))
	}
	return users
}

// appendRules reads commands between commas. A tag before one holds for those
// behind it, too.
func appendRules(rules Rules, users []string, commands string, free bool) Rules {
	for _, command := range split(commands) {
		for {
			word, rest, _ := strings.Cut(command, " ")
			if !isTag(word) {
				break
			}
			switch word {
			case "NOPASSWD:":
				free = true
			case "PASSWD:":
				free = false
			}
			command = strings.TrimSpace(rest)
		}
		forbids := false
		for strings.HasPrefix(command, "!") { // twice is not at all
			command, forbids = strings.TrimSpace(command[1:]), !forbids
		}
		if command == "" || len(rules) == maxRules {
			continue
		}
		if len(command) > maxCommand {
			command = command[:maxCommand] + "..."
		}
		rules = append(rules, Rule{Users: users, Free: free, Forbids: forbids, Command: command})
	}
	return rules
}

// split splits at commas that no backslash stands before, and takes the
// backslashes away.
func split(commands string) []string {
	var parts []string
	var part []byte
	for i := 0; i < len(commands); i++ {
		switch c := commands[i]; {
		case c == '\\' && i+1 < len(commands):
			i++
			part = append(part, commands[i])
		case c == ',':
			parts = append(parts, strings.TrimSpace(string(part)))
			part = part[:0]
		default:
			part = append(part, c)
		}
	}
	return append(parts, strings.TrimSpace(string(part)))
}

// isTag reports whether a word says how a command is run and is not the
// command: "NOPASSWD:", "TIMEOUT=5m", "sha256:...".
func isTag(word string) bool {
	name, _, ok := strings.Cut(strings.Replace(word, "=", ":", 1), ":")
	return ok && !strings.ContainsAny(name, "/!^*") && name != ""
}

// fits reports whether a rule is about a user. Where only the host can tell, it may be.
func (r Rule) fits(user string) bool {
	fits := false
	for _, name := range r.Users {
		name, not := strings.CutPrefix(name, "!")
		if name == all || name == user || strings.ContainsAny(name, "%+#") && !not {
			fits = !not
		}
	}
	return fits
}

// covers reports whether a rule is about a program, whatever its arguments.
func (r Rule) covers(program string) bool {
	name, args, _ := strings.Cut(r.Command, " ")
	if args != "" && args != "*" {
		return false
	}
	if name == all {
		return true
	}
	if dir, ok := strings.CutSuffix(name, "/"); ok {
		return dir == path.Dir(program)
	}
	matched, err := path.Match(merged(name), merged(program))
	return err == nil && matched
}

// merged makes one of /usr/bin/sh and /bin/sh, which they are on most hosts.
func merged(program string) string { return strings.TrimPrefix(program, "/usr") }

// Permit reports whether the rules allow a program as user with whatever
// arguments, be it with a password.
func (r Rules) Permit(user, program string) bool {
	permit := false
	for _, rule := range r {
		if rule.fits(user) && rule.covers(program) {
			permit = !rule.Forbids
		}
	}
	return permit
}

// Free returns the commands that the rules allow as user without a password,
// sorted, and behind them those they forbid in sudo's order, with a "!" before.
func (r Rules) Free(user string) []string {
	var free, forbidden []string
	for _, rule := range r {
		switch {
		case !rule.fits(user):
		case rule.Forbids && rule.Command == all:
			free, forbidden = nil, nil
		case rule.Forbids && slices.Contains(free, rule.Command):
			free = slices.DeleteFunc(free, func(command string) bool { return command == rule.Command })
		case rule.Forbids:
			forbidden = append(forbidden, "!"+rule.Command)
		case rule.Free:
			free = append(free, rule.Command)
		}
	}
	if len(free) == 0 {
		return nil
	}
	slices.Sort(free)
	return append(slices.Compact(free), forbidden...)
}

// AskPassword reports whether the rules ask for a password for some command as user.
func (r Rules) AskPassword(user string) bool {
	return slices.ContainsFunc(r, func(rule Rule) bool { return rule.fits(user) && !rule.Forbids && !rule.Free })
}

// maxNamed is how many commands a message names.
const maxNamed = 8

// List joins commands for a message, not too many of them.
func List(commands []string) string {
	if len(commands) > maxNamed {
		commands = append(slices.Clone(commands[:maxNamed]), "...")
	}
	return strings.Join(commands, ", ")
}

// WantsPassword reports whether sudo, which was not to ask, says that it must.
func WantsPassword(said string) bool {
	return strings.Contains(said, "password is required") || strings.Contains(said, "authentication is required")
}

// Forbids reports whether sudo says that its rules do not allow a command.
func Forbids(said string) bool { return strings.Contains(said, "is not allowed to") }

// ForbidsEnvironment reports whether sudo says that its rules do not allow to
// set variables.
func ForbidsEnvironment(said string) bool {
	return strings.Contains(said, "not allowed to set the following environment variables")
}

// Spoke reports whether something on stderr may be sudo's own and not the program's.
func Spoke(stderr string) bool {
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "sudo:") || strings.HasPrefix(line, "Sorry, ") {
			return true
		}
	}
	return false
}
