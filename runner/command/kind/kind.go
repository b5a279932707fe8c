// Package kind is the table of transports by command: programs of this machine that give a shell on a host as their
// stdin and stdout. A kind says how its program is told which host and whose shell, and what its errors mean.
//
// It imports the standard library only.
package kind

import (
	"fmt"
	"slices"
	"strings"
)

// Own is the connection of hosts that name a command of their own.
const Own = "command"

// Kind is one way to a shell by a command.
type Kind struct {
	// Name is what an inventory calls it, Aliases what Ansible's do besides.
	Name    string
	Aliases []string
	// Host is what the address names: a container, a pod.
	Host string
	// Argv is the program and its arguments, before the shell's. A word {arguments} stands for those of the host,
	// {terminal} for Terminal or Pipe, {login} for Login where a user is named; {host}, {user} and {port} stand for these
	// within a word.
	Argv, Terminal, Pipe, Login []string
	// Expands is that the program, or what it asks, replaces $NAME in arguments, and $$ by $.
	Expands bool
	// Near is that there is usually no network on the way.
	Near bool
	// Clean is that the program passes its environment on to the host.
	Clean bool
	// Path is that the address is a path.
	Path bool
	// Kernel is that the host is this machine below another root directory: to restart it restarts this machine.
	Kernel bool
	// Address are variables of Ansible's that name the host, as ansible_host does.
	Address []string
	// Options are variables of Ansible's and the arguments that they become: an option with a value, or, by "", words.
	Options []Option
	// Lost are variables of Ansible's that have no effect, and why.
	Lost map[string]string
	// Failures are what the program says, the first that fits.
	Failures []Failure
}

// Option is a variable of Ansible's that becomes arguments.
type Option struct{ Variable, Flag string }

// Failure is what a program says where it gives no shell.
type Failure struct {
	Says string
	// Message and Hint are what that means; {host} and {user} are filled in.
	Message, Hint string
}

// Of returns the kind of a connection, nil where that is none by command.
func Of(name string) *Kind {
	for _, k := range kinds() {
		if k.Name == name || slices.Contains(k.Aliases, name) {
			return k
		}
	}
	return nil
}

// Names are the kinds that have a name.
func Names() []string {
	var names []string
	for _, k := range kinds() {
		if k.Name != Own {
			names = append(names, k.Name)
		}
	}
	return names
}

// Host is whom a command is for.
type Host struct {
	Address, User string
	Port          string
	// Arguments are of the program: those of a host, or the whole command of one's own.
	Arguments []string
}

// Command is the program and its arguments that run a script on a host, in a terminal or not.
func (k *Kind) Command(h Host, terminal bool, script string) []string {
	var argv []string
	for _, word := range k.Argv {
		switch word {
		case "{arguments}":
			argv = append(argv, k.arguments(h)...)
		case "{terminal}":
			if terminal {
				argv = append(argv, k.Terminal...)
			} else {
				argv = append(argv, k.Pipe...)
			}
		case "{login}":
			if h.User != "" {
				argv = append(argv, h.fill(k.Login)...)
			}
		default:
			argv = append(argv, h.fill([]string{word})...)
		}
	}
	if k.Expands {
		script = strings.ReplaceAll(script, "$", "$$")
	}
	return append(argv, "/bin/sh", "-c", script)
}

func (k *Kind) arguments(h Host) []string {
	if k.Name == Own {
		return h.fill(h.Arguments)
	}
	return h.Arguments
}

// fill puts what the host is into words, each once: what an address holds stands for nothing.
func (h Host) fill(words []string) []string {
	r := strings.NewReplacer("{host}", h.Address, "{user}", h.User, "{port}", h.Port)
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = r.Replace(w)
	}
	return out
}

// Explain tells what it means that the program said something; nil where nothing is known of that.
func (k *Kind) Explain(said string, h Host) *Failure {
	for _, f := range k.Failures {
		if strings.Contains(strings.ToLower(said), strings.ToLower(f.Says)) {
			filled := h.fill([]string{f.Message, f.Hint})
			return &Failure{f.Says, filled[0], filled[1]}
		}
	}
	return nil
}

// Proc is what to do for a host without /proc.
func (k *Kind) Proc(h Host) string {
	if k.Path {
		return "mount it: mount -t proc proc " + h.Address + "/proc"
	}
	return "mount it there: mount -t proc proc /proc"
}

// CheckAddress refuses what cannot be the host's name: an option, several words.
func (k *Kind) CheckAddress(s string) error {
	switch {
	case s == "" || s[0] == '-' || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("%q cannot be the name of a %s", s, k.Host)
	case k.Path && (s[0] != '/' || slices.Contains(strings.Split(s, "/"), "..")):
		return fmt.Errorf("%q cannot be a %s: want an absolute path without \"..\"", s, k.Host)
	}
	return nil
}

// CheckCommand refuses a command of one's own that is none, or has a field that means nothing.
func CheckCommand(words []string) error {
	if len(words) == 0 || words[0] == "" {
		return fmt.Errorf("a command needs a program")
	}
	for _, w := range words {
		if strings.ContainsRune(w, 0) {
			return fmt.Errorf("%q cannot be an argument", w)
		}
		for rest := w; ; {
			_, after, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			name, tail, closed := strings.Cut(after, "}")
			if closed && isName(name) && !slices.Contains([]string{"host", "user", "port"}, name) {
				return fmt.Errorf("{%s} stands for nothing; there are {host}, {user} and {port}", name)
			}
			rest = after
			if closed {
				rest = tail
			}
		}
	}
	return nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != '_' })
}

// Wants reports whether a command of one's own has a field.
func (h Host) Wants(field string) bool {
	return slices.ContainsFunc(h.Arguments, func(w string) bool { return strings.Contains(w, "{"+field+"}") })
}
